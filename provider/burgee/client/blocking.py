"""The client that blocks its thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from openfeature.contrib.provider.burgee.download import DOWNLOAD_DEADLINE, download
from openfeature.contrib.provider.burgee.transports.blocking import BlockingTransport

from burgee.client.blocking_driver import BlockingDriver
from burgee.client.conversations import Conversations, position_of, selection_of
from burgee.client.following import Progress
from burgee.client.requests import REQUEST_DEADLINE, Answer, ask
from burgee.client.steps import Steps
from burgee.snapshot import Snapshot
from burgee.wire.control_events import EventMessage, Position, ResetMessage

JOIN_TIME: Final = 3.0

_logger = logging.getLogger("burgee.client")


class Client(Conversations):
    """A daemon's client; see :class:`burgee.client.conversations.Conversations` for its options.

    Any number of threads may use one client. It is to be closed, or used as a context manager. A forked child
    makes its own.
    """

    def _prepare(self) -> None:
        self._transport = BlockingTransport(self._places, self._idle, self._clock)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._current = threading.Event()
        self._following: threading.Thread | None = None
        self._drivers: set[BlockingDriver] = set()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def events(
        self,
        *,
        flag: str = "",
        flag_set: str | None = None,
        level: str = "",
        scope: str = "",
        types: Sequence[str] = (),
        after: Position | str | None = None,
    ) -> Iterator[EventMessage | ResetMessage]:
        """What is changed at run time, from now on or after an event, until the client is closed.

        A connection that is lost is made again, for ever, and goes on after the last event. Where that cannot
        be, and first of all where there is no ``after``, a reset is told.

        Args:
            flag: a key, or the beginning of some with a ``*`` after it.
            flag_set: None is any; empty is the one without an id.
            types: such as ``flag.killed``, or ``override.*``; empty is all.
            after: an event's position, or its id.

        Raises:
            Refused: the daemon does not accept the token or the filter.
            ValueError: ``after`` is no id.
        """
        selection = selection_of(flag, flag_set, level, scope, types)
        steps = self._follow(selection, Progress(position_of(after)))
        return self._run(steps)

    def follow(self, deadline: float = REQUEST_DEADLINE) -> bool:
        """Keep the snapshot current from now on, in a thread; whether it is within the deadline."""
        with self._lock:
            if self._following is None:
                self._following = threading.Thread(target=self._keep, name="burgee-client", daemon=True)
                self._following.start()
        until = self._clock.monotonic() + deadline
        # It may have been current, and be about to be so again.
        while not self._evaluator.is_current and (remaining := until - self._clock.monotonic()) > 0:
            self._current.clear()
            if not self._evaluator.is_current:
                self._clock.wait(self._current, remaining)
        return self._evaluator.is_current

    def snapshot(self, deadline: float = DOWNLOAD_DEADLINE) -> Snapshot:
        """Download what the daemon serves now, and evaluate it from now on.

        Raises:
            Unreachable: there is no usable answer, or not in time.
            SnapshotError: it cannot be read.
        """
        data = self._transport.run(download(self._token, None), deadline)
        assert data is not None
        return self._evaluator.take(data)

    def request(
        self,
        method: str,
        path: str,
        document: object | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        deadline: float = REQUEST_DEADLINE,
    ) -> Answer:
        """One request; its answer, whatever the status.

        Args:
            path: such as ``/admin/v1/flags``, percent-encoded, with its query.
            document: of the body, as JSON.

        Raises:
            Unreachable: no answer in time. What was asked for may be done all the same.
        """
        return self._transport.run(ask(method, path, document, headers or {}, self._token), deadline)

    def close(self) -> None:
        """End all iterations and the thread; wait for it no longer than a few seconds."""
        self._closing.set()
        with self._lock:
            drivers, following = list(self._drivers), self._following
        for driver in drivers:
            driver.interrupt()
        if following is not None and following is not threading.current_thread():
            following.join(JOIN_TIME)
        self._evaluator.close()
        self._idle.close()

    def _run(self, steps: Steps) -> Iterator[EventMessage | ResetMessage]:
        driver = BlockingDriver(self._places, self._transport, self._clock, self._closing)
        with self._lock:
            self._drivers.add(driver)
        try:
            yield from driver.run(steps)
        finally:
            with self._lock:
                self._drivers.discard(driver)

    def _keep(self) -> None:
        try:
            for _ in self._run(self._keep_current(self._current.set)):
                pass
        except Exception:
            _logger.exception("the snapshot is not kept current any more")
