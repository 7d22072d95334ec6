"""HTTP/1.1 as a client, without input or output (RFC 9112): a request to bytes, bytes to a response.

Strict: what a careful server would never send is refused rather than guessed at, since nobody but the daemon
is expected at the other end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache

from burgee.resolution import ErrorCode
from burgee.wire.tls_failures import IS_TLS, begins_record

from ..exchange import Request, Unreachable
from .heads import COMMON_HEAD, Garbled, Head, head_of

LARGEST_HEAD = 32 * 1024
"""Bytes of status line and headers, and of chunk sizes with their extensions, and of trailers."""

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?", re.DOTALL)
_LENGTH = re.compile(r"\d{1,12}", re.ASCII)
_OPENING = b"HTTP/1."


def encode_request(request: Request, host: str) -> bytes:
    """Write a request.

    Args:
        request: its target and headers free of line ends.
        host: for the header ``Host``.
    """
    head = _request_head(request.method, request.target, request.headers, host)
    if request.body or request.method == "POST":
        return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(request.body), request.body)
    return head + b"\r\n"


@lru_cache(maxsize=1024)
def _request_head(method: str, target: str, headers: tuple[tuple[str, str], ...], host: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "User-Agent: burgee-provider"]
    lines.extend(f"{name}: {value}" for name, value in headers)
    lines.append("")
    return "\r\n".join(lines).encode("ascii")


class _Expect(Enum):
    HEAD = 1
    LENGTH = 2
    CHUNK_SIZE = 3
    CHUNK = 4
    CHUNK_END = 5
    TRAILERS = 6
    END_OF_STREAM = 7
    NOTHING = 8


class ResponseReader:
    """Reads one response from bytes, however they are cut.

    Args:
        peer: who sends, for messages; written when one is needed.
        body_limit: bytes that the body may have in all; None for a stream without end.
        encodings: that the body may have; it comes out as it came in.

    Attributes:
        status: 0 until the head is complete.
        headers: names in lower case; repeated ones joined with ", ".
        complete: the response is whole.
        started: something was received.
    """

    def __init__(self, peer: object, *, body_limit: int | None, encodings: tuple[str, ...] = ()) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.started = False
        self._peer = peer
        self._body_limit = body_limit
        self._encodings = ("identity", *encodings)
        self._received = 0
        self._buffer = bytearray()
        self._expect = _Expect.HEAD
        self._remaining = 0
        self._keeps_alive = False

    @property
    def complete(self) -> bool:
        """Whether the response is whole."""
        return self._expect is _Expect.NOTHING

    @property
    def reusable(self) -> bool:
        """Whether another request may go over the same connection."""
        return self.complete and self._keeps_alive and not self._buffer

    def feed(self, received: bytes) -> bytes:
        """Take the next bytes and return those of the body among them.

        Raises:
            Unreachable: PARSE_ERROR where this is not HTTP/1.1, GENERAL where a limit is exceeded.
        """
        if not self.started:
            self.started = bool(received)
            body = self._whole(received)
            if body is not None:
                return body
        self._buffer += received
        pieces: list[bytes] = []
        while self._step(pieces):
            pass
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def end(self) -> None:
        """Hear that the sender closed the connection.

        Raises:
            Unreachable: in the middle of the response.
        """
        if self._expect is _Expect.END_OF_STREAM:
            self._expect = _Expect.NOTHING
        elif not self.started:
            raise Unreachable(f"{self._peer} closed the connection without an answer")
        elif not self.complete:
            raise Unreachable(
                f"{self._peer} closed the connection in the middle of its answer", code=ErrorCode.GENERAL
            )

    def _step(self, pieces: list[bytes]) -> bool:
        """Consume one element from the buffer; whether there may be more."""
        match self._expect:
            case _Expect.HEAD:
                return self._step_head()
            case _Expect.LENGTH | _Expect.CHUNK:
                return self._step_counted(pieces)
            case _Expect.CHUNK_SIZE:
                return self._step_chunk_size()
            case _Expect.CHUNK_END:
                return self._step_chunk_end()
            case _Expect.TRAILERS:
                return self._step_trailers()
            case _Expect.END_OF_STREAM:
                self._take(pieces, len(self._buffer))
        return False

    def _step_head(self) -> bool:
        if not self._buffer.startswith(_OPENING[: len(self._buffer)]):
            if begins_record(self._buffer):
                raise Unreachable(f"{self._peer}: {IS_TLS}", code=ErrorCode.PARSE_ERROR)
            raise self._garbled(f"it does not speak HTTP/1.1 but says {bytes(self._buffer[:40])!r}")
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or end > LARGEST_HEAD:
            self._bound(len(self._buffer), "headers")
            return False
        head = self._head(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        if head.status < 200:
            if head.status == 101:
                raise self._garbled("it changes the protocol, unasked")
            return True
        self.status, self.headers, self._keeps_alive, _ = head
        self._begin_body()
        return True

    def _head(self, head: bytes) -> Head:
        try:
            return head_of(head)
        except Garbled as garbled:
            raise self._garbled(str(garbled)) from None

    def _whole(self, received: bytes) -> bytes | None:
        """The body, where the response came whole and at once, as most do; None where it takes steps."""
        end = received.find(b"\r\n\r\n", 0, COMMON_HEAD + 4)
        if end < 0 or not received.startswith(_OPENING):
            return None
        head = self._head(received[:end])
        body = received[end + 4 :]
        if head.length != len(body) or head.status < 200 or head.status in (204, 304):
            return None
        self._count(len(body))
        self.status, self.headers, self._keeps_alive, _ = head
        self._expect = _Expect.NOTHING
        return body

    def _begin_body(self) -> None:
        length = self.headers.get("content-length")
        encoding = self.headers.get("transfer-encoding")
        if self.headers.get("content-encoding", "identity").lower() not in self._encodings:
            raise self._garbled("it encoded the answer, unasked")
        if self.status in (204, 304):
            self._expect = _Expect.NOTHING
        elif encoding is not None:
            if length is not None or encoding.lower() != "chunked":
                raise self._garbled(f"it sent transfer-encoding {encoding[:40]!r} and a length of {length}")
            self._expect = _Expect.CHUNK_SIZE
        elif length is not None:
            if not _LENGTH.fullmatch(length):
                raise self._garbled(f"it sent content-length {length[:40]!r}")
            self._expect_counted(int(length), _Expect.LENGTH)
        else:
            self._keeps_alive = False
            self._expect = _Expect.END_OF_STREAM

    def _expect_counted(self, length: int, expect: _Expect) -> None:
        self._count(length)
        self._remaining = length
        self._expect = expect if length else _Expect.NOTHING

    def _step_counted(self, pieces: list[bytes]) -> bool:
        taken = min(self._remaining, len(self._buffer))
        if taken:
            pieces.append(bytes(self._buffer[:taken]))
            del self._buffer[:taken]
            self._remaining -= taken
        if self._remaining:
            return False
        self._expect = _Expect.NOTHING if self._expect is _Expect.LENGTH else _Expect.CHUNK_END
        return True

    def _step_chunk_size(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            self._bound(len(self._buffer), "chunk sizes")
            return False
        size = _CHUNK_SIZE.fullmatch(self._buffer, 0, end)
        if not size:
            raise self._garbled(f"it sent the chunk size {bytes(self._buffer[: min(end, 40)])!r}")
        length = int(size[1], 16)
        del size  # a match holds the buffer, which must be free to shrink
        del self._buffer[: end + 2]
        if length:
            self._expect_counted(length, _Expect.CHUNK)
        else:
            self._expect = _Expect.TRAILERS
        return True

    def _step_chunk_end(self) -> bool:
        if len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            raise self._garbled("a chunk is longer than its size")
        del self._buffer[:2]
        self._expect = _Expect.CHUNK_SIZE
        return True

    def _step_trailers(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0 or end > LARGEST_HEAD:
            self._bound(len(self._buffer), "trailers")
            return False
        del self._buffer[: end + 2]
        if end == 0:
            self._expect = _Expect.NOTHING
        return True

    def _take(self, pieces: list[bytes], size: int) -> None:
        self._count(size)
        pieces.append(bytes(self._buffer[:size]))
        del self._buffer[:size]

    def _count(self, size: int) -> None:
        if self._body_limit is None:
            return
        self._received += size
        if self._received > self._body_limit:
            raise Unreachable(
                f"{self._peer}: the answer is over the limit of {self._body_limit} bytes: {self._received}",
                code=ErrorCode.GENERAL,
            )

    def _bound(self, size: int, what: str) -> None:
        if size > LARGEST_HEAD:
            raise Unreachable(f"{self._peer}: {what} over {LARGEST_HEAD} bytes", code=ErrorCode.GENERAL)

    def _garbled(self, what: str) -> Unreachable:
        return Unreachable(f"{self._peer} is no Burgee daemon: {what}", code=ErrorCode.PARSE_ERROR)
