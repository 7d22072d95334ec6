"""Doing what a conversation wants, in the calling thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from openfeature.contrib.provider.burgee.clock import Clock
from openfeature.contrib.provider.burgee.transports.blocking import BlockingTransport, connect
from openfeature.contrib.provider.burgee.transports.connection import READ_SIZE, Connection
from openfeature.contrib.provider.burgee.transports.endpoint import Whereabouts

from burgee.client.errors import Unreachable
from burgee.client.steps import Ask, Connect, Disconnect, Pause, Receive, Send, Step, Steps, Tell
from burgee.wire.control_events import EventMessage, ResetMessage


class BlockingDriver:
    """Runs one conversation.

    Args:
        places: where the daemon may be.
        transport: for exchanges beside the conversation's own connection.
        closing: ends the conversation with its next step.
    """

    def __init__(
        self,
        places: Sequence[Whereabouts],
        transport: BlockingTransport,
        clock: Clock,
        closing: threading.Event,
    ) -> None:
        self._places = places
        self._transport = transport
        self._clock = clock
        self._closing = closing
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def run(self, steps: Steps) -> Iterator[EventMessage | ResetMessage]:
        """Drive the conversation to its end, or until it is closed, and return what it tells."""
        try:
            step = next(steps)
            while not self._closing.is_set():
                if isinstance(step, Tell):
                    yield step.message
                    step = steps.send(None)
                    continue
                try:
                    outcome = self._do(step)
                except Unreachable as failure:
                    step = steps.throw(failure)
                else:
                    step = steps.send(outcome)
        except StopIteration:
            return
        finally:
            steps.close()
            self._disconnect()

    def interrupt(self) -> None:
        """From another thread: have a step that waits for the daemon end at once."""
        with self._lock:
            if self._connection is not None:
                try:
                    self._connection.socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _do(self, step: Step) -> Any:
        match step:
            case Connect(seconds):
                connection = connect(self._places, self._clock.monotonic() + seconds, self._clock)
                with self._lock:
                    self._connection = connection
                return connection.address
            case Send(data, seconds):
                return self._talk(seconds, lambda peer: peer.socket.sendall(peer.encode(data)))
            case Receive(seconds):
                return self._receive(seconds)
            case Disconnect():
                return self._disconnect()
            case Pause(seconds):
                return self._clock.wait(self._closing, seconds)
            case Ask(conversation, seconds):
                return self._transport.run(conversation, seconds)
        raise AssertionError(step)

    def _receive(self, seconds: float) -> bytes:
        until = self._clock.monotonic() + seconds
        while self._connection is not None and not self._connection.ended:
            received: bytes | None = self._talk(
                max(0.001, until - self._clock.monotonic()),
                lambda peer: peer.decode(peer.socket.recv(READ_SIZE)),
                silent_for=seconds,
            )
            if received is not None:
                return received
        return b""

    def _talk(self, seconds: float, what: Callable[[Connection], Any], *, silent_for: float = 0.0) -> Any:
        connection = self._connection
        assert connection is not None
        try:
            connection.socket.settimeout(seconds)
            return what(connection)
        except TimeoutError:
            message = f"{connection.address}: silent for {silent_for or seconds:g} s"
            raise Unreachable(message, timed_out=True) from None
        except OSError as error:
            raise Unreachable(connection.explain(error)) from None

    def _disconnect(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
