"""Calls that ask the same question at the same time share one exchange with the daemon."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from concurrent.futures import Future
from typing import NamedTuple


class Landing(NamedTuple):
    """What a conversation yields to wait for another one's end, within its own deadline.

    Attributes:
        future: done at that end.
        thread: whose conversation it is; 0 where that does not matter.
    """

    future: Future[None]
    thread: int = 0


class Flights:
    """Who is asking what. Safe under threads and across event loops.

    It takes no lock: what interrupts a thread, a signal's handler or a finalizer, may evaluate flags, too.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Landing] = {}

    def join(self, question: Hashable) -> tuple[Landing, bool]:
        """The end of the flight for a question, and whether it is somebody else's, to be waited for.

        Where there was none, this is one from now on, and its owner has to land it.
        """
        own = Landing(Future(), threading.get_ident())
        # So that a waiter who gives up cannot cancel it for the others.
        own.future.set_running_or_notify_cancel()
        landing = self._under_way.setdefault(question, own)
        return landing, landing is not own

    def land(self, question: Hashable, landing: Landing) -> None:
        """End one's own flight, with or without an answer, and wake who waits for it."""
        self.leave(question, landing)
        landing.future.set_result(None)

    def leave(self, question: Hashable, landing: Landing) -> None:
        """Have nobody else wait for a flight: it has ended, or it is overdue, as its event loop stands still.

        Where several do so at once, another flight may be left as well: then some ask that could have waited.
        """
        if self._under_way.get(question) is landing:
            self._under_way.pop(question, None)

    def after_fork(self) -> None:
        """In the child: whoever was under way is so in the parent."""
        self._under_way = {}

    def __len__(self) -> int:
        return len(self._under_way)
