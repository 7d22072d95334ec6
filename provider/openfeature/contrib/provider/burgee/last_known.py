"""The last good answers, for when the daemon is gone."""

from __future__ import annotations

import hashlib
import threading
from typing import NamedTuple

from cachetools import LRUCache

from burgee.value import FlagType

UNIT = 4096
"""Bytes of an answer that count as one entry."""


class Question(NamedTuple):
    """What an answer answers.

    Attributes:
        flag_key: the flag.
        flag_type: the type it was asked for as.
        context: a digest of the context's JSON, its keys in order; JSON tells 1, true, 1.0 and "1" apart.
    """

    flag_key: str
    flag_type: FlagType
    context: bytes

    @classmethod
    def about(cls, flag_key: str, flag_type: FlagType, context: bytes) -> Question:
        """Name a question by its context's JSON."""
        return cls(flag_key, flag_type, hashlib.blake2b(context, digest_size=16).digest())


class LastKnown:
    """The bodies of the last good answers; the least recently used go first. Safe under threads.

    Bodies rather than values: each recall is read anew, so no caller can spoil another's.

    Args:
        size: how many to keep, each up to ``UNIT`` bytes; a larger one takes several places.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._bodies: LRUCache[Question, bytes] = LRUCache(size, getsizeof=_places)

    def remember(self, question: Question, body: bytes) -> None:
        """Keep a good answer in place of the one before."""
        if _places(body) > self._size:
            self.forget(question)
            return
        with self._lock:
            self._bodies[question] = body

    def recall(self, question: Question) -> bytes | None:
        """The last good answer, or None."""
        with self._lock:
            return self._bodies.get(question)

    def forget(self, question: Question) -> None:
        """Drop an answer that the daemon no longer gives."""
        with self._lock:
            self._bodies.pop(question, None)

    def clear(self) -> None:
        """Drop all."""
        with self._lock:
            self._bodies.clear()

    def __len__(self) -> int:
        return len(self._bodies)


def _places(body: bytes) -> int:
    return 1 + len(body) // UNIT
