"""The provider's only source of time, and of chance.

Waits use the monotonic clock; wall time is data. Everything else is handed a Clock and a Random.
"""

from __future__ import annotations

import threading
import time
from random import Random
from typing import Protocol

__all__ = ["Clock", "Random", "SystemClock"]


class Clock(Protocol):
    """What the provider knows of time."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        ...

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Block this thread until the event is set or the seconds are over; whether it is set."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Suspend this task."""
        ...


class SystemClock:
    """Time as the machine has it."""

    monotonic = staticmethod(time.monotonic)

    wall = staticmethod(time.time)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Block this thread until the event is set or the seconds are over; whether it is set."""
        return event.wait(max(0.0, seconds))

    async def sleep(self, seconds: float) -> None:
        """Suspend this task."""
        import asyncio  # 20 ms that an application without an event loop does not pay

        await asyncio.sleep(seconds)
