"""For which contexts all flags were asked for already."""

from __future__ import annotations

import threading

from cachetools import LRUCache

from burgee.snapshot import Generation

from .cache_key import Key


class Prefetched:
    """Remembers the last contexts, so that none is asked for twice in one generation. Safe under threads.

    Args:
        size: how many contexts.
    """

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._asked: LRUCache[Key, Generation | None] = LRUCache(size)

    def claim(self, context: Key, generation: Generation | None) -> bool:
        """Whether to ask now; then nobody else will.

        Args:
            context: its digest.
            generation: served now; None where it is not known, which is no reason to ask again.
        """
        with self._lock:
            if context in self._asked and generation in (None, self._asked[context]):
                return False
            if self._asked.maxsize < 1:
                return False
            self._asked[context] = generation
            return True

    def came(self, context: Key, generation: Generation | None) -> None:
        """The answer did, of that generation."""
        with self._lock:
            if context in self._asked:
                self._asked[context] = generation

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._asked.clear()

    def after_fork(self) -> None:
        """In the child: what the parent asked for is here, and no thread that held the lock."""
        if self._lock.locked():
            self._asked = LRUCache(self._asked.maxsize)
        self._lock = threading.Lock()
