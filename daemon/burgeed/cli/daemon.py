"""Asking a running daemon, over its Unix socket or TCP, within a deadline."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from burgeed.cli.deadline_socket import DeadlineSocket
from burgeed.cli.tls import TlsFailure, explained, secured
from burgeed.cli.tls_files import TlsFiles
from burgeed.settings.errors import UnfitValue
from burgeed.settings.gathering import DEFAULT_ADDRESS, candidate_sockets
from burgeed.settings.model import Address
from burgeed.settings.values import read_address

LARGEST_BODY = 16 * 1024 * 1024


class Unreachable(Exception):
    """No daemon answered in time; the text says where it was looked for."""


class Silent(Unreachable):
    """A daemon took the connection and gave no whole answer: what was asked may have been done."""


class TlsAddress(Address):
    """A TCP port where TLS is spoken."""

    __slots__ = ()


class Answer(NamedTuple):
    """What the daemon answered."""

    status: int
    body: bytes

    def document(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return document if isinstance(document, dict) else {}


def read_daemon_address(text: str) -> Path | Address:
    """``unix://PATH``, ``http://HOST:PORT``, ``https://HOST:PORT``, a path or ``HOST:PORT``.

    Raises:
        UnfitValue: it is none of them.
    """
    unfit = UnfitValue(
        f"{text!r} is no address of a daemon", "write unix://PATH, http://HOST:PORT or https://HOST:PORT"
    )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise unfit from error
    if parts.scheme == "unix":
        return Path(text.removeprefix("unix:").removeprefix("//"))
    is_root = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if parts.scheme == "http" and parts.netloc and is_root:
        return read_address(parts.netloc if port else f"{parts.netloc}:80")
    if parts.scheme == "https" and parts.netloc and is_root:
        return TlsAddress(*read_address(parts.netloc if port else f"{parts.netloc}:443"))
    if "://" in text:
        raise unfit
    return Path(text) if "/" in text else read_address(text)


def daemon_addresses(stated: str | None, environment: Mapping[str, str]) -> list[Path | Address]:
    """Where to look for the daemon: where someone said, or else in the usual places. Raises UnfitValue."""
    named = stated or environment.get("BURGEE_ADDRESS") or environment.get("BURGEE_SOCKET")
    if named:
        return [read_daemon_address(named)]
    return [*candidate_sockets(environment), DEFAULT_ADDRESS]


def ask(
    addresses: Sequence[Path | Address],
    method: str,
    path: str,
    message: object | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    tls: TlsFiles,
    deadline: float,
    monotonic: Callable[[], float],
) -> Answer:
    """Send one request to the first address that accepts a connection.

    Args:
        message: sent as JSON; None sends no body.
        tls: for an address with https.
        deadline: seconds for all of it, whatever drips.
        monotonic: seconds from any start.

    Raises:
        Unreachable: nothing accepted, or what did refused a client without the right certificate.
        Silent: no whole answer came in time.
    """
    connection, address = connect_first(addresses, monotonic() + deadline, monotonic, tls)
    talking = explained(address.host, tls) if isinstance(address, TlsAddress) else nullcontext()
    try:
        with talking:
            return _exchange(connection, method, path, message, headers or {})
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, TlsFailure):
            failed = Unreachable if error.unheard else Silent
            raise failed(f"the daemon at {shown(address)} gave no answer: {error.strerror}") from error
        late = isinstance(error, TimeoutError)
        why = f"no answer within {deadline:g} s" if late else told(error)
        raise Silent(f"the daemon at {shown(address)} gave no answer: {why}") from error
    finally:
        connection.close()


def connect_first(
    addresses: Sequence[Path | Address], until: float, monotonic: Callable[[], float], tls: TlsFiles
) -> tuple[http.client.HTTPConnection, Path | Address]:
    """A connection to the first address that accepts one, and that address.

    Raises:
        Unreachable: none does.
    """
    tried: list[str] = []
    for address in addresses:
        try:
            return connect(address, until, monotonic, tls), address
        except OSError as error:
            tried.append(f"{shown(address)} ({error.strerror or error})")
    raise Unreachable(f"no daemon at {', nor at '.join(tried)}")


def told(error: OSError | http.client.HTTPException) -> str:
    """What went wrong in a conversation, for a person."""
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended"
    return (getattr(error, "strerror", None) or str(error)) or type(error).__name__


def connect(
    address: Path | Address, until: float, monotonic: Callable[[], float], tls: TlsFiles
) -> http.client.HTTPConnection:
    """A connection whose socket is open already, and ends each wait at ``until``. Raises OSError."""
    if isinstance(address, Address):
        connection = http.client.HTTPConnection(address.host, address.port)
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
        # A name may stand for several, and the daemon need not listen on the first: localhost is ::1 too.
        for family, _, _, _, target in found[:-1]:
            try:
                plug = _connected(family, target, until, monotonic)
                break
            except OSError:
                continue
        else:
            plug = _connected(found[-1][0], found[-1][4], until, monotonic)
    else:
        connection = http.client.HTTPConnection("localhost")
        plug = _connected(socket.AF_UNIX, str(address), until, monotonic)
    try:
        connection.sock = secured(plug, address.host, tls) if isinstance(address, TlsAddress) else plug
    except BaseException:
        plug.close()
        raise
    return connection


def _connected(family: int, target: object, until: float, monotonic: Callable[[], float]) -> DeadlineSocket:
    plug = DeadlineSocket(family, socket.SOCK_STREAM)
    plug.until, plug.monotonic = until, monotonic
    try:
        plug.limit()
        plug.connect(target)  # type: ignore[arg-type]
    except BaseException:
        plug.close()
        raise
    return plug


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    message: object | None,
    further_headers: Mapping[str, str],
) -> Answer:
    headers = {"Accept": "application/json", "Connection": "close", **further_headers}
    body = None
    if message is not None:
        headers["Content-Type"] = "application/json"
        body = orjson.dumps(message)
    # A selector may be any text; left to itself, the library writes Latin-1.
    encoded = {name: text.encode() for name, text in headers.items()}
    connection.request(method, path, body, encoded)
    response = connection.getresponse()
    content = response.read(LARGEST_BODY + 1)
    if len(content) > LARGEST_BODY:
        raise http.client.HTTPException(f"the answer is over {LARGEST_BODY} bytes")
    return Answer(response.status, content)


def shown(address: Path | Address) -> str:
    """An address as a person reads it."""
    if isinstance(address, TlsAddress):
        return f"https://{address}"
    return f"http://{address}" if isinstance(address, Address) else str(address)
