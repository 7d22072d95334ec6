"""Time that a test moves."""

from __future__ import annotations

import threading
import time


class StandingClock:
    """Stands still until it is moved; waits are real and short."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.wall_now = time.time()

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.wall_now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.wall_now += seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(min(seconds, 0.05))

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here sleeps")
