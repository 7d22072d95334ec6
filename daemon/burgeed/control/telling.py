"""From a revision to what subscribers are told: the same events wherever and whenever it is told."""

from __future__ import annotations

from typing import Any, Final

from burgeed.control.events import ControlEvent, EventType
from burgeed.revisions.values import Action, Change, Revision

_OF_FLAGS: Final[dict[Action, EventType]] = {
    "flag.create": "flag.created",
    "flag.toggle": "flag.toggled",
    "flag.rollout": "flag.rollout_changed",
    "flag.delete": "flag.deleted",
}


def events_of(revision: Revision) -> tuple[ControlEvent, ...]:
    """One event for each change, in their order; for a rollback, one more at the end.

    They are numbered by the log that they go to: each has sequence 0 here. ``before`` and ``after`` are what
    was set at run time, None where nothing was.
    """
    events = [
        _event(
            revision,
            _type(revision.action, change),
            change,
            {"before": change.before, "after": change.after},
        )
        for change in revision.changes
    ]
    if revision.action == "rollback":
        data = {"target": revision.target, "changes": len(revision.changes)}
        events.append(_event(revision, "rolled_back", None, data))
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


def _event(revision: Revision, type_: EventType, change: Change | None, data: dict[str, Any]) -> ControlEvent:
    key = None if change is None else change.key
    return ControlEvent(
        0,
        type_,
        revision.at,
        revision.number,
        revision.actor,
        revision.reason,
        flag_set="" if key is None else key.flag_set,
        flag_key="" if key is None else key.flag_key,
        level="" if key is None else key.level,
        scope="" if key is None else key.scope,
        data=data,
    )
