"""Where the daemon is: a Unix socket, or a TCP port with TLS or without."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_PORT = 8016
LONGEST_SOCKET_PATH = 107
"""Bytes: `sun_path` of Linux less its closing NUL."""

_FORMS = "write unix:///run/burgee/burgee.sock, http://127.0.0.1:8016 or https://host:8016"
_HOST = re.compile(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+")
_CERTIFIABLE_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
"""Without an empty label: a certificate names none."""


class AddressError(ValueError):
    """A text that is no address of a daemon; the message says what would be."""


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A Unix socket.

    Attributes:
        path: absolute.
    """

    path: str

    @property
    def host_header(self) -> str:
        """What the HTTP header ``Host`` says."""
        return "localhost"

    def __str__(self) -> str:
        return f"unix://{self.path}"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP port.

    Attributes:
        host: a name or a numeric address, without brackets. With TLS, the daemon's certificate has to be for
            it.
        port: 1 to 65535.
        tls: whether TLS is spoken there.
    """

    host: str
    port: int
    tls: bool = False

    @property
    def host_header(self) -> str:
        """What the HTTP header ``Host`` says."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host_header}"


Address = UnixAddress | TcpAddress


def parse_address(text: str) -> Address:
    """Read ``unix:///path``, ``http://host:port`` or ``https://host:port``.

    Raises:
        AddressError: it is none of them.
    """
    if not isinstance(text, str):
        raise AddressError(f"an address is text, not {type(text).__name__}: {_FORMS}")
    if text.startswith("unix:"):
        return _parse_unix(text)
    if text.startswith("/"):
        raise AddressError(f"{text!r} has no scheme: write unix://{text}")
    return _parse_http(text)


def addresses_of(address: str | None, environment: Mapping[str, str] = os.environ) -> tuple[Address, ...]:
    """Where to look for the daemon, in order.

    Args:
        address: as an option; None searches this machine.
        environment: for the search.

    Raises:
        AddressError: there is one, and it is none.
    """
    return default_addresses(environment) if address is None else (parse_address(address),)


def default_addresses(environment: Mapping[str, str]) -> tuple[Address, ...]:
    """Where a daemon on this machine listens when nobody says otherwise, in the order to try."""
    paths = []
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        paths.append(f"{runtime.rstrip('/')}/burgee/burgee.sock")
    paths.append("/run/burgee/burgee.sock")
    sockets = [UnixAddress(path) for path in paths if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH]
    return (*sockets, TcpAddress("127.0.0.1", DEFAULT_PORT))


def _parse_unix(text: str) -> UnixAddress:
    rest = text.removeprefix("unix:")
    path = rest.removeprefix("//")
    if not path.startswith("/"):
        raise AddressError(f"{text!r} needs an absolute path: {_FORMS}")
    if "\0" in path:
        raise AddressError(f"{text!r} holds a NUL: {_FORMS}")
    length = len(os.fsencode(path))
    if length > LONGEST_SOCKET_PATH:
        raise AddressError(
            f"{text!r}: the path of a Unix socket has at most {LONGEST_SOCKET_PATH} bytes, this one {length}"
        )
    return UnixAddress(path)


def _parse_http(text: str) -> TcpAddress:
    if not text.isprintable():
        raise AddressError(f"{text!r} holds what no address does: {_FORMS}")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname
    except ValueError as error:
        raise AddressError(f"{text!r} is no address ({error}): {_FORMS}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise AddressError(f"{text!r} is no address of a daemon: {_FORMS}")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise AddressError(f"{text!r}: only host and port make an address, nothing before or after: {_FORMS}")
    tls = parts.scheme == "https"
    if not (_CERTIFIABLE_HOST if tls else _HOST).fullmatch(host):
        raise AddressError(f"{text!r}: {host!r} is no host name: {_FORMS}")
    if port is None or port == 0:
        raise AddressError(f"{text!r} names no port: write {TcpAddress(host, DEFAULT_PORT, tls)}")
    return TcpAddress(host, port, tls)
