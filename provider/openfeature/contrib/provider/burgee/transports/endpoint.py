"""From an address to something a socket can connect to, and from a failure to a message."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

from ..address import Address, TcpAddress, UnixAddress
from ..clock import Clock
from ..tls_files import NO_TLS_FILES, TlsFiles
from .errand import Errand

if TYPE_CHECKING:
    from .tls_terms import FollowedTerms

NAME_LIFETIME = 30.0
"""Seconds for which a host name's addresses are believed."""


class Endpoint(NamedTuple):
    """What a socket connects to.

    Attributes:
        address: as the user wrote it.
        family: of the socket.
        destination: as ``socket.connect`` wants it.
    """

    address: Address
    family: socket.AddressFamily
    destination: str | tuple[str, int]

    @property
    def host(self) -> str:
        """The name or numeric address that was asked for, and that a certificate has to be for."""
        return "localhost" if isinstance(self.address, UnixAddress) else self.address.host

    def new_socket(self) -> socket.socket:
        """A socket of the right family, not yet connected."""
        fresh = socket.socket(self.family, socket.SOCK_STREAM)
        if self.family is not socket.AF_UNIX:
            fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return fresh


class Whereabouts:
    """The endpoints of one address. Host names are looked up in a thread: the resolver knows no deadline.

    Args:
        address: of the daemon.
        clock: for the lifetime of what was looked up.
        files: for TLS, where the address wants it.

    Attributes:
        terms: on which TLS is spoken there; None where it is not.
    """

    def __init__(self, address: Address, clock: Clock, files: TlsFiles = NO_TLS_FILES) -> None:
        self.address = address
        self.terms = _terms(address, files)
        self._clock = clock
        self._found: tuple[Endpoint, ...] = _without_lookup(address)
        self._found_until: float | None = None
        self._search: Errand[tuple[Endpoint, ...]] = Errand("burgee-name-lookup")

    def known(self) -> tuple[Endpoint, ...]:
        """The endpoints, or none where they have to be looked up first."""
        if self._found_until is not None and self._clock.monotonic() >= self._found_until:
            return ()
        return self._found

    def look_up(self) -> Future[tuple[Endpoint, ...]]:
        """The endpoints to come; OSError where the name is unknown."""
        return self._search.run(self._look_up)

    def after_fork(self) -> None:
        """In a forked child: the threads that look something up are gone."""
        self._search.after_fork()
        if self.terms is not None:
            self.terms.after_fork()

    def _look_up(self) -> tuple[Endpoint, ...]:
        assert isinstance(self.address, TcpAddress)
        found = _look_up(self.address)
        self._found = found
        self._found_until = self._clock.monotonic() + NAME_LIFETIME
        return found


def _terms(address: Address, files: TlsFiles) -> FollowedTerms | None:
    if isinstance(address, UnixAddress) or not address.tls:
        return None
    # Imported here: who uses no TLS does not pay for it.
    from .tls_terms import FollowedTerms

    return FollowedTerms(files)


def _without_lookup(address: Address) -> tuple[Endpoint, ...]:
    if isinstance(address, UnixAddress):
        return (Endpoint(address, socket.AF_UNIX, address.path),)
    endpoints = []
    hosts = ("127.0.0.1", "::1") if address.host == "localhost" else (address.host,)
    for host in hosts:
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(family, host)
            except OSError:
                continue
            endpoints.append(Endpoint(address, family, (host, address.port)))
    return tuple(endpoints)


def _look_up(address: TcpAddress) -> tuple[Endpoint, ...]:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return tuple(
        Endpoint(address, family, (str(destination[0]), address.port))
        for family, _, _, _, destination in found
        if family in (socket.AF_INET, socket.AF_INET6)
    )


def met_itself(connected: socket.socket, endpoint: Endpoint) -> bool:
    """Whether a TCP socket was given the very port it wants, as Linux may do when nobody listens there."""
    if endpoint.family is socket.AF_UNIX:
        return False
    met: bool = connected.getsockname() == connected.getpeername()
    return met


def explain(address: Address, error: OSError, *, look: bool = True) -> str:
    """Say what a failure to connect means, and what to do.

    Args:
        address: of the daemon.
        error: as raised.
        look: whether the file system may be asked, which an event loop must not wait for.
    """
    where = str(address)
    if isinstance(error, socket.gaierror):
        return f"{where}: the name {getattr(address, 'host', '')!r} is unknown ({error.strerror})"
    if isinstance(error, FileNotFoundError):
        return f"{where}: there is no such socket; is the daemon running?"
    if isinstance(error, PermissionError):
        return (
            f"{where}: permission denied for user {os.geteuid()}; "
            "the daemon's --socket-mode and --socket-group say who may connect"
        )
    if isinstance(error, NotADirectoryError):
        return f"{where}: a part of the path is no directory"
    if isinstance(error, ConnectionRefusedError):
        if isinstance(address, UnixAddress):
            if look and not _is_socket(address.path):
                return f"{where}: that is not a socket"
            hint = "" if look else ", or it is not a socket"
            return f"{where}: nobody listens behind the socket; the daemon is gone{hint}"
        return f"{where}: nobody listens there; is the daemon running?"
    if error.errno in (errno.EPROTOTYPE, errno.ENOTSOCK):
        return f"{where}: that is not a stream socket"
    return f"{where}: {error.strerror or error}"


def explain_all(failures: Sequence[str]) -> str:
    """One message for all the places that were tried."""
    if len(failures) == 1:
        return failures[0]
    return "no daemon found: " + "; ".join(failures)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - a Path says no more here
    except OSError:
        return True
