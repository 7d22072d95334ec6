"""From a revision to what subscribers are told: the same events wherever and whenever it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from burgeed.control.events import ControlEvent, EventType
from burgeed.revisions.values import Action, Change, EntryKey, Revision

_OF_FLAGS: Final[dict[Action, EventType]] = {
    "flag.create": "flag.created",
    "flag.toggle": "flag.toggled",
    "flag.rollout": "flag.rollout_changed",
    "flag.delete": "flag.deleted",
}


def events_of(revision: Revision) -> tuple[ControlEvent, ...]:
    """One event for each change, in their order; for a rollback, one more at the end.

    They are numbered by the log that they go to: each has sequence 0 here. ``before`` and ``after`` are what
    was set at run time, None where nothing was. A rollback is told as one of the flag, or of the scope, that
    all of its changes are about, where there is one: a revision does not say what was asked for.
    """
    events = [
        _event(
            revision,
            _type(revision.action, change),
            change.key,
            {"before": change.before, "after": change.after},
        )
        for change in revision.changes
    ]
    if revision.action == "rollback":
        data = {"target": revision.target, "changes": len(revision.changes)}
        events.append(_event(revision, "rolled_back", _shared(revision.changes), data))
    return tuple(events)


def _type(action: Action, change: Change) -> EventType:
    match change.key.kind:
        case "override":
            return "override.removed" if change.after is None else "override.set"
        case "kill":
            is_kill = change.after is not None and "revive" not in change.after
            return "flag.killed" if is_kill else "flag.revived"
        case "flag":
            return _OF_FLAGS.get(action, "flag.updated")


def _shared(changes: Sequence[Change]) -> EntryKey:
    """The flag set, the flag and the scope that all changes are about; what they differ in is empty."""
    first = changes[0].key

    def is_shared(part: Callable[[EntryKey], object]) -> bool:
        return all(part(change.key) == part(first) for change in changes)

    if not is_shared(lambda key: key.flag_set):
        return EntryKey("", first.kind, "")
    flag_key = first.flag_key if is_shared(lambda key: key.flag_key) else ""
    level, scope = first[3:] if is_shared(lambda key: key[3:]) else ("", "")
    return EntryKey(first.flag_set, first.kind, flag_key, level, scope)


def _event(revision: Revision, type_: EventType, key: EntryKey, data: dict[str, Any]) -> ControlEvent:
    return ControlEvent(
        0,
        type_,
        revision.at,
        revision.number,
        revision.actor,
        revision.reason,
        flag_set=key.flag_set,
        flag_key=key.flag_key,
        level=key.level,
        scope=key.scope,
        data=data,
    )
