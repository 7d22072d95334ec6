"""A client of ``/admin/v1/events`` of a bare socket: it sees each frame and shares no code with others."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import struct
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

PATH = "/admin/v1/events"
PATIENCE = 20.0

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The server answered with another status."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status, body)
        self.status = status
        self.headers = headers
        self.body = body


class RawStream:
    """One connection.

    Args:
        address: ``unix:///path`` or ``http://host:port``.
        query: pairs; a list is repeated.
        last_id: for ``Last-Event-ID``.
        receive_buffer: of the socket, in bytes.
    """

    def __init__(
        self,
        address: str,
        *,
        query: Mapping[str, Any] | None = None,
        last_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        receive_buffer: int | None = None,
        open_it: bool = True,
    ) -> None:
        if address.startswith("unix://"):
            self.socket = socket.socket(socket.AF_UNIX)
            destination: Any = address.removeprefix("unix://")
            self.host = "localhost"
        else:
            self.socket = socket.socket(socket.AF_INET)
            self.host = address.removeprefix("http://")
            name, _, port = self.host.rpartition(":")
            destination = (name, int(port))
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(destination)
        self.received = bytearray()
        self.ready: list[dict[str, Any]] = []
        self.target = PATH + ("?" + urlencode(query, doseq=True) if query else "")
        self.headers = {"Host": self.host, **(headers or {})}
        if last_id is not None:
            self.headers["Last-Event-ID"] = last_id
        self.answer: Mapping[str, str] = {}
        if open_it:
            try:
                self.open()
            except BaseException:
                self.socket.close()
                raise

    def __enter__(self) -> RawStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def open(self) -> None:
        raise NotImplementedError

    def next(self) -> dict[str, Any]:
        """The next message, heartbeats too."""
        raise NotImplementedError

    def event(self) -> dict[str, Any]:
        """The next message that is no heartbeat."""
        while True:
            message = self.next()
            if message["type"] != "heartbeat":
                return message

    def ask(self, headers: Mapping[str, str]) -> int:
        lines = [f"GET {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        head = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        self.answer = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])
        }
        if status not in (101, 200):
            raise Refused(status, self.answer, self.exactly(int(self.answer["content-length"])))
        return status

    def more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.received += data

    def until(self, end: bytes) -> bytes:
        while (found := self.received.find(end)) < 0:
            self.more()
        return self._taken(found + len(end))

    def exactly(self, size: int) -> bytes:
        while len(self.received) < size:
            self.more()
        return self._taken(size)

    def has_ended(self) -> bool:
        """Whether the server ends the connection, whatever it sends before."""
        try:
            while True:
                self.received.clear()
                self.more()
        except (EOFError, ConnectionError):
            return True
        except TimeoutError:
            return False

    def _taken(self, size: int) -> bytes:
        taken = bytes(self.received[:size])
        del self.received[:size]
        return taken


class RawEvents(RawStream):
    """Server-sent events."""

    def open(self) -> None:
        self.text = b""
        self.ask({"Accept": "text/event-stream", **self.headers})

    def next(self) -> dict[str, Any]:
        while True:
            block, end, rest = self.text.partition(b"\n\n")
            if end:
                self.text = rest
                return self._read(block.decode())
            size = int(self.until(b"\r\n"), 16)
            chunk = self.exactly(size + 2)[:-2]
            if not size:
                raise EOFError
            self.text += chunk

    def _read(self, block: str) -> dict[str, Any]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        document: dict[str, Any] = json.loads(fields["data"])
        assert (fields["id"], fields["event"]) == (document["id"], document["type"])
        return document


class RawSocket(RawStream):
    """A WebSocket."""

    def open(self) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        asked = {
            "Upgrade": "websocket",
            "Connection": "keep-alive, Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
        }
        self.ask({**asked, **self.headers})
        accepted = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        assert self.answer["sec-websocket-accept"] == base64.b64encode(accepted).decode()

    def next(self) -> dict[str, Any]:
        while True:
            operation, data = self.frame()
            if operation == PING:
                self.send(PONG, data)
            elif operation == TEXT:
                document: dict[str, Any] = json.loads(data)
                return document
            else:
                raise EOFError(operation, data)

    def frame(self) -> tuple[int, bytes]:
        """The next frame's operation and data."""
        first, size = self.exactly(2)
        assert first & 0xF0 == 0x80, "a fragment, or bits that nobody agreed on"
        assert size < 0x80, "a server does not mask"
        if size == 126:
            size = int.from_bytes(self.exactly(2))
        elif size == 127:
            size = int.from_bytes(self.exactly(8))
        return first & 0x0F, self.exactly(size)

    def farewell(self) -> int:
        """The code that the server ends with."""
        while True:
            operation, data = self.frame()
            if operation == CLOSE:
                return int(struct.unpack("!H", data[:2])[0])

    def send(self, operation: int, data: bytes = b"", *, masked: bool = True, final: bool = True) -> None:
        """One frame."""
        self.socket.sendall(frame(operation, data, masked=masked, final=final))


def frame(operation: int, data: bytes = b"", *, masked: bool = True, final: bool = True) -> bytes:
    """A client's frame."""
    first = operation | (0x80 if final else 0)
    bit = 0x80 if masked else 0
    if len(data) < 126:
        head = bytes([first, bit | len(data)])
    elif len(data) < 1 << 16:
        head = bytes([first, bit | 126]) + len(data).to_bytes(2)
    else:
        head = bytes([first, bit | 127]) + len(data).to_bytes(8)
    if not masked:
        return head + data
    mask = b"\x37\xfa\x21\x3d"
    return head + mask + bytes(byte ^ mask[number % 4] for number, byte in enumerate(data))


KINDS: Mapping[str, type[RawStream]] = {"sse": RawEvents, "websocket": RawSocket}
