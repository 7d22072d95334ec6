"""One connection: deadlines and JSON errors below the application, where aiohttp has none of its own.

This builds on aiohttp's server protocol, whose attributes ``_waiter`` and ``_request_count`` it reads; the
tests of slow and malformed requests tell when a new aiohttp means something else by them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from burgee.resolution import ErrorCode
from burgeed.server.errors import error_response, log_unexpected
from burgeed.server.limits import Limits
from burgeed.server.peer import Peer, peer_of
from burgeed.server.state import ServerState

_log = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """aiohttp's protocol, with a deadline for each header and for each answer that is not read.

    Attributes:
        trusted: whether file permissions decided who may connect, as on the Unix socket.
        over_capacity: whether only the health paths are answered, since there are too many connections.
    """

    __slots__ = (
        "_counted",
        "_end_timer",
        "_header_timer",
        "_limits",
        "_peer",
        "_server",
        "_state",
        "_write_timer",
        "over_capacity",
        "trusted",
    )

    def __init__(
        self, server: ConnectionServer, *, loop: asyncio.AbstractEventLoop, **arguments: Any
    ) -> None:
        super().__init__(server, loop=loop, **arguments)
        self._server = server
        self._limits = server.limits
        self._state = server.state
        self._counted = False
        self._end_timer: asyncio.TimerHandle | None = None
        self._header_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._peer: Peer | None = None
        self.trusted = server.trusted
        self.over_capacity = False

    @property
    def peer(self) -> Peer:
        """Who is at the other end; the kernel is asked once."""
        peer = self._peer
        if peer is None:
            peer = self._peer = peer_of(self.transport)
        return peer

    @property
    def is_idle(self) -> bool:
        """Whether no whole request has come that is not answered."""
        return self._waiter is not None and not self._waiter.done()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it; close it where even the reserve is used up."""
        server = self._server
        if server.excess >= 0:
            server.make_room()
        excess = server.excess
        if excess >= self._limits.health_reserve:
            self._state.refused += 1
            transport.close()
            return
        self.over_capacity = excess >= 0
        self._state.connections += 1
        server.open_ones[self] = None
        self._counted = True
        super().connection_made(transport)
        self._await_header()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        self._leave()
        for timer in (self._header_timer, self._write_timer, self._end_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def end_after(self, seconds: float) -> None:
        """Cut the connection off then, whatever is going on: what allowed it, such as the client's
        certificate, is no longer good.
        """
        if self._counted:
            self._end_timer = self._loop.call_later(max(0.0, seconds), self._no_longer_good)

    def data_received(self, data: bytes) -> None:
        """Start the header's deadline with its first bytes, unless they are all of it."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            if self._counted:
                # To the end: whoever asked longest ago stands first.
                del self._server.open_ones[self]
                self._server.open_ones[self] = None
            if self._header_timer is not None:
                self._header_timer.cancel()
                self._header_timer = None
        elif self._header_timer is None and self._waiter is not None:
            self._await_header()

    def give_way(self) -> None:
        """End it at once, since others need its place and it is idle."""
        self._leave()
        self._state.silent += 1
        self._end_unheard()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Do nothing where nothing was paused: aiohttp would run its parser over no bytes each time."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def pause_writing(self) -> None:
        """Start the deadline of an answer that the client does not read."""
        super().pause_writing()
        self._write_timer = self._loop.call_later(self._limits.write_deadline, self._not_read)

    def resume_writing(self) -> None:
        """It is being read."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what the parser could not read, and what escaped every handler, in JSON."""
        if status == 400:
            self._state.malformed += 1
            too_long = isinstance(exc, LineTooLong)
            details = (
                "the request line or a header is too long" if too_long else "this is not well-formed HTTP"
            )
        elif isinstance(exc, ConnectionError) and self._has_left(request):
            _log.debug("a client left before its answer was written", extra={"error": type(exc).__name__})
            details = "the client has left"
        else:
            self._state.failures += 1
            log_unexpected("a request failed", exc)
            details = "the daemon failed to answer"
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        code = ErrorCode.PARSE_ERROR if status == 400 else ErrorCode.GENERAL
        return error_response(status, code, details, close=True)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Write one line in place of aiohttp's traceback."""
        found = kw.get("exc_info")
        log_unexpected("a connection failed", found if isinstance(found, BaseException) else None)

    def _has_left(self, request: web.BaseRequest) -> bool:
        """Whether nobody waits for the answer any more, or its beginning is written and no more will be."""
        transport = self.transport
        return transport is None or transport.is_closing() or request.writer.output_size > 0

    def _await_header(self) -> None:
        self._header_timer = self._loop.call_later(self._limits.header_deadline, self._no_header)

    def _no_header(self) -> None:
        self._header_timer = None
        self._state.silent += 1
        self._end_unheard()

    def _leave(self) -> None:
        """Free its place."""
        if self._counted:
            self._counted = False
            self._state.connections -= 1
            del self._server.open_ones[self]

    def _end_unheard(self) -> None:
        transport = self.transport
        self.force_close()
        if transport is not None and transport.get_extra_info("ssl_object") is not None:
            # Who says nothing would not say goodbye either, and keep the place until that is overdue.
            transport.abort()

    def _no_longer_good(self) -> None:
        self._end_timer = None
        if self.transport is not None:
            self.transport.abort()

    def _not_read(self) -> None:
        self._write_timer = None
        self._state.evicted += 1
        if self.transport is not None:
            self.transport.abort()


class ConnectionServer(web.Server):
    """Makes a :class:`Connection` for each client of one listener.

    Args:
        handler: answers a request; raises only ConnectionError and CancelledError.
        request_factory: the application's.
        trusted: see :class:`Connection`.
        places: how many connections it may have open; None is as many as all listeners together.
        apart: whether its places are its own, whatever the other listeners have open.

    Attributes:
        open_ones: whoever asked longest ago first.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        request_factory: Any,
        limits: Limits,
        state: ServerState,
        trusted: bool,
        places: int | None = None,
        apart: bool = False,
    ) -> None:
        super().__init__(
            handler,
            request_factory=request_factory,
            handler_cancellation=True,
            keepalive_timeout=limits.keep_alive,
            access_log=None,
            auto_decompress=False,
            lingering_time=min(2.0, limits.body_deadline),
            logger=_log,
        )
        self.limits = limits
        self.state = state
        self.trusted = trusted
        self.open_ones: dict[Connection, None] = {}
        self._places = limits.connections if places is None else places
        self._apart = apart

    @property
    def excess(self) -> int:
        """How many places too many one more connection would take, less one; negative where there is room."""
        own = len(self.open_ones) - self._places
        return own if self._apart else max(own, self.state.connections - self.limits.connections)

    def make_room(self) -> None:
        """Let the connection give way that has been idle for longest, if any is: whoever holds places without
        asking anything shuts nobody out.
        """
        idle = next((each for each in self.open_ones if each.is_idle), None)
        if idle is not None:
            idle.give_way()

    def __call__(self) -> web.RequestHandler:
        """A protocol for a new connection."""
        return Connection(self, loop=self._loop, **self._kwargs)


def is_by_socket(request: web.BaseRequest) -> bool:
    """Whether the request came over the Unix socket, whose permissions said who may connect."""
    return isinstance(request.protocol, Connection) and request.protocol.trusted
