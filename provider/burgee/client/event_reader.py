"""The bytes of one stream of server-sent events, as messages; without input or output."""

from __future__ import annotations

from typing import Final, Protocol

from openfeature.contrib.provider.burgee.address import Address
from openfeature.contrib.provider.burgee.exchange import Request
from openfeature.contrib.provider.burgee.transports.http1 import ResponseReader, encode_request

from burgee.client.errors import Unreachable, refusal
from burgee.errors import MessageError
from burgee.resolution import ErrorCode
from burgee.wire.control_events import Message, read
from burgee.wire.sync import EventParser

LARGEST_REFUSAL: Final = 64 * 1024
"""Bytes of an error that are read."""


class StreamReader(Protocol):
    """One stream, from its request to its end."""

    @property
    def opened(self) -> bool:
        """Whether the daemon has agreed to it."""
        ...

    def request(self) -> bytes:
        """What opens it."""
        ...

    def feed(self, received: bytes) -> list[Message]:
        """Take the next bytes, none of which is the connection's end, and return the messages among them.

        Raises:
            Refused: the daemon says no.
            Unreachable: it is no stream of a daemon, or its end.
        """
        ...

    def reply(self) -> bytes:
        """What to send in return; may be empty."""
        ...


class EventReader:
    """Server-sent events.

    Args:
        address: whom it is asked of.
        target: path and query.
        headers: beside those of every stream.
    """

    def __init__(self, address: Address, target: str, headers: tuple[tuple[str, str], ...]) -> None:
        self.opened = False
        self._address = address
        self._target = target
        self._headers = headers
        self._reader = ResponseReader(str(address), body_limit=None)
        self._parser = EventParser()
        self._refusal = bytearray()

    def request(self) -> bytes:
        """See :meth:`StreamReader.request`."""
        headers = (("Accept", "text/event-stream"), ("Cache-Control", "no-store"), *self._headers)
        return encode_request(Request("GET", self._target, headers), self._address.host_header)

    def feed(self, received: bytes) -> list[Message]:
        """See :meth:`StreamReader.feed`."""
        body = self._feed(received)
        if self._reader.status and not self.opened and not self._check(body):
            return []
        try:
            messages = [read(event.data) for event in self._parser.feed(body) if event.data]
        except MessageError as error:
            raise Unreachable(f"{self._address}: {error}", code=ErrorCode.PARSE_ERROR) from None
        if self._reader.complete and not messages:
            raise Unreachable(f"{self._address}: the daemon ended the stream of events")
        return messages

    def reply(self) -> bytes:
        """Nothing."""
        return b""

    def _feed(self, received: bytes) -> bytes:
        if received:
            return self._reader.feed(received)
        if self.opened or not self._reader.status:
            raise Unreachable(f"{self._address}: the connection ended")
        raise refusal(self._address, self._reader.status, bytes(self._refusal))

    def _check(self, body: bytes) -> bool:
        """Whether the stream is open; raises where it never will be."""
        where, status = self._address, self._reader.status
        if status == 200:
            kind = self._reader.headers.get("content-type", "")
            if not kind.lower().startswith("text/event-stream"):
                raise Unreachable(f"{where} is no Burgee daemon: its events are {kind[:60]!r}")
            self.opened = True
            return True
        self._refusal += body[:LARGEST_REFUSAL]
        if self._reader.complete or len(self._refusal) >= LARGEST_REFUSAL:
            raise refusal(where, status, bytes(self._refusal))
        return False
