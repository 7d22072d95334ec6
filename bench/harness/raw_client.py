"""HTTP/1.1 with next to nothing around it: what a round trip costs at least."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

EVALUATE = "/ofrep/v1/evaluate/flags"
LONGEST_WAIT = 10.0


class Answer(NamedTuple):
    """A whole response.

    Attributes:
        status: of HTTP.
        body: its bytes.
        length: bytes of head and body.
    """

    status: int
    body: bytes
    length: int


def evaluation(address: str, path: str, context: Mapping[str, Any]) -> bytes:
    """The bytes of a request for an evaluation, for the server at ``address``."""
    body = json.dumps({"context": dict(context)}, separators=(",", ":")).encode()
    return request("POST", address, path, body)


def request(method: str, address: str, path: str, body: bytes = b"") -> bytes:
    """The bytes of any request."""
    host = "localhost" if address.startswith("unix://") else address.removeprefix("http://")
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def connect(address: str) -> socket.socket:
    """Connect to ``unix:///path`` or ``http://host:port``."""
    if address.startswith("unix://"):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(LONGEST_WAIT)
        peer.connect(address.removeprefix("unix://"))
        return peer
    host, _, port = address.removeprefix("http://").rpartition(":")
    peer = socket.create_connection((host, int(port)), LONGEST_WAIT)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


class RawConnection:
    """A connection that is kept.

    Args:
        address: ``unix:///path`` or ``http://host:port``.
    """

    def __init__(self, address: str) -> None:
        self.socket = connect(address)

    def exchange(self, message: bytes) -> Answer:
        """Send a request and read its answer, which has to state its length."""
        self.socket.sendall(message)
        received = self.socket.recv(65536)
        while (head := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        start = received.lower().index(b"content-length:", 0, head) + len(b"content-length:")
        length = head + 4 + int(received[start : received.index(b"\r\n", start)])
        while len(received) < length:
            received += self._more()
        return Answer(int(received[9:12]), received[head + 4 :], length)

    def close(self) -> None:
        """Close it."""
        self.socket.close()

    def _more(self) -> bytes:
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError("the server closed the connection")
        return received
