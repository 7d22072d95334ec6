"""A short memory of a daemon that does not answer, so that not every call waits out its deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .clock import Clock, Random

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0


class Breaker:
    """Lets calls through until one times out; then one at a time, after pauses with full jitter.

    Args:
        clock: for the pauses.
        random: for the jitter.
        probe: seconds that a call on trial may take before another is let through.
        hangs: whether somebody else waits for the daemon in vain; as long as that is so, no call has to try.
    """

    def __init__(self, clock: Clock, random: Random, probe: float, hangs: Callable[[], bool]) -> None:
        self._clock = clock
        self._random = random
        self._probe = probe
        self._hangs = hangs
        self._lock = threading.RLock()
        self._held_until: float | None = None
        self._episode = 0
        self._failures = 0

    @property
    def is_open(self) -> bool:
        """Whether calls are held, all but those that are let through on trial."""
        return self._held_until is not None or self._hangs()

    def admit(self) -> int | None:
        """A ticket for one call, or None where it should not be tried now."""
        if self._hangs():
            return None
        if self._held_until is None:
            return self._episode
        with self._lock:
            if self._held_until is not None:
                now = self._clock.monotonic()
                if now < self._held_until:
                    return None
                self._held_until = now + self._probe
            return self._episode

    def timed_out(self, ticket: int) -> None:
        """Hear that the call of this ticket got no answer in time; of many at once, the first counts."""
        with self._lock:
            if ticket != self._episode:
                return
            self._episode += 1
            self._failures += 1
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures - 1, 16))
            self._held_until = self._clock.monotonic() + self._random.uniform(0, longest)

    def answered(self) -> None:
        """Hear that the daemon answers."""
        if self._failures or self._held_until is not None:
            with self._lock:
                self._held_until = None
                self._episode += 1
                self._failures = 0

    def after_fork(self) -> None:
        """In the child: the call on trial, if there was one, is the parent's."""
        self._lock = threading.RLock()
