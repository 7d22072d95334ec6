"""Something that may take its time, done in a thread, so that whoever wants it can stop waiting."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

_Found = TypeVar("_Found")


class Errand(Generic[_Found]):
    """Something that is done once at a time: who asks while it is under way gets what comes of that.

    Args:
        name: of its threads.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.RLock()
        self._under_way: Future[_Found] | None = None

    def run(self, function: Callable[[], _Found]) -> Future[_Found]:
        """What comes of it, or the exception that it raised.

        Args:
            function: what to do, the same each time; not kept, since it mostly belongs to who keeps this.
        """
        with self._lock:
            if self._under_way is None:
                future: Future[_Found] = Future()
                future.set_running_or_notify_cancel()
                thread = threading.Thread(
                    target=self._do, args=(function, future), name=self._name, daemon=True
                )
                try:
                    thread.start()
                except RuntimeError as error:  # no more threads, or the interpreter is ending
                    future.set_exception(OSError(errno.EAGAIN, str(error)))
                    return future
                self._under_way = future
            return self._under_way

    def after_fork(self) -> None:
        """In a forked child: the thread is gone."""
        self._lock = threading.RLock()
        self._under_way = None

    def _do(self, function: Callable[[], _Found], future: Future[_Found]) -> None:
        try:
            found = function()
        except Exception as error:
            self._end()
            future.set_exception(error)
        else:
            self._end()
            future.set_result(found)

    def _end(self) -> None:
        with self._lock:
            self._under_way = None
