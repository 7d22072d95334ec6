"""Accepts connections and makes each of them prove that it speaks TLS, for a bounded time.

A connection takes none of the server's places until its handshake is done. Handshakes under way have places
of their own; where all are taken, the oldest gives way: who does its part is through in a few milliseconds,
so that those who hold out are those who say nothing.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from burgeed.clock import Clock
from burgeed.server.connection import Connection, ConnectionServer
from burgeed.server.errors import log_unexpected
from burgeed.server.limits import Limits
from burgeed.server.state import ServerState
from burgeed.server.throttle import Throttle
from burgeed.server.tls.following import FollowedCertificate
from burgeed.server.tls.handshake import ATTEMPT, Attempt

WRITTEN = 0.05
"""Seconds until the event loop has surely handed the kernel why a handshake failed."""

LAST_WORD = 1.0
"""Seconds that a client has to read why its handshake failed."""

FULL = 1.0
"""Seconds until the next connection is accepted where the kernel had no file descriptor for one."""

UNREAD = 64 * 1024
"""Bytes that a client may leave unread before the deadline of answers begins."""

_log = logging.getLogger(__name__)


class TlsAccepting:
    """Accepts on some sockets; in place of an :class:`asyncio.Server`.

    Args:
        sockets: that listen, not blocking.
        connections: makes the protocol of a connection.
        certificate: asked anew for each connection.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        connections: ConnectionServer,
        certificate: FollowedCertificate,
        *,
        limits: Limits,
        state: ServerState,
        clock: Clock,
    ) -> None:
        self.sockets = tuple(sockets)
        self._connections = connections
        self._certificate = certificate
        self._limits = limits
        self._state = state
        self._clock = clock
        self._accepting: list[asyncio.Task[None]] = []
        self._attempts: dict[asyncio.Task[bool], None] = {}
        self._throttle = Throttle(1, clock.monotonic)

    async def start_serving(self) -> None:
        """Accept from now on."""
        for each in self.sockets:
            task = asyncio.create_task(self._accept(each))
            self._accepting.append(task)
            task.add_done_callback(partial(_let_go, each))

    def close(self) -> None:
        """Accept no more, and drop handshakes that are under way; connections that are made stay."""
        for task in (*self._accepting, *self._attempts):
            task.cancel()
        if not self._accepting:
            for each in self.sockets:
                each.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connected, address = await loop.sock_accept(listening)
            except OSError as error:
                if not self._throttle.exceeds("accept"):
                    _log.error("no connection can be accepted", extra={"why": error.strerror or str(error)})
                await self._clock.sleep(FULL)
                continue
            self._begin(connected, str(address[0]))

    def _begin(self, connected: socket.socket, peer: str) -> None:
        if len(self._attempts) >= self._limits.handshakes:
            oldest = next(iter(self._attempts))
            del self._attempts[oldest]
            oldest.cancel()
        loop = asyncio.get_running_loop()

        def failing() -> None:
            """OpenSSL's word on it is on its way to the client, who has a moment to read it and to go."""
            loop.call_later(WRITTEN, _say_no_more, connected, task)
            loop.call_later(LAST_WORD, task.cancel)

        attempt = Attempt(failing)
        task = loop.create_task(self._shake_hands(connected, attempt))
        self._attempts[task] = None
        task.add_done_callback(partial(self._ended, connected, peer, attempt))

    async def _shake_hands(self, connected: socket.socket, attempt: Attempt) -> bool:
        """Whether a connection came of it."""
        loop, limits = asyncio.get_running_loop(), self._limits
        ATTEMPT.set(attempt)
        try:
            transport, protocol = await loop.connect_accepted_socket(
                self._connections,
                connected,
                ssl=self._certificate.current.context,
                ssl_handshake_timeout=limits.handshake_deadline,
                ssl_shutdown_timeout=limits.write_deadline,
            )
        except OSError as error:
            if not attempt.why and isinstance(error, ssl.SSLError | TimeoutError):
                attempt.why = str(error)
            return False
        # As much as without TLS, where the loops' own usual is eight times that: so a client that does not
        # read is noticed as soon.
        transport.set_write_buffer_limits(high=UNREAD)
        shown = transport.get_extra_info("peercert")
        if shown and isinstance(protocol, Connection):
            protocol.end_after(ssl.cert_time_to_seconds(shown["notAfter"]) - self._clock.wall())
        return True

    def _ended(self, connected: socket.socket, peer: str, attempt: Attempt, task: asyncio.Task[bool]) -> None:
        self._attempts.pop(task, None)
        if task.cancelled():
            connected.close()
        elif (unexpected := task.exception()) is not None:
            connected.close()
            log_unexpected("a TLS handshake failed", unexpected)
        elif task.result():
            return
        self._state.handshakes_failed += 1
        if attempt.why and not self._throttle.exceeds("handshake"):
            _log.info("a TLS handshake failed", extra={"peer": peer, "why": attempt.why})


def _let_go(listening: socket.socket, task: asyncio.Task[None]) -> None:
    """Close a socket, now that the loop no longer waits for it."""
    listening.close()


def _say_no_more(connected: socket.socket, task: asyncio.Task[bool]) -> None:
    """Let the client see an end after what was said. To close would take back what it has not read yet."""
    if not task.done():
        with suppress(OSError):
            connected.shutdown(socket.SHUT_WR)
