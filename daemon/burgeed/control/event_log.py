"""What subscribers of the control plane were told lately: a bounded history, and places in it.

A subscriber owns no queue. It is a place in the one history that all share
(:class:`burgeed.control.event_subscription.EventSubscription`), so that a thousand of them that do not read
cost a thousand numbers. Only the event loop's own thread may touch it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from burgee.errors import MessageError
from burgee.wire.control_events import EventMessage, Position, encode
from burgeed.control.event_subscription import EVERYTHING, EventSubscription, Selection
from burgeed.control.events import ControlEvent

LENGTH: Final = 10_000
BYTES_LIMIT: Final = 16 * 1024 * 1024
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


class EventLog:
    """The events of one life of the daemon, numbered from 1; the newest of them are held.

    Args:
        epoch: random, made anew with each life of the daemon; hexadecimal digits.
        length: events that are held at most.
        bytes_limit: bytes that they may have together; the newest one is held in any case.
        revision: the last one before the first event.

    Attributes:
        last: the number of the newest event; 0 before the first.
        first: of the oldest that is held; ``last + 1`` where none is.
        revision: what has been told so far.
        generation: the one published last, as far as events told; else empty.
        size: bytes held.
    """

    def __init__(
        self, epoch: str, *, length: int = LENGTH, bytes_limit: int = BYTES_LIMIT, revision: int = 0
    ) -> None:
        self.epoch = epoch
        self.revision = revision
        self.generation = ""
        self.last = 0
        self.first = 1
        self.size = 0
        self._length = length
        self._bytes_limit = bytes_limit
        self._records: dict[int, Record] = {}
        self._newest: dict[tuple[str, ...], int] = {}
        self._newest_of_type: dict[tuple[str, ...], int] = {}
        self._subscriptions: set[EventSubscription] = set()

    def begin(self, revision: int = 0, generation: str = "") -> None:
        """Hear of what is so already, where no event has told of it."""
        self.revision = max(self.revision, revision)
        self.generation = self.generation or generation

    def forget(self) -> None:
        """Hold none of the events so far; a subscriber who has not taken them begins anew."""
        while self.first <= self.last:
            self._forget_oldest()

    def append(self, events: Iterable[ControlEvent]) -> tuple[ControlEvent, ...]:
        """Number the events in their order, hold them, wake every subscriber.

        Never fails: what of an event has no place in JSON is left out of its message.

        Returns:
            The events with their sequences; those that they came with are not looked at.
        """
        since = self.last
        numbered = tuple(self._append(event) for event in events)
        if numbered:
            types = frozenset(event.type for event in numbered)
            for subscription in self._subscriptions:
                subscription.hear_of_more(since, types)
        return numbered

    def since(self, epoch: str, sequence: int) -> tuple[ControlEvent, ...] | None:
        """The events after one; None where it is of another life, not told yet, or held no more."""
        if not self.reaches(epoch, sequence):
            return None
        return tuple(self._records[number].event for number in range(sequence + 1, self.last + 1))

    def reaches(self, epoch: str, sequence: int) -> bool:
        """Whether everything after that event is held."""
        return epoch == self.epoch and self.first - 1 <= sequence <= self.last

    def subscribe(self, selection: Selection = EVERYTHING, *, after: int | None = None) -> EventSubscription:
        """A place in the history, to be closed by its owner.

        Args:
            selection: what its owner wants to hear.
            after: the event that was heard last, which :meth:`reaches` holds for; None is the newest.
        """
        subscription = EventSubscription(
            self, selection, self.last if after is None else after, self._subscriptions.discard
        )
        self._subscriptions.add(subscription)
        return subscription

    def record(self, sequence: int) -> Record:
        """One that is held. Raises KeyError where it is not."""
        return self._records[sequence]

    def is_needless(self, event: ControlEvent, types: frozenset[str] | None) -> bool:
        """Whether a later event tells of the state of the same thing.

        Args:
            types: only events of these count; None counts all.
        """
        if types is None:
            return self._newest[event.state_key] > event.sequence
        newest = self._newest_of_type
        return any(newest.get((each, *event.state_key), 0) > event.sequence for each in types)

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return len(self._subscriptions)

    def _append(self, event: ControlEvent) -> ControlEvent:
        self.last += 1
        event = replace(event, sequence=self.last)
        record = self.recorded(event)
        self._records[self.last] = record
        self.size += record.size
        self._newest[event.state_key] = self.last
        self._newest_of_type[(event.type, *event.state_key)] = self.last
        self.revision = max(self.revision, event.revision)
        if event.type == "generation.published":
            self.generation = str(event.data.get("generation") or "")
        while self.first < self.last and (
            self.last - self.first >= self._length or self.size > self._bytes_limit
        ):
            self._forget_oldest()
        return event

    def _forget_oldest(self) -> None:
        record = self._records.pop(self.first)
        event = record.event
        self.size -= record.size
        for newest, key in (
            (self._newest, event.state_key),
            (self._newest_of_type, (event.type, *event.state_key)),
        ):
            if newest[key] == self.first:
                del newest[key]
        self.first += 1

    def recorded(self, event: ControlEvent, *, skipped: int = 0) -> Record:
        """An event with its message.

        Args:
            skipped: see :class:`burgee.wire.control_events.EventMessage`.
        """
        data = {_NAMES.get(name, name): _json(value) for name, value in event.data.items()}
        try:
            document = encode(self._message(event, data, skipped, omitted=False))
            if len(document) <= LARGEST_EVENT:
                return Record(event, document)
        except MessageError:
            pass
        short = {name: value for name, value in data.items() if name not in _LONG}
        try:
            document = encode(self._message(event, short, skipped, omitted=True))
        except MessageError:
            document = encode(self._message(_readable(event), {}, skipped, omitted=True))
        return Record(event, document)

    def _message(
        self, event: ControlEvent, data: Mapping[str, Any], skipped: int, *, omitted: bool
    ) -> EventMessage:
        return EventMessage(
            position=Position(self.epoch, event.sequence),
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
