"""Which function plans which command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from burgeed.control.commands import (
    ClearScope,
    Command,
    CreateFlag,
    DeleteFlag,
    KillFlag,
    PatchFlag,
    ReplaceFlag,
    ResetScope,
    ReviveFlag,
    RollBack,
    SetOverrides,
    SetRollout,
    ToggleFlag,
)
from burgeed.control.errors import Invalid
from burgeed.control.planning.flags import plan_create, plan_delete, plan_patch, plan_replace, plan_toggle
from burgeed.control.planning.kills import plan_kill, plan_revive
from burgeed.control.planning.overrides import plan_clear, plan_overrides
from burgeed.control.planning.plan import Plan
from burgeed.control.planning.resets import plan_reset
from burgeed.control.planning.rollbacks import plan_rollback
from burgeed.control.planning.rollouts import plan_rollout
from burgeed.control.planning.view import View
from burgeed.revisions.documents import canonical
from burgeed.revisions.values import Entry, EntryKey


def plan(command: Command, view: View, earlier: Mapping[EntryKey, Entry]) -> Plan:
    """What a command comes to; nothing of it is checked yet but that it makes sense.

    Args:
        earlier: for a rollback, what was set right after the revision that it goes back to.

    Raises:
        ControlError: NotFound, AlreadyExists, Invalid.
        UnfitDocument: JSON cannot carry a document of it.
    """
    # Before anything walks into them: a document may nest as deep as its bytes reach.
    for document in _documents(command):
        canonical(document)
        if document is None and not isinstance(command, SetRollout | SetOverrides):
            raise Invalid("null is no document")
    match command:
        case CreateFlag():
            return plan_create(command, view)
        case ReplaceFlag():
            return plan_replace(command, view)
        case PatchFlag():
            return plan_patch(command, view)
        case DeleteFlag():
            return plan_delete(command, view)
        case ToggleFlag():
            return plan_toggle(command, view)
        case SetRollout():
            return plan_rollout(command, view)
        case KillFlag():
            return plan_kill(command, view)
        case ReviveFlag():
            return plan_revive(command, view)
        case SetOverrides():
            return plan_overrides(command, view)
        case ClearScope():
            return plan_clear(command, view)
        case ResetScope():
            return plan_reset(command, view)
        case RollBack():
            return plan_rollback(command, view, earlier)


def _documents(command: Command) -> Iterator[object]:
    match command:
        case CreateFlag() | ReplaceFlag() | KillFlag():
            yield command.document
        case PatchFlag():
            yield command.patch
        case SetRollout():
            yield command.rollout
        case SetOverrides():
            yield from (item.document for item in command.items)
        case _:
            return
