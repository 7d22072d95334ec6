"""From a request to a plan that may be carried out: planned, permitted, fresh, valid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from burgeed.control.commands import CreateFlag, PatchFlag, ReplaceFlag, RollBack, SetOverrides
from burgeed.control.committing import Committer
from burgeed.control.errors import Invalid, NotAllowed, NotFound, Stale
from burgeed.control.permission import check_locks, check_principal
from burgeed.control.planning.plan import Plan
from burgeed.control.planning.verbs import plan
from burgeed.control.planning.view import View
from burgeed.control.request import WriteRequest
from burgeed.control.validation import check
from burgeed.revisions import reading
from burgeed.revisions.documents import UnfitDocument
from burgeed.revisions.values import Document, Entry, EntryKey

Demands: TypeAlias = Callable[[WriteRequest, Plan], str | None]
"""What else must hold for a write, such as a reason: why it is refused, for a person; else None."""

_MAKING: Final = (CreateFlag, ReplaceFlag, PatchFlag, SetOverrides)
"""Commands about flags and overrides by their names, each of which may not be there yet."""

NOTHING: Final[Mapping[EntryKey, Entry]] = {}


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be written.

    Attributes:
        warnings: of the plan and of what it leads to.
        covered: what the sources say of each changed entry, where they say something.
        after: the moment with the plan carried out.
    """

    plan: Plan
    warnings: tuple[str, ...]
    covered: Mapping[EntryKey, Document]
    after: View


def asks_history(request: WriteRequest) -> bool:
    """Whether the history has to be asked about a request before it is decided: :func:`decide_asking`."""
    return request.if_match is not None or isinstance(request.command, RollBack)


def decide(request: WriteRequest, view: View, demands: Demands) -> Decision:
    """Plan a request that needs no history, and check everything about it. Raises ControlError."""
    planned = _permitted(request, view, NOTHING)
    _check_demands(request, planned, demands)
    return _validated(planned, view)


async def decide_asking(
    request: WriteRequest, view: View, committer: Committer, demands: Demands
) -> Decision:
    """The same for any request, upon what is committed. Raises ControlError."""
    earlier = await _earlier(request, view, committer)
    planned = await asyncio.to_thread(_permitted, request, view, earlier)
    await _check_freshness(request, planned, view, committer)
    _check_demands(request, planned, demands)
    return await asyncio.to_thread(_validated, planned, view)


def _permitted(request: WriteRequest, view: View, earlier: Mapping[EntryKey, Entry]) -> Plan:
    try:
        planned = plan(request.command, view, earlier)
    except UnfitDocument as unfit:
        raise Invalid.unfit(unfit) from None
    check_principal(planned.changes, request.principal)
    if request.second is not None:
        check_principal(planned.changes, request.second)
    _check_presence(request, planned, view)
    broken = check_locks(planned.changes, view, request.principal, request.reason)
    warnings = tuple(f"{each.told}: this breaks the lock" for each in broken if each.is_new)
    return replace(planned, warnings=planned.warnings + warnings, broken=broken)


def _check_presence(request: WriteRequest, planned: Plan, view: View) -> None:
    """Raise Stale where something would be made, and the asker wants to change only what is there."""
    if not request.if_present or not isinstance(request.command, _MAKING):
        return
    for change in planned.changes:
        if view.document(change.key) is None:
            what = f"{change.key.kind} `{change.key.flag_key}`"
            raise Stale(
                f"there is no such {what} that `If-Match: *` could be about; leave it out to make one",
                view.state.revision,
            )


def _check_demands(request: WriteRequest, planned: Plan, demands: Demands) -> None:
    refusal = demands(request, planned)
    if refusal is not None:
        raise NotAllowed(refusal)


def _validated(planned: Plan, view: View) -> Decision:
    after = view.after(planned.changes)
    try:
        warnings = check(planned.changes, view, after)
    except UnfitDocument as unfit:
        raise Invalid.unfit(unfit) from None
    covered = {
        change.key: document
        for change in planned.changes
        if (change.before is None or change.after is None)
        and (document := view.covered(change.key)) is not None
    }
    return Decision(planned, planned.warnings + warnings, covered, after)


async def _earlier(request: WriteRequest, view: View, committer: Committer) -> Mapping[EntryKey, Entry]:
    command = request.command
    if not isinstance(command, RollBack):
        return NOTHING
    number = command.revision
    if not 0 <= number <= view.state.revision:
        raise NotFound(f"there is no revision {number}; the last one is {view.state.revision}")
    return await committer.read(lambda transaction: reading.entries_at(transaction, number))


async def _check_freshness(request: WriteRequest, planned: Plan, view: View, committer: Committer) -> None:
    """Raise Stale where what the command is about has changed after the revision that the asker saw."""
    seen, present = request.if_match, view.state.revision
    if seen is None or seen == present:
        return
    if seen > present:
        raise Stale(f"there is no revision {seen} yet; the last one is {present}", present)
    newest = await committer.read(lambda transaction: reading.last_change(transaction, planned.touched))
    if newest > seen:
        raise Stale(f"it was changed by revision {newest}, after revision {seen}", newest)
