"""How many failures of one peer are worth a closer look in each second."""

from __future__ import annotations

from collections.abc import Callable, Hashable

PEERS = 1024
"""Peers that are counted apart in one second; all others count together."""


class Throttle:
    """Counts by peer, in windows of a second.

    Args:
        limit: failures of one peer in one second that are not too many.
        monotonic: seconds from any start.
    """

    def __init__(self, limit: int, monotonic: Callable[[], float]) -> None:
        self._limit = limit
        self._monotonic = monotonic
        self._began = monotonic()
        self._failures: dict[Hashable, int] = {}

    def exceeds(self, peer: Hashable) -> bool:
        """Count one failure, and say whether it is one too many."""
        now = self._monotonic()
        if now - self._began >= 1.0:
            self._began = now
            self._failures.clear()
        if peer not in self._failures and len(self._failures) >= PEERS:
            peer = None
        self._failures[peer] = count = self._failures.get(peer, 0) + 1
        return count > self._limit
