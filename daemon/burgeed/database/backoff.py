"""When to try to connect again: full jitter under a limit that doubles."""

from __future__ import annotations

import threading
from collections.abc import Callable

from burgeed.database.errors import DatabaseUnavailable
from burgeed.jitter import full_jitter

FIRST, LONGEST = 0.1, 2.0
"""Seconds under which the wait after the first failure, and after many, lies."""


class Backoff:
    """Refuses attempts that come too soon after a failed one; for all connections to one place.

    Args:
        monotonic: the monotonic clock, in seconds; called in any thread.
        random: a number in [0, 1).
    """

    def __init__(self, monotonic: Callable[[], float], random: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._random = random
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0
        self._message = ""

    def check(self) -> None:
        """Raise DatabaseUnavailable, with what the last attempt met, if it is too soon for another."""
        with self._lock:
            wait = self._until - self._monotonic()
            if self._failures and wait > 0:
                raise DatabaseUnavailable("failing", f"{self._message}; the next attempt is in {wait:.1f} s")

    def succeeded(self) -> None:
        """The next attempt need not wait."""
        with self._lock:
            self._failures = 0

    def failed(self, message: str) -> None:
        """The next attempt waits."""
        with self._lock:
            wait = full_jitter(self._random, self._failures, FIRST, LONGEST)
            self._failures += 1
            self._until = self._monotonic() + wait
            self._message = message
