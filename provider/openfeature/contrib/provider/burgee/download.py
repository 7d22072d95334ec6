"""The daemon's snapshot over HTTP, ``GET /sync/v1/snapshot``: what to ask, and what to make of the answer."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Generator, Sequence
from typing import Final

from burgee.generation import Generation
from burgee.resolution import ErrorCode

from .clock import Clock
from .exchange import Request, Response, Unreachable, authorization
from .refusal import refusal_details
from .transports.blocking import BlockingTransport, connect
from .transports.connection import Connection
from .transports.endpoint import Whereabouts
from .transports.idle import IdleConnections

SNAPSHOT_PATH: Final = "/sync/v1/snapshot"
LARGEST_SNAPSHOT: Final = 256 * 1024 * 1024
"""Bytes, compressed or not."""

DOWNLOAD_DEADLINE: Final = 10.0
"""Seconds that one download may take, all in all."""

_LASTING: Final = frozenset({401, 403, 404, 405, 501})
"""Statuses that asking again soon will not change."""


class NotDownloaded(Unreachable):
    """The daemon answered, but not with a snapshot.

    Attributes:
        lasting: asking again soon will not change it.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message, code=ErrorCode.GENERAL)
        self.lasting = lasting


def download(
    token: str, held: Generation | None, *, limit: int = LARGEST_SNAPSHOT
) -> Generator[Request, Response, bytes | None]:
    """Ask for the snapshot.

    Args:
        token: sent as a bearer token; empty for none.
        held: what is held already.
        limit: bytes that the snapshot may have.

    Returns:
        Its bytes, unchecked; None where ``held`` is what is served.

    Raises:
        Unreachable: no usable answer.
    """
    headers: list[tuple[str, str]] = [
        ("Accept", "application/octet-stream, application/json"),
        ("Accept-Encoding", "gzip"),
        ("Connection", "close"),
    ]
    if held is not None:
        headers.append(("If-None-Match", f'"{held}"'))
    headers += authorization(token)
    response = yield Request("GET", SNAPSHOT_PATH, tuple(headers), answer_limit=limit, encodings=("gzip",))
    if response.status == 304 and held is not None:
        return None
    if response.status != 200:
        raise NotDownloaded(
            f"the daemon gives no snapshot (HTTP {response.status}): {_details(response)}",
            lasting=response.status in _LASTING,
        )
    if response.headers.get("content-encoding", "identity").lower() == "gzip":
        return _unpacked(response.body, limit)
    return response.body


def _unpacked(packed: bytes, limit: int) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    try:
        data = unpacking.decompress(packed, limit + 1)
    except zlib.error as error:
        raise NotDownloaded(f"the daemon's snapshot cannot be unpacked: {error}") from None
    if len(data) > limit:
        raise NotDownloaded(f"the daemon's snapshot has over {limit} bytes", lasting=True)
    if not unpacking.eof:
        raise NotDownloaded("the daemon's snapshot ends in the middle of its compressed bytes")
    return data


def _details(response: Response) -> str:
    if 300 <= response.status < 400:
        return f"redirected to {response.headers.get('location', 'elsewhere')}"
    return refusal_details(response.body) or "it does not say why"


class Downloader:
    """Downloads in the calling thread, over a connection of its own each time.

    Args:
        places: where the daemon may be.
        token: sent as a bearer token; empty for none.
        clock: for the deadline.
    """

    def __init__(self, places: Sequence[Whereabouts], token: str, clock: Clock) -> None:
        self._places = tuple(places)
        self._token = token
        self._clock = clock
        self._idle = IdleConnections()
        self._transport = BlockingTransport(self._places, self._idle, clock)
        self._connection: Connection | None = None

    def fetch(self, held: Generation | None) -> bytes | None:
        """Get the snapshot's bytes, unchecked; None where ``held`` is what is served. One thread at a time.

        Raises:
            Unreachable: no usable answer, or not in time.
        """
        expires = self._clock.monotonic() + DOWNLOAD_DEADLINE
        self._connection = connect(self._places, expires, self._clock)
        self._idle.give(self._connection)
        try:
            return self._transport.run(download(self._token, held), expires - self._clock.monotonic())
        finally:
            self._connection = None
            self._idle.close()

    def abort(self) -> None:
        """Have a download that is under way fail at once."""
        connection = self._connection
        if connection is not None:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def after_fork(self) -> None:
        """In a forked child: the connection is the parent's."""
        self._connection = None
