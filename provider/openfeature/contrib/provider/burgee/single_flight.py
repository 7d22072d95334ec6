"""Calls that ask the same question at the same time share one exchange with the daemon."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from concurrent.futures import Future
from typing import NamedTuple


class Landing(NamedTuple):
    """What a conversation yields to wait for another one's end, within its own deadline."""

    future: Future[None]


class Flights:
    """Who is asking what. Safe under threads and across event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, Future[None]] = {}

    def join(self, question: Hashable) -> Landing | None:
        """Somebody else's flight to wait for; None where there is none, and this is one from now on."""
        with self._lock:
            future = self._under_way.get(question)
            if future is not None:
                return Landing(future)
            future = self._under_way[question] = Future()
            # So that a waiter who gives up cannot cancel it for the others.
            future.set_running_or_notify_cancel()
            return None

    def land(self, question: Hashable) -> None:
        """End one's own flight, with or without an answer, and wake who waits for it."""
        with self._lock:
            future = self._under_way.pop(question, None)
        if future is not None:
            future.set_result(None)

    def after_fork(self) -> None:
        """In the child: whoever was under way is so in the parent."""
        self._lock = threading.Lock()
        self._under_way = {}

    def __len__(self) -> int:
        return len(self._under_way)
