"""The daemon's snapshot over HTTP, ``GET /sync/v1/snapshot``: what to ask, and what to make of the answer."""

from __future__ import annotations

import zlib
from collections.abc import Generator
from typing import Final

from burgee.generation import Generation
from burgee.resolution import ErrorCode

from .exchange import Request, Response, Unreachable, authorization
from .refusal import explain_refusal

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
            f"{response.address or 'the daemon'} gives no snapshot: "
            f"{explain_refusal(response.status, response.headers, response.body)}",
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
