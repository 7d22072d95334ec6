"""Everything that the daemon listens on, and the orderly end of it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import suppress
from typing import NamedTuple

from aiohttp import web

from burgeed.server.access import AccessRules
from burgeed.server.app import CLOCK, STATE, STREAMS
from burgeed.server.connection import ConnectionServer
from burgeed.server.edge import HEALTH_PATHS, Edge
from burgeed.server.request_body import LIMITS
from burgeed.server.unix_socket import BACKLOG, ListenError, OwnedUnixSocket, UnixAddress
from burgeed.settings.model import Address

ROUNDS_TO_READ = 3
"""Turns of the event loop after which everything that had arrived before has been read."""


CUT_OFF = 1.0
"""Seconds that each connection has to write its last bytes, and again to end once it is cancelled."""


class Addresses(NamedTuple):
    """Where the daemon can be reached.

    Attributes:
        socket: ``unix://`` and a path.
        http: ``http://host:port``, one for each address.
        management: the same, for health only.
    """

    socket: str | None
    http: tuple[str, ...]
    management: tuple[str, ...]


class _Listener(NamedTuple):
    edge: Edge
    connections: ConnectionServer
    accepting: asyncio.Server


class Listeners:
    """The Unix socket and the TCP ports of one application.

    Args:
        application: of :func:`burgeed.server.app.build_application`.
        unix: where the Unix socket lies; None is none.
        listen: the TCP address of the whole application; None is none.
        management: a TCP address for the health paths alone, whatever name they are asked by; None is none.
        allowed_hosts: names beside the loopback ones that ``Host`` may carry on ``listen``.
    """

    def __init__(
        self,
        application: web.Application,
        *,
        unix: UnixAddress | None = None,
        listen: Address | None = None,
        management: Address | None = None,
        allowed_hosts: tuple[str, ...] = (),
    ) -> None:
        self._application = application
        self._unix = unix
        self._listen = listen
        self._management = management
        self._allowed_hosts = allowed_hosts
        self._state = application[STATE]
        self._limits = application[LIMITS]
        self._clock = application[CLOCK]
        self._runner = web.AppRunner(application, access_log=None)
        self._owned: OwnedUnixSocket | None = None
        self._listeners: list[_Listener] = []
        self._closed = False
        self.addresses = Addresses(None, (), ())

    async def start(self) -> None:
        """Listen everywhere, or nowhere. Raises ListenError."""
        try:
            await self._runner.setup()
            http: tuple[str, ...] = ()
            management: tuple[str, ...] = ()
            if self._unix is not None:
                self._owned = OwnedUnixSocket(self._unix)
                await self._add_unix(self._owned)
            if self._listen is not None:
                http = await self._add_tcp(self._listen, protect=True)
            if self._management is not None:
                management = await self._add_tcp(self._management, protect=False, only=HEALTH_PATHS)
            for listener in self._listeners:
                await listener.accepting.start_serving()
        except BaseException:
            await self.close()
            raise
        path = f"unix://{self._owned.path}" if self._owned else None
        self.addresses = Addresses(path, http, management)

    async def stop_accepting(self) -> None:
        """Be not ready, take no further connections, end the event streams; go on answering requests."""
        self._state.draining = True
        for listener in self._listeners:
            listener.accepting.close()
        self._application[STREAMS].end()

    async def close(self) -> None:
        """Answer what is in flight, for a bounded time, then close every connection and remove the socket."""
        if self._closed:
            return
        try:
            await self.stop_accepting()
            # What clients had sent before now is read first: it is in flight too.
            for _ in range(ROUNDS_TO_READ):
                await self._clock.sleep(0)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.drain):
                    await self._state.idle()
            for listener in self._listeners:
                listener.connections.pre_shutdown()
            ends = [listener.connections.shutdown(CUT_OFF) for listener in self._listeners]
            await asyncio.gather(*ends, return_exceptions=True)
        finally:
            self._closed = True
            await self._runner.cleanup()
            if self._owned is not None:
                self._owned.release()

    async def _add_unix(self, owned: OwnedUnixSocket) -> None:
        edge, connections = self._make(trusted=True)
        loop = asyncio.get_running_loop()
        accepting = await loop.create_unix_server(
            connections, sock=owned.socket, backlog=BACKLOG, start_serving=False
        )
        self._listeners.append(_Listener(edge, connections, accepting))

    async def _add_tcp(
        self, address: Address, *, protect: bool, only: frozenset[str] | None = None
    ) -> tuple[str, ...]:
        edge, connections = self._make(trusted=False, only=only)
        loop = asyncio.get_running_loop()
        try:
            accepting = await loop.create_server(
                connections,
                address.host,
                address.port,
                reuse_address=True,
                backlog=BACKLOG,
                start_serving=False,
            )
        except socket.gaierror as error:
            raise ListenError(f"{address} cannot be listened on: {error.strerror}") from error
        except OSError as error:
            raise ListenError(_why_not(address, error)) from error
        self._listeners.append(_Listener(edge, connections, accepting))
        bound = [(str(each.getsockname()[0]), int(each.getsockname()[1])) for each in accepting.sockets]
        if protect:
            edge.access = AccessRules(bound, self._allowed_hosts)
        return tuple(f"http://{Address(*each)}" for each in bound)

    def _make(self, *, trusted: bool, only: frozenset[str] | None = None) -> tuple[Edge, ConnectionServer]:
        made = self._runner.server
        assert made is not None
        edge = Edge(made.request_handler, self._state, only=only)
        connections = ConnectionServer(
            edge,
            request_factory=made.request_factory,
            limits=self._limits,
            state=self._state,
            trusted=trusted,
        )
        return edge, connections


def _why_not(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use by another process: stop it, or choose another address with --listen"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"{address} cannot be listened on: {reason}"
