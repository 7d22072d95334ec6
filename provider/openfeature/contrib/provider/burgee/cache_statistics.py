"""How well the answers that are kept serve."""

from __future__ import annotations

from typing import NamedTuple


class CacheStatistics(NamedTuple):
    """What a cache did so far.

    Attributes:
        hits: questions that it answered.
        misses: questions that it could not answer, because it never heard the answer or no longer trusts it.
        evictions: answers that had to make room.
        size: answers that it holds, those that only serve while the daemon is gone among them.
    """

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    size: int = 0
