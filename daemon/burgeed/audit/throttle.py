"""So many lone events a second become entries; of the rest the log gets one entry with their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from burgeed.audit.event import AuditEvent
from burgeed.clock import Clock

MOST_A_SECOND = 5
"""Entries of one action and one actor."""
MOST_OF_ALL = 50
"""Entries of all of them."""
_MOST_COUNTED = 1_000
_WINDOW = 1.0


@dataclass(slots=True)
class _Surplus:
    """Events that were counted only.

    Attributes:
        last: the last one, which stands for them.
    """

    last: AuditEvent
    count: int = 0


class Throttle:
    """Decides which events become entries.

    Args:
        clock: of the seconds.
        most, most_of_all: entries a second, of one action and actor, and altogether.
    """

    def __init__(self, clock: Clock, most: int = MOST_A_SECOND, most_of_all: int = MOST_OF_ALL) -> None:
        self._clock = clock
        self._most = most
        self._most_of_all = most_of_all
        self._began = clock.monotonic()
        self._passed: dict[tuple[str, str], int] = {}
        self._all = 0
        self._surplus: dict[tuple[str, str], _Surplus] = {}

    def admit(self, events: Sequence[AuditEvent]) -> list[AuditEvent]:
        """Those that become entries now, after the sums of seconds that are over."""
        admitted = self.due()
        for event in events:
            key = (event.action, event.actor)
            passed = self._passed.get(key, 0)
            if passed < self._most and self._all < self._most_of_all:
                self._passed[key] = passed + 1
                self._all += 1
                admitted.append(event)
            else:
                self._count(key, event)
        return admitted

    def due(self) -> list[AuditEvent]:
        """The sums of what was held back in seconds that are over; a new second begins."""
        now = self._clock.monotonic()
        if now - self._began < _WINDOW:
            return []
        self._began, self._all = now, 0
        self._passed.clear()
        return self.rest()

    def rest(self) -> list[AuditEvent]:
        """All sums, whether or not their second is over."""
        surplus, self._surplus = self._surplus, {}
        return [
            replace(each.last, detail={"count": each.count, "last": dict(each.last.detail)})
            for each in surplus.values()
        ]

    def _count(self, key: tuple[str, str], event: AuditEvent) -> None:
        if key not in self._surplus and len(self._surplus) >= _MOST_COUNTED:
            # Too many different ones: what is left of them is how many.
            key = (event.action, "")
            event = AuditEvent(event.action, event.at, "")
        surplus = self._surplus.setdefault(key, _Surplus(event))
        surplus.last = event
        surplus.count += 1
