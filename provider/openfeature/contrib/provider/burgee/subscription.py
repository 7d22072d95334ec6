"""One thread that follows the daemon: is it there, and what changed."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from burgee.snapshot import Generation
from burgee.wire.sync import SILENT_AFTER, GenerationEvent

from .clock import Clock, Random
from .event_stream import EventStream
from .exchange import Unreachable
from .status import Status, StatusMachine
from .transports.blocking import READ_SIZE, connect
from .transports.endpoint import Connection, Whereabouts

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
CONNECT_TIME = 1.0
STEADY_AFTER = 2.0
"""Seconds that a stream has to last before a lost one is followed up without a growing pause."""
AFTER_INITIALIZE = 0.05
"""Seconds for which a change of status waits after ``initialize`` ended: the SDK announces the end after
the return and would overwrite it."""

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class StatusChanged(NamedTuple):
    """The daemon's status is another now; ``message`` says why."""

    status: Status
    message: str


class ConfigurationChanged(NamedTuple):
    """Answers may differ from now on.

    Attributes:
        flags: keys, in order; None where it is not known which.
        message: for a person.
        generation: what is served now.
    """

    flags: tuple[str, ...] | None
    message: str
    generation: Generation


class Subscription:
    """Follows ``/sync/v1/events`` from ``start`` to ``stop``, whatever happens to the daemon.

    Args:
        places: where the daemon may be.
        selector: for ``Flagd-Selector``, or empty.
        grace: seconds from STALE to ERROR.
        report: is told each change, in order, from this subscription's thread.
        wanted: whether anybody still wants to know; asked now and then.
        back: is told, before ``report``, that the daemon answers.
        said: is told, before ``report``, what the daemon said.
        clock: for all waits.
        random: for jitter.
    """

    def __init__(
        self,
        places: Sequence[Whereabouts],
        *,
        selector: str,
        grace: float,
        report: Callable[[Subscription, StatusChanged | ConfigurationChanged], None],
        wanted: Callable[[], bool],
        back: Callable[[], None],
        said: Callable[[GenerationEvent], None],
        clock: Clock,
        random: Random,
    ) -> None:
        self._places = tuple(places)
        self._selector = selector
        self._report = report
        self._wanted = wanted
        self._back = back
        self._said = said
        self._clock = clock
        self._random = random
        self._lock = threading.Lock()
        self._machine = StatusMachine(grace=grace)
        self._known: Generation | None = None
        self._diagnosis = "not asked yet"
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._initialized = threading.Event()
        self._initialized_at = 0.0
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="burgee-subscription", daemon=True)

    @property
    def diagnosis(self) -> str:
        """What kept the daemon from being followed, last time."""
        return self._diagnosis

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def wait_until_ready(self, seconds: float) -> bool:
        """Wait for the daemon's first word, for ``initialize``; whether it came in time."""
        self._clock.wait(self._settled, seconds)
        with self._lock:
            ready = self._machine.status is not Status.STARTING and not self._stopping.is_set()
            self._machine.gave_up()
            self._initialized_at = self._clock.monotonic()
        self._initialized.set()
        return ready

    def stop(self) -> None:
        """Report nothing any more and end soon; may be called twice."""
        self._stopping.set()
        self._settled.set()
        self._initialized.set()
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

    def _run(self) -> None:
        failures = 0
        while not self._ended():
            began = self._clock.monotonic()
            spoke = False
            try:
                spoke = self._follow()
            except Unreachable as failure:
                self._diagnosis = str(failure)
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
        """Follow one stream to its end; whether it said what is served."""
        due = self._machine.due()
        patience = CONNECT_TIME if due is None else max(0.05, due - self._clock.monotonic())
        expires = self._clock.monotonic() + min(CONNECT_TIME, patience)
        connection = connect(self._places, expires, self._clock)
        stream = EventStream(connection.address, self._selector)
        with self._lock:
            if self._stopping.is_set():
                connection.socket.close()
                return False
            self._socket = connection.socket
        try:
            self._read(connection, stream)
        except Unreachable as failure:
            self._diagnosis = str(failure)
        except OSError as error:
            self._diagnosis = f"{connection.address}: the event stream broke: {error.strerror or error}"
        finally:
            with self._lock:
                self._socket = None
            connection.socket.close()
        return stream.spoke

    def _read(self, connection: Connection, stream: EventStream) -> None:
        connection.socket.settimeout(SILENT_AFTER)
        connection.socket.sendall(stream.request())
        while not self._ended():
            received = self._receive(connection)
            for event in stream.feed(received):
                self._take(event, first=not stream.spoke)
                stream.spoke = True
            if stream.spoke:
                with self._lock:
                    self._machine.heard(self._clock.monotonic())

    def _receive(self, connection: Connection) -> bytes:
        silent_at = self._clock.monotonic() + SILENT_AFTER
        while True:
            now = self._clock.monotonic()
            due = self._machine.due()
            until = silent_at if due is None else min(silent_at, due)
            connection.socket.settimeout(max(0.001, until - now))
            try:
                received = connection.socket.recv(READ_SIZE)
            except TimeoutError:
                self._diagnosis = f"{connection.address}: silent for {SILENT_AFTER:g} s"
                self._tick()
                if self._clock.monotonic() >= silent_at:
                    raise Unreachable(self._diagnosis) from None
                continue
            if not received:
                raise Unreachable(f"{connection.address}: the daemon ended the event stream")
            return received

    def _take(self, event: GenerationEvent, *, first: bool) -> None:
        with self._lock:
            change = self._machine.generation(self._clock.monotonic())
            before, self._known = self._known, event.generation
        self._back()
        self._said(event)
        self._settled.set()
        if change is not None:
            self._tell_status(change, "the daemon answers again")
        if before is None:
            return
        if not first:
            if event.flags_changed is None or event.flags_changed:
                flags = None if event.flags_changed is None else tuple(sorted(event.flags_changed))
                self._tell(ConfigurationChanged(flags, event.reason, event.generation))
        elif before != event.generation:
            message = (
                f"after a gap in the event stream, {before} became {event.generation}: changed flags unknown"
            )
            self._tell(ConfigurationChanged(None, message, event.generation))

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
        if change is not None:
            self._tell_status(change, self._diagnosis)

    def _tell_status(self, status: Status, message: str) -> None:
        self._initialized.wait()
        settled = self._initialized_at + AFTER_INITIALIZE - self._clock.monotonic()
        if settled > 0:
            self._clock.wait(self._stopping, settled)
        level = logging.INFO if status is Status.READY else logging.WARNING
        _logger.log(level, "daemon %s: %s", status, message)
        self._tell(StatusChanged(status, message))

    def _tell(self, change: StatusChanged | ConfigurationChanged) -> None:
        if not self._stopping.is_set():
            self._report(self, change)
