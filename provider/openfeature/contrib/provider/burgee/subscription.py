"""One thread that follows the daemon: is it there, and what changed."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from burgee.wire.sync import SILENT_AFTER, GenerationEvent

from .announcements import Change, StatusChanged
from .changes import change_between
from .clock import Clock, Random
from .event_stream import EventStream
from .exchange import Unreachable
from .status import Status, StatusMachine
from .stream_knowledge import StreamKnowledge
from .transports.blocking import connect
from .transports.connection import READ_SIZE, Connection
from .transports.endpoint import Whereabouts

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
CONNECT_TIME = 1.0
STEADY_AFTER = 2.0
"""Seconds that a stream has to last before a lost one is followed up without a growing pause."""

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class Progress(NamedTuple):
    """How far an earlier subscription had come when a fork ended it.

    Attributes:
        status: announced last; STARTING where nothing was announced yet.
        heard: the last event, or None.
    """

    status: Status
    heard: GenerationEvent | None


class Subscription:
    """Follows ``/sync/v1/events`` from ``start`` to ``stop``, whatever happens to the daemon.

    Args:
        places: where the daemon may be.
        selector: for ``Flagd-Selector``, or empty.
        token: sent as a bearer token; empty for none.
        grace: seconds from STALE to ERROR.
        report: is told each change, in order, from this subscription's thread; must not wait.
        said: is told, before ``report``, what the daemon said. May take its time; raises where what the
            daemon said cannot be had, and hears of it again over the next stream.
        fallback: whether there is something to answer from in the daemon's place.
        wanted: whether anybody still wants to know; asked now and then.
        knowledge: kept up to date.
        clock: for all waits.
        random: for jitter.
        progress: what to go on from, where nobody calls ``wait_until_ready``.
        patience: with ``progress``, seconds from the start to ERROR where the daemon does not speak.
    """

    def __init__(
        self,
        places: Sequence[Whereabouts],
        *,
        selector: str,
        token: str,
        grace: float,
        report: Callable[[Subscription, Change], None],
        said: Callable[[Subscription, GenerationEvent], None],
        fallback: Callable[[], bool],
        wanted: Callable[[], bool],
        knowledge: StreamKnowledge,
        clock: Clock,
        random: Random,
        progress: Progress | None = None,
        patience: float | None = None,
    ) -> None:
        self._places = tuple(places)
        self._selector = selector
        self._token = token
        self._report = report
        self._said = said
        self._fallback = fallback
        self._wanted = wanted
        self._knowledge = knowledge
        self._clock = clock
        self._random = random
        self._lock = threading.Lock()
        now = clock.monotonic()
        if progress is None:
            self._machine = StatusMachine(now, grace=grace)
        else:
            self._machine = StatusMachine(now, since=progress.status, grace=grace, patience=patience)
        self._heard = progress.heard if progress else None
        self._diagnosis = f"{' or '.join(str(place.address) for place in self._places)}: no connection yet"
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="burgee-subscription", daemon=True)

    @property
    def diagnosis(self) -> str:
        """What kept the daemon from being followed, last time."""
        return self._diagnosis

    @property
    def status(self) -> Status:
        """What it can say of the daemon now."""
        return self._machine.status

    @property
    def heard(self) -> GenerationEvent | None:
        """The last event; None before the first."""
        return self._heard

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def wait_until_ready(self, seconds: float) -> bool:
        """Wait for the daemon's first word, for ``initialize``; whether it, or a fallback, came in time."""
        self._clock.wait(self._settled, seconds)
        if not self._fall_back():
            with self._lock:
                self._machine.gave_up()
        return self._machine.status is not Status.ERROR and not self._stopping.is_set()

    def stop(self) -> None:
        """Report nothing any more and end soon; may be called twice."""
        self._stopping.set()
        self._settled.set()
        with self._lock:
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def join(self, seconds: float) -> bool:
        """Wait for the thread's end; whether it came."""
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """In a forked child, where the thread is gone: close what is the parent's, and tell nobody."""
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        failures = 0
        while not self._ended():
            began = self._clock.monotonic()
            spoke = False
            try:
                spoke = self._follow()
            except Unreachable as failure:
                self._note(str(failure), in_vain=failure.timed_out)
                if not failure.timed_out:
                    self._fall_back()
            except Exception as error:
                self._diagnosis = f"{type(error).__name__}: {error}"
                _logger.exception("following the daemon failed; it is tried again")
            steady = spoke and self._clock.monotonic() - began >= STEADY_AFTER
            failures = 0 if steady else failures + 1
            try:
                longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 16))
                self._pause(self._random.uniform(0, longest))
            except Exception:
                _logger.exception("reporting the daemon's status failed; following goes on")

    def _ended(self) -> bool:
        return self._stopping.is_set() or not self._wanted()

    def _follow(self) -> bool:
        """Follow one stream to its end; whether it said what is served.

        Raises:
            Unreachable: there is none.
        """
        due = self._machine.due()
        patience = CONNECT_TIME if due is None else max(0.05, due - self._clock.monotonic())
        expires = self._clock.monotonic() + min(CONNECT_TIME, patience)
        connection = connect(self._places, expires, self._clock)
        stream = EventStream(connection.address, self._selector, self._token)
        with self._lock:
            if self._stopping.is_set():
                connection.close()
                return False
            self._socket = connection.socket
        self._diagnosis = stream.standing
        try:
            self._read(connection, stream)
        except Unreachable as failure:
            self._note(str(failure), in_vain=failure.timed_out)
        except OSError as error:
            self._note(connection.explain(error), in_vain=isinstance(error, TimeoutError))
        finally:
            self._knowledge.take(self, None, 0.0)
            with self._lock:
                self._socket = None
            connection.close()
        return stream.spoke

    def _read(self, connection: Connection, stream: EventStream) -> None:
        connection.socket.settimeout(SILENT_AFTER)
        connection.socket.sendall(connection.encode(stream.request()))
        heard_at = self._clock.monotonic()
        while not self._ended():
            received = self._receive(connection, heard_at + SILENT_AFTER)
            # Not when it was dealt with: that may take long, and more may have come meanwhile, or nothing.
            heard_at = self._clock.monotonic()
            events = stream.feed(received)
            self._note(stream.standing, in_vain=False)
            for event in events:
                self._diagnosis = f"{connection.address}: what it serves, {event.generation}, is not held yet"
                self._take(event, heard_at, first=not stream.spoke)
                stream.spoke = True
            if stream.spoke and self._heard is not None:
                self._knowledge.take(self, self._heard.generation, heard_at + SILENT_AFTER)
                self._hear(heard_at)

    def _receive(self, connection: Connection, silent_at: float) -> bytes:
        while not connection.ended:
            due = self._machine.due()
            until = silent_at if due is None else min(silent_at, due)
            connection.socket.settimeout(max(0.001, until - self._clock.monotonic()))
            try:
                received = connection.decode(connection.socket.recv(READ_SIZE))
            except TimeoutError:
                silence = f"{connection.address}: silent for {SILENT_AFTER:g} s"
                is_silent = self._clock.monotonic() >= silent_at
                self._note(silence if is_silent else self._diagnosis, in_vain=True)
                self._tick()
                if is_silent:
                    raise Unreachable(silence, timed_out=True) from None
                continue
            if received == b"":
                break
            if received is not None:
                return received
        raise Unreachable(f"{connection.address}: the daemon ended the event stream")

    def _note(self, diagnosis: str, *, in_vain: bool) -> None:
        self._diagnosis = diagnosis
        # Where the daemon was never heard, a proxy may keep back its events, and nothing else.
        self._knowledge.wait(self, in_vain=in_vain and self._heard is not None)

    def _take(self, event: GenerationEvent, heard_at: float, *, first: bool) -> None:
        self._knowledge.take(self, event.generation, heard_at + SILENT_AFTER)
        self._said(self, event)
        before, self._heard = self._heard, event
        self._hear(heard_at)
        self._settled.set()
        self._tell(change_between(before, event, gap=first))

    def _hear(self, at: float) -> None:
        with self._lock:
            change = self._machine.heard(at)
        self._tell_status(change, "the daemon answers again")

    def _fall_back(self) -> bool:
        """Begin without the daemon where something else answers; whether the start is thereby over."""
        if self._machine.status is Status.STARTING and not self._stopping.is_set() and self._fallback():
            with self._lock:
                change = self._machine.fell_back(self._clock.monotonic())
            self._tell_status(change, f"the daemon is not there, answers are of before: {self._diagnosis}")
            self._settled.set()
        return self._machine.status is not Status.STARTING

    def _pause(self, seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        while not self._ended():
            self._tick()
            now = self._clock.monotonic()
            if now >= until:
                return
            due = self._machine.due()
            self._clock.wait(self._stopping, (until if due is None else min(until, due)) - now)

    def _tick(self) -> None:
        with self._lock:
            change = self._machine.tick(self._clock.monotonic())
        self._tell_status(change, self._diagnosis)

    def _tell_status(self, status: Status | None, message: str) -> None:
        if status is None:
            return
        level = logging.INFO if status is Status.READY else logging.WARNING
        _logger.log(level, "daemon %s: %s", status, message)
        self._tell(StatusChanged(status, message))

    def _tell(self, change: Change | None) -> None:
        if change is not None and not self._stopping.is_set():
            self._report(self, change)
