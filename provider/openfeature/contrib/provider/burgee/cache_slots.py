"""Which of the answers kept has to make room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cachetools import LRUCache

from .cached_answer import Kept

SECOND_CHANCES: Final = 32
"""Answers used lately that are passed over in one search, at most."""


class Slots(LRUCache[Kept, int]):
    """Which answers are kept, the one that goes next first.

    An answer that was used since it was last looked at goes to the end instead, as in the CLOCK algorithm;
    so a hit only has to set a mark. After so many of those the next one goes all the same: nobody waits long.

    Args:
        size: the slots there are.
        evicted: is told which answer had to go.
    """

    def __init__(self, size: int, evicted: Callable[[Kept], None]) -> None:
        super().__init__(size, getsizeof=int)
        self._evicted = evicted

    def popitem(self) -> tuple[Kept, int]:
        """Let one answer go."""
        for _ in range(min(len(self) - 1, SECOND_CHANCES)):
            kept, slots = super().popitem()
            if not kept.used:
                self._evicted(kept)
                return kept, slots
            kept.used = False
            self[kept] = slots
        kept, slots = super().popitem()
        self._evicted(kept)
        return kept, slots
