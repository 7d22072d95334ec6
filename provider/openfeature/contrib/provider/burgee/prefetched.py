"""For which contexts all flags were asked for already."""

from __future__ import annotations

import threading

from cachetools import LRUCache

from burgee.generation import Generation

from .cache_key import Key


class Prefetched:
    """Remembers the last contexts, so that none is asked for twice in one generation. Safe under threads.

    Args:
        size: how many contexts.
    """

    def __init__(self, size: int) -> None:
        # As of the cache of answers: an interruption of a thread neither waits for it nor meddles.
        self._lock = threading.RLock()
        self._changing = False
        self._asked: LRUCache[Key, Generation | None] = LRUCache(size)

    def claim(self, context: Key, generation: Generation | None) -> bool:
        """Whether to ask now; then nobody else will.

        Args:
            context: its digest.
            generation: served now; None where it is not known, which is no reason to ask again.
        """
        with self._lock:
            if self._changing or self._asked.maxsize < 1:
                return False
            self._changing = True
            try:
                if context in self._asked and generation in (None, self._asked[context]):
                    return False
                self._asked[context] = generation
                return True
            finally:
                self._changing = False

    def came(self, context: Key, generation: Generation | None) -> None:
        """The answer did, of that generation."""
        with self._lock:
            if self._changing:
                return
            self._changing = True
            try:
                if context in self._asked:
                    self._asked[context] = generation
            finally:
                self._changing = False

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._asked = LRUCache(self._asked.maxsize)

    def after_fork(self) -> None:
        """In the child: what the parent asked for is here, and no thread that held the lock."""
        if self._changing:
            self._asked = LRUCache(self._asked.maxsize)
        self._lock = threading.RLock()
        self._changing = False
