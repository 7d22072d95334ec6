"""What happened in the control plane lately, numbered: a bounded history that all subscribers share.

Only the event loop's own thread may touch it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from burgeed.control.event_record import Record, recorded
from burgeed.control.events import ControlEvent

LENGTH: Final = 10_000
BYTES_LIMIT: Final = 16 * 1024 * 1024


class EventHistory:
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

    def begin(self, revision: int = 0, generation: str = "") -> None:
        """Hear of what is so already, where no event has told of it."""
        self.revision = max(self.revision, revision)
        self.generation = self.generation or generation

    def forget(self) -> None:
        """Hold none of the events so far; a subscriber who has not taken them begins anew."""
        while self.first <= self.last:
            self._forget_oldest()

    def append(self, events: Iterable[ControlEvent]) -> tuple[ControlEvent, ...]:
        """Number the events in their order, and hold them.

        Never fails: what of an event has no place in JSON is left out of its message.

        Returns:
            The events with their sequences; those that they came with are not looked at.
        """
        return tuple(self._append(event) for event in events)

    def since(self, epoch: str, sequence: int) -> tuple[ControlEvent, ...] | None:
        """The events after one; None where it is of another life, not told yet, or held no more."""
        if not self.reaches(epoch, sequence):
            return None
        return tuple(self._records[number].event for number in range(sequence + 1, self.last + 1))

    def reaches(self, epoch: str, sequence: int) -> bool:
        """Whether everything after that event is held."""
        return epoch == self.epoch and self.first - 1 <= sequence <= self.last

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

    def _append(self, event: ControlEvent) -> ControlEvent:
        self.last += 1
        event = replace(event, sequence=self.last)
        record = recorded(self.epoch, event)
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
