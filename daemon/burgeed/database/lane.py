"""Threads of the database's own, with a queue in front of them that has an end."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from burgeed.database.errors import DatabaseError, DatabaseUnavailable
from burgeed.database.session import Session

Outcome = TypeVar("Outcome")

OPENING_PATIENCE = 60.0
"""Seconds that opening a database may take, with the steps of its schema."""

SCRUBBING_PATIENCE = 600.0
"""Seconds that rewriting a database's files may take."""


class _Job(Generic[Outcome]):
    """One call, from when it is asked for until its thread is through with it."""

    def __init__(self, call: Callable[[Session[Any]], Outcome], loop: asyncio.AbstractEventLoop) -> None:
        self.call = call
        self.loop = loop
        self.answer: asyncio.Future[Outcome] = loop.create_future()
        self.watch: asyncio.TimerHandle | None = None
        self.session: Session[Any] | None = None  # while it runs
        self.done = False

    def finish(self, outcome: Outcome | None, error: BaseException | None) -> None:
        """Hand the outcome over, unless nobody waits any more; on the event loop."""
        if self.watch is not None:
            self.watch.cancel()
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(outcome)  # type: ignore[arg-type]
        elif isinstance(error, StopIteration):
            self.answer.set_exception(RuntimeError("the work raised StopIteration"))
        else:
            self.answer.set_exception(error)


class Lane:
    """Runs calls in threads, one for each session; each call once, in the order in which they came.

    Args:
        name: of the threads.
        sessions: one for each thread.
        limit: how many calls may wait.
        patience: seconds that a call may wait and run, before it is interrupted.
        grace: seconds that it then has to end, before its caller is told that it did not.
        stuck: what the caller is told then.
    """

    def __init__(
        self,
        name: str,
        sessions: Sequence[Session[Any]],
        *,
        limit: int,
        patience: float,
        grace: float,
        stuck: Callable[[], DatabaseError],
    ) -> None:
        self._name = name
        self._limit = limit
        self._patience = patience
        self._grace = grace
        self._stuck = stuck
        self._changed = threading.Condition()
        self._waiting: deque[_Job[Any]] = deque()
        self._running: set[_Job[Any]] = set()
        self._refuses = False
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, args=(session,), name=f"{name}-{number}", daemon=True)
            for number, session in enumerate(sessions, 1)
        ]
        self._left = len(self._threads)
        self._all_ended: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        for thread in self._threads:
            thread.start()

    async def run(self, call: Callable[[Session[Any]], Outcome], *, patience: float | None = None) -> Outcome:
        """Run a call on a session, in a thread. If the caller is cancelled, a call that has begun still ends.

        Raises:
            DatabaseUnavailable: too many wait, it waited too long, or the lane is closed.
        """
        loop = asyncio.get_running_loop()
        job = _Job(call, loop)
        seconds = self._patience if patience is None else patience
        with self._changed:
            if self._refuses:
                raise closed()
            if len(self._waiting) >= self._limit:
                raise DatabaseUnavailable("busy", f"{self._limit} calls wait for the database already")
            job.watch = loop.call_later(seconds, self._expire, job, seconds)
            self._waiting.append(job)
            self._changed.notify()
        try:
            return await job.answer
        except asyncio.CancelledError:
            self._drop(job)
            raise

    def refuse(self) -> None:
        """Take no more calls, and refuse those that wait."""
        with self._changed:
            self._refuses = True
            refused = list(self._waiting)
            self._waiting.clear()
        for job in refused:
            _tell(job.loop, job.finish, None, closed())

    async def close(self) -> bool:
        """Refuse what waits, let what runs end, and close the sessions, each within a bound.

        Returns:
            Whether every thread has ended.
        """
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        self.refuse()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            if self._left == 0:
                ended.set()
            self._all_ended = (loop, ended)
        for _ in range(2):
            try:
                await asyncio.wait_for(ended.wait(), self._grace)
                return True
            except TimeoutError:
                self.interrupt()
        return False

    def interrupt(self) -> None:
        """Make everything that runs fail soon."""
        with self._changed:
            for job in self._running:
                if job.session is not None:
                    job.session.interrupt()

    def _serve(self, session: Session[Any]) -> None:
        while (job := self._next(session)) is not None:
            outcome, failure = None, None
            try:
                outcome = job.call(session)
            except BaseException as error:
                failure = error
            with self._changed:
                job.done, job.session = True, None
                self._running.discard(job)
            _tell(job.loop, job.finish, outcome, failure)
            del job, outcome, failure
        session.close()
        with self._changed:
            self._left -= 1
            if self._left == 0 and self._all_ended is not None:
                loop, ended = self._all_ended
                _tell(loop, ended.set)

    def _next(self, session: Session[Any]) -> _Job[Any] | None:
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            job = self._waiting.popleft()
            job.session = session
            self._running.add(job)
            return job

    def _drop(self, job: _Job[Any]) -> bool:
        """Take back a call that has not begun; its watch goes on if it has."""
        with self._changed:
            if job not in self._waiting:
                return False
            self._waiting.remove(job)
        if job.watch is not None:
            job.watch.cancel()
        return True

    def _expire(self, job: _Job[Any], seconds: float) -> None:
        if self._drop(job):
            job.finish(None, DatabaseUnavailable("busy", f"waited {seconds:g} s for the database in vain"))
            return
        with self._changed:
            # Under the lock: or a call that came after this one might be hit.
            if job.session is not None:
                job.session.interrupt()
        if not job.done:
            job.watch = job.loop.call_later(self._grace, self._abandon, job)

    def _abandon(self, job: _Job[Any]) -> None:
        if not job.done:
            job.finish(None, self._stuck())


def closed() -> DatabaseUnavailable:
    """What a call to a closed database is told."""
    return DatabaseUnavailable("closed", "the database is closed")


def _tell(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object) -> None:
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        pass  # the event loop has ended, and with it whoever waited
