"""The bytes of one WebSocket (RFC 6455), as messages; without input or output.

Strict: the daemon sends unfragmented text frames, pings and a close frame; anything else is no daemon.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Final

from openfeature.contrib.provider.burgee.address import Address
from openfeature.contrib.provider.burgee.exchange import Request
from openfeature.contrib.provider.burgee.transports.heads import Garbled, Head, head_of
from openfeature.contrib.provider.burgee.transports.http1 import LARGEST_HEAD, ResponseReader, encode_request

from burgee.client.errors import Unreachable, refusal
from burgee.client.event_reader import LARGEST_REFUSAL
from burgee.errors import MessageError
from burgee.resolution import ErrorCode
from burgee.wire.control_events import Message, read

LARGEST_FRAME: Final = 8 * 1024 * 1024
_SALT: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A


class SocketReader:
    """A WebSocket.

    Args:
        address: whom it is asked of.
        target: path and query.
        headers: beside those of every handshake.
        entropy: random bytes that nobody can foresee, for the key and for masks.
    """

    def __init__(
        self,
        address: Address,
        target: str,
        headers: tuple[tuple[str, str], ...],
        entropy: Callable[[int], bytes],
    ) -> None:
        self.opened = False
        self._address = address
        self._target = target
        self._headers = headers
        self._entropy = entropy
        self._key = base64.b64encode(entropy(16))
        self._buffer = bytearray()
        self._refused: ResponseReader | None = None
        self._refusal = bytearray()
        self._reply = bytearray()

    def request(self) -> bytes:
        """See :meth:`StreamReader.request`."""
        headers = (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", self._key.decode()),
            ("Sec-WebSocket-Version", "13"),
            *self._headers,
        )
        return encode_request(Request("GET", self._target, headers), self._address.host_header)

    def feed(self, received: bytes) -> list[Message]:
        """See :meth:`StreamReader.feed`."""
        if self._refused is not None:
            self._feed_refusal(self._refused, received)
            return []
        if not received:
            raise Unreachable(f"{self._address}: the connection ended")
        self._buffer += received
        if not self.opened and not self._shake_hands():
            return []
        messages: list[Message] = []
        try:
            while (frame := self._frame()) is not None:
                operation, data = frame
                if operation == _TEXT:
                    messages.append(read(data))
                elif operation == _PING:
                    self._reply += self._masked(_PONG, data)
                elif operation == _CLOSE and not messages:
                    raise Unreachable(f"{self._address}: the daemon ended the stream of events")
                elif operation == _CLOSE:
                    break
        except MessageError as error:
            raise Unreachable(f"{self._address}: {error}", code=ErrorCode.PARSE_ERROR) from None
        return messages

    def reply(self) -> bytes:
        """Pongs."""
        reply = bytes(self._reply)
        self._reply.clear()
        return reply

    def _shake_hands(self) -> bool:
        """Whether the daemon has agreed."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > LARGEST_HEAD:
                raise self._garbled("its answer has no end")
            return False
        try:
            head = head_of(bytes(self._buffer[:end]))
        except Garbled as garbled:
            raise self._garbled(str(garbled)) from None
        if head.status != 101:
            self._refused = ResponseReader(self._address, body_limit=LARGEST_REFUSAL)
            self._feed_refusal(self._refused, bytes(self._buffer))
            return False
        self._check(head)
        del self._buffer[: end + 4]
        self.opened = True
        return True

    def _check(self, head: Head) -> None:
        # SHA-1 as the protocol has it: it proves that a WebSocket was understood, and no more.
        wanted = base64.b64encode(hashlib.sha1(self._key + _SALT, usedforsecurity=False).digest()).decode()
        if head.headers.get("sec-websocket-accept") != wanted:
            raise self._garbled("it accepts another WebSocket than this one")
        if "sec-websocket-extensions" in head.headers:
            raise self._garbled("it extends the protocol, unasked")

    def _feed_refusal(self, reader: ResponseReader, received: bytes) -> None:
        if received:
            self._refusal += reader.feed(received)
        if reader.complete or not received:
            raise refusal(self._address, reader.status, bytes(self._refusal))

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole frame, taken from the buffer."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        operation, size = buffer[0], buffer[1]
        if operation not in (_TEXT, _CLOSE, _PING, _PONG) or size > 127:
            raise self._garbled(f"it sent a frame that begins with {bytes(buffer[:2])!r}")
        begin = {126: 4, 127: 10}.get(size, 2)
        if len(buffer) < begin:
            return None
        if begin > 2:
            size = int.from_bytes(buffer[2:begin])
        if size > LARGEST_FRAME:
            raise self._garbled(f"it sent a frame of {size} bytes")
        if len(buffer) < begin + size:
            return None
        data = bytes(buffer[begin : begin + size])
        del buffer[: begin + size]
        return operation, data

    def _masked(self, operation: int, data: bytes) -> bytes:
        """A client's frame; a control frame's data are 125 bytes at most."""
        mask = self._entropy(4)
        body = bytes(byte ^ mask[number % 4] for number, byte in enumerate(data[:125]))
        return bytes([operation, 0x80 | len(body)]) + mask + body

    def _garbled(self, what: str) -> Unreachable:
        return Unreachable(f"{self._address} is no Burgee daemon: {what}", code=ErrorCode.PARSE_ERROR)
