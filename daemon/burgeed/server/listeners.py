"""Everything that the daemon listens on, and the orderly end of it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from aiohttp import web

from burgeed.server.access import AccessRules
from burgeed.server.app import CLOCK, STATE, STREAMS
from burgeed.server.connection import ConnectionServer
from burgeed.server.edge import HEALTH_PATHS, Edge
from burgeed.server.request_body import LIMITS
from burgeed.server.tls.accepting import TlsAccepting
from burgeed.server.tls.following import FollowedCertificate
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
        http: ``http://host:port``, or ``https://host:port`` under TLS, one for each address.
        management: ``http://host:port``, for health only.
    """

    socket: str | None
    http: tuple[str, ...]
    management: tuple[str, ...]


class _Listener(NamedTuple):
    edge: Edge
    connections: ConnectionServer
    accepting: asyncio.Server | TlsAccepting


class Listeners:
    """The Unix socket and the TCP ports of one application.

    Args:
        application: of :func:`burgeed.server.app.build_application`.
        unix: where the Unix socket lies; None is none.
        listen: the TCP address of the whole application; None is none.
        management: a TCP address for the health paths alone, whatever name they are asked by; None is none.
        allowed_hosts: names beside the loopback ones that ``Host`` may carry on ``listen``.
        certificate: opened; what is asked on ``listen`` and answered there goes under TLS then. None is none.
    """

    def __init__(
        self,
        application: web.Application,
        *,
        unix: UnixAddress | None = None,
        listen: Address | None = None,
        management: Address | None = None,
        allowed_hosts: tuple[str, ...] = (),
        certificate: FollowedCertificate | None = None,
    ) -> None:
        self._application = application
        self._unix = unix
        self._listen = listen
        self._management = management
        self._allowed_hosts = allowed_hosts
        self._certificate = certificate
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
                http = await self._add_application(self._listen, self._certificate)
            if self._management is not None:
                _, bound = await self._add_tcp(self._management, only=HEALTH_PATHS)
                management = tuple(f"http://{each}" for each in bound)
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

    async def _add_application(
        self, address: Address, certificate: FollowedCertificate | None
    ) -> tuple[str, ...]:
        if certificate is None:
            edge, bound = await self._add_tcp(address)
            edge.access = AccessRules(bound, self._allowed_hosts)
            return tuple(f"http://{each}" for each in bound)
        edge, bound = await self._add_tls(address, certificate)
        edge.access = AccessRules(bound, self._allowed_hosts, covers=certificate.covers)
        return tuple(f"https://{each}" for each in bound)

    async def _add_tcp(
        self, address: Address, *, only: frozenset[str] | None = None
    ) -> tuple[Edge, list[Address]]:
        edge, connections = self._make(trusted=False, only=only)
        loop = asyncio.get_running_loop()
        with _told(address):
            accepting = await loop.create_server(
                connections,
                address.host,
                address.port,
                reuse_address=True,
                backlog=BACKLOG,
                start_serving=False,
            )
        self._listeners.append(_Listener(edge, connections, accepting))
        return edge, _bound(accepting.sockets)

    async def _add_tls(
        self, address: Address, certificate: FollowedCertificate
    ) -> tuple[Edge, list[Address]]:
        edge, connections = self._make(trusted=False)
        with _told(address):
            sockets = await listening_sockets(address)
        accepting = TlsAccepting(
            sockets, connections, certificate, limits=self._limits, state=self._state, clock=self._clock
        )
        self._listeners.append(_Listener(edge, connections, accepting))
        return edge, _bound(sockets)

    def _make(self, *, trusted: bool, only: frozenset[str] | None = None) -> tuple[Edge, ConnectionServer]:
        made = self._runner.server
        assert made is not None
        edge = Edge(made.request_handler, self._state, only=only)
        places = None if trusted or self._unix is None else self._limits.connections_over_tcp
        connections = ConnectionServer(
            edge,
            request_factory=made.request_factory,
            limits=self._limits,
            state=self._state,
            trusted=trusted,
            places=places if only is None else self._limits.health_reserve,
            apart=only is not None,
        )
        return edge, connections


async def listening_sockets(address: Address) -> list[socket.socket]:
    """A socket that listens, not blocking, for each address that the host's name stands for.

    Raises:
        OSError: one of them cannot be had; then none is left open.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, where in dict.fromkeys(found):
            bound = socket.socket(family, kind, protocol)
            sockets.append(bound)
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # So that [::] does not stand in the way of 0.0.0.0.
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.bind(where)
            bound.listen(BACKLOG)
    except BaseException:
        for each in sockets:
            each.close()
        raise
    return sockets


def _bound(sockets: Iterable[Any]) -> list[Address]:
    names = (each.getsockname() for each in sockets)
    return [Address(str(name[0]), int(name[1])) for name in names]


@contextmanager
def _told(address: Address) -> Iterator[None]:
    """Raise ListenError for what keeps the block from listening there."""
    try:
        yield
    except socket.gaierror as error:
        raise ListenError(f"{address} cannot be listened on: {error.strerror}") from error
    except OSError as error:
        raise ListenError(_why_not(address, error)) from error


def _why_not(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use by another process: stop it, or choose another address with --listen"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"{address} cannot be listened on: {reason}"
