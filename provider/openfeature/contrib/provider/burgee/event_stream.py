"""The bytes of ``/sync/v1/events``, as generation events; without input or output."""

from __future__ import annotations

from burgee.errors import MessageError
from burgee.resolution import ErrorCode
from burgee.wire.ofrep import SELECTOR
from burgee.wire.sync import GENERATION_EVENT, EventParser, GenerationEvent

from .address import Address
from .exchange import Request, Unreachable, authorization
from .refusal import explain_refusal
from .transports.http1 import ResponseReader, encode_request

UNSAID = "it has not said yet what it serves; have its sources been read? `burgee ready` tells"


class EventStream:
    """One event stream, from its request to its end.

    Args:
        address: whom it is asked of.
        selector: for ``Flagd-Selector``, or empty.
        token: sent as a bearer token; empty for none.

    Attributes:
        spoke: it said what is served; for its reader to set.
    """

    def __init__(self, address: Address, selector: str, token: str = "") -> None:
        self.spoke = False
        self._address = address
        self._selector = selector
        self._token = token
        self._reader = ResponseReader(str(address), body_limit=None)
        self._parser = EventParser()
        self._checked = False

    @property
    def standing(self) -> str:
        """What can be said of it while nothing is wrong and it does not say what is served."""
        if not self._checked:
            return f"{self._address}: connected, and nothing is said there yet"
        return f"{self._address}: {UNSAID}"

    def request(self) -> bytes:
        """What opens the stream."""
        headers: tuple[tuple[str, str], ...] = (
            ("Accept", "text/event-stream"),
            ("Cache-Control", "no-store"),
        )
        if self._selector:
            headers = (*headers, (SELECTOR, self._selector))
        request = Request("GET", "/sync/v1/events", (*headers, *authorization(self._token)))
        return encode_request(request, self._address.host_header)

    def feed(self, received: bytes) -> list[GenerationEvent]:
        """Take the next bytes and return the events among them.

        Raises:
            Unreachable: this is no event stream of a daemon, or its end.
        """
        body = self._reader.feed(received)
        if self._reader.status and not self._checked:
            self._check(body)
        try:
            events = [
                GenerationEvent.read(event)
                for event in self._parser.feed(body)
                if event.event == GENERATION_EVENT
            ]
        except MessageError as error:
            raise Unreachable(f"{self._address}: {error}", code=ErrorCode.PARSE_ERROR) from None
        if self._reader.complete and not events:
            raise Unreachable(f"{self._address}: the daemon ended the event stream")
        return events

    def _check(self, body: bytes) -> None:
        where, status = self._address, self._reader.status
        if status == 503:
            raise Unreachable(f"{where}: the daemon is not ready yet (HTTP 503)")
        if status != 200:
            why = explain_refusal(status, self._reader.headers, body)
            raise Unreachable(f"{where}: no event stream: {why}")
        kind = self._reader.headers.get("content-type", "")
        if not kind.lower().startswith("text/event-stream"):
            raise Unreachable(f"{where} is no Burgee daemon: its events are {kind[:60]!r}")
        self._checked = True
