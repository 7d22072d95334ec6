"""One subscriber's place in the history of events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from burgee.wire.control_events import Position
from burgeed.control.event_history import EventHistory
from burgeed.control.event_record import Record, recorded
from burgeed.control.events import ControlEvent

AT_ONCE: Final = 1_000
"""Events looked at in one :meth:`EventSubscription.take`: no more than a few milliseconds."""

MOST_FLAGS: Final = 1_000
"""Keys that several publications are told as changing together; beyond, it is told that they are unknown."""

PUBLISHED: Final = "generation.published"


class Selection(Protocol):
    """Which events a subscriber wants to hear."""

    @property
    def types(self) -> frozenset[str] | None:
        """Of these types only; None is any."""
        ...

    def admits(self, event: ControlEvent) -> bool:
        """Whether to tell it; the type is looked at too."""
        ...


class _Everything:
    types = None

    def admits(self, event: ControlEvent) -> bool:
        return True


EVERYTHING: Final[Selection] = _Everything()


class EventSubscription:
    """What comes after a place in the history, as fast as its owner takes it.

    Nothing is held for it. An owner that reads slowly says so with :meth:`fall_behind`; from then on, until
    it has caught up, events are passed over that a later one, which it will hear, makes needless. Made by
    :meth:`burgeed.control.event_log.EventLog.subscribe`.
    """

    def __init__(
        self,
        history: EventHistory,
        selection: Selection,
        after: int,
        forget: Callable[[EventSubscription], None],
    ) -> None:
        self._history = history
        self._selection = selection
        self._sequence = after
        self._forget = forget
        self._awake = asyncio.Event()
        self._on_more: Callable[[], None] | None = None
        self._behind = False
        self._skipped = 0
        self._flags_changed: frozenset[str] | None = frozenset()

    @property
    def position(self) -> Position:
        """Everything up to here has been taken, or was of no interest."""
        return Position(self._history.epoch, self._sequence)

    @property
    def sequence(self) -> int:
        """Of the position."""
        return self._sequence

    @property
    def has_more(self) -> bool:
        """Whether there are events after this place, of interest or not."""
        return self._sequence < self._history.last

    @property
    def selection(self) -> Selection:
        """What its owner wants to hear."""
        return self._selection

    @property
    def is_even(self) -> bool:
        """Whether nothing was passed over: what it takes next is what any other of the same selection takes
        at this place.
        """
        return not self._behind and not self._skipped and not self._flags_changed

    def on_more(self, call: Callable[[], None]) -> None:
        """Have this called when there is more; :meth:`wait` then waits for :meth:`wake` alone."""
        self._on_more = call

    def hear_of_more(self, since: int, types: frozenset[str]) -> None:
        """There is more.

        Args:
            since: the newest event before.
            types: of the new ones.
        """
        selected = self._selection.types
        if self._sequence == since and selected is not None and selected.isdisjoint(types) and self.is_even:
            # Nothing for an owner that is up to date, whom it would cost a turn to find that out.
            self._sequence = self._history.last
        elif self._on_more is None:
            self.wake()
        else:
            self._on_more()

    async def wait(self) -> None:
        """Wait for more, or for :meth:`wake`."""
        if not self.has_more:
            await self._awake.wait()
        self._awake.clear()

    def wake(self) -> None:
        """Have :meth:`wait` return."""
        self._awake.set()

    def fall_behind(self) -> None:
        """Pass over what is needless, until everything that has happened by then has been taken."""
        self._behind = True

    def take(self, most: int) -> list[Record] | None:
        """The next records, oldest first; None where the history does not reach back to this place any more.

        Args:
            most: bytes of messages, exceeded by the last one at most.
        """
        history = self._history
        if self._sequence + 1 < history.first:
            return None
        taken: list[Record] = []
        size = 0
        until = min(history.last, self._sequence + AT_ONCE)
        while self._sequence < until and size < most:
            self._sequence += 1
            record = self._look_at(history.record(self._sequence))
            if record is not None:
                taken.append(record)
                size += len(record.document)
        if self._sequence == history.last:
            self._behind = False
            self._forget_skipped()
        return taken

    def pass_on(self, sequence: int) -> None:
        """Take what another one of the same selection took at this place, until that event; both even."""
        self._sequence = sequence

    def start_anew(self) -> Position:
        """Leave out everything until now, and return the place after it."""
        self._sequence = self._history.last
        self._behind = False
        self._forget_skipped()
        return self.position

    def close(self) -> None:
        """Hear no more."""
        self._forget(self)

    def _look_at(self, record: Record) -> Record | None:
        """What to tell of a record."""
        event, selection = record.event, self._selection
        if selection.types is not None and event.type not in selection.types:
            return None
        if event.type == PUBLISHED:
            return self._look_at_publication(record)
        if not selection.admits(event):
            return None
        if self._behind and self._history.is_needless(event, selection.types):
            self._skipped += 1
            return None
        return self._told(record)

    def _look_at_publication(self, record: Record) -> Record | None:
        """One that is passed over leaves the flags that it changed to the next one."""
        event = record.event
        if self._behind and self._history.is_needless(event, self._selection.types):
            self._skipped += 1
            self._flags_changed = _together(self._flags_changed, event)
            return None
        if self._flags_changed != frozenset():
            changed, self._flags_changed = _together(self._flags_changed, event), frozenset()
            data = {**event.data, "flags_changed": changed}
            event = replace(event, data=data)
            record = recorded(self._history.epoch, event, skipped=self._skipped)
        return self._told(record) if self._selection.admits(event) else None

    def _told(self, record: Record) -> Record:
        if self._skipped:
            record = recorded(self._history.epoch, record.event, skipped=self._skipped)
            self._skipped = 0
        return record

    def _forget_skipped(self) -> None:
        self._skipped = 0
        self._flags_changed = frozenset()


def _together(changed: frozenset[str] | None, event: ControlEvent) -> frozenset[str] | None:
    newer = event.data.get("flags_changed")
    if changed is None or newer is None:
        return None
    together = changed | frozenset(newer)
    return together if len(together) <= MOST_FLAGS else None
