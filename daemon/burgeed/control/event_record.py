"""An event of the control plane with the message that every stream carries of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from burgee.errors import MessageError
from burgee.wire.control_events import EventMessage, Position, encode
from burgeed.control.events import ControlEvent

LARGEST_EVENT: Final = 256 * 1024
"""Bytes of one message; a longer one goes without ``before`` and ``after``, which a client reads itself."""

OVERHEAD: Final = 1024
"""Bytes counted for what is held of an event beside its message."""

_NAMES: Final = {"flags_changed": "flagsChanged"}
_LONG: Final = frozenset({"before", "after"})


@dataclass(frozen=True, slots=True)
class Record:
    """An event with its number, and as all streams carry it.

    Attributes:
        document: the message in JSON.
    """

    event: ControlEvent
    document: bytes

    @property
    def size(self) -> int:
        """Bytes that it is counted as."""
        return OVERHEAD + len(self.document)


def recorded(epoch: str, event: ControlEvent, *, skipped: int = 0) -> Record:
    """An event with its message.

    Args:
        epoch: of the daemon's life that it belongs to.
        skipped: see :class:`burgee.wire.control_events.EventMessage`.
    """
    data = {_NAMES.get(name, name): _json(value) for name, value in event.data.items()}
    try:
        document = encode(_message(epoch, event, data, skipped, omitted=False))
        if len(document) <= LARGEST_EVENT:
            return Record(event, document)
    except MessageError:
        pass
    short = {name: value for name, value in data.items() if name not in _LONG}
    try:
        document = encode(_message(epoch, event, short, skipped, omitted=True))
    except MessageError:
        document = encode(_message(epoch, _readable(event), {}, skipped, omitted=True))
    return Record(event, document)


def _message(
    epoch: str, event: ControlEvent, data: Mapping[str, Any], skipped: int, *, omitted: bool
) -> EventMessage:
    return EventMessage(
        position=Position(epoch, event.sequence),
        type=event.type,
        at=event.at,
        revision=event.revision,
        actor=event.actor,
        reason=event.reason,
        flag_set=event.flag_set,
        flag_key=event.flag_key,
        level=event.level,
        scope=event.scope,
        data=data,
        skipped=skipped,
        omitted=omitted,
    )


def _json(value: object) -> object:
    """Sets in an order of their own, so that the same event is the same bytes."""
    return sorted(value) if isinstance(value, set | frozenset) else value


def _readable(event: ControlEvent) -> ControlEvent:
    """The event with texts that UTF-8 can carry."""
    names = ("actor", "reason", "flag_set", "flag_key", "level", "scope")
    texts = {name: getattr(event, name).encode("utf-8", "replace").decode() for name in names}
    return replace(event, **texts)
