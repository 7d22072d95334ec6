"""The stream ``GET /sync/v1/events``: server-sent events, and what Burgee says in them.

The framing is that of the WHATWG HTML standard, section 9.2 (server-sent events), UTF-8 only. Two
events are spoken: ``generation`` whenever answers may have changed, and first on every connection;
``heartbeat`` at least every ``HEARTBEAT_INTERVAL`` seconds. A client that has received no byte for
``SILENT_AFTER`` seconds takes the daemon for silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson

from burgee.errors import MessageError
from burgee.generation import Generation

GENERATION_EVENT: Final = "generation"
HEARTBEAT_EVENT: Final = "heartbeat"
HEARTBEAT_INTERVAL: Final = 0.5
SILENT_AFTER: Final = 1.5

_LINE_END = re.compile(rb"\r\n|\r|\n")
_TEXT_LINE_END = re.compile(r"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ServerSentEvent(NamedTuple):
    """One event of a stream.

    Attributes:
        event: its type, ``message`` where the stream names none.
        data: the text, which may be empty.
        id: the stream's last event id at that moment, empty where there was none yet.
    """

    event: str = "message"
    data: str = ""
    id: str = ""


def encode(event: ServerSentEvent) -> bytes:
    """Write one event with its closing blank line.

    Raises:
        ValueError: type or id hold a line end, or the id a NUL; neither could be read back.
    """
    if _TEXT_LINE_END.search(event.event + event.id) or "\0" in event.id:
        raise ValueError("the type and the id of an event are one line each, the id without NUL")
    lines = []
    if event.event != "message":
        lines.append(f"event: {event.event}\n")
    if event.id:
        lines.append(f"id: {event.id}\n")
    lines.extend(f"data: {line}\n" for line in _TEXT_LINE_END.split(event.data))
    lines.append("\n")
    return "".join(lines).encode()


HEARTBEAT: Final[bytes] = encode(ServerSentEvent(HEARTBEAT_EVENT, "{}"))
"""The heartbeat as bytes, ready to be written to each client."""


class EventParser:
    """Events from the bytes of a stream, however they are cut.

    Args:
        line_limit: bytes that one line may have.
        data_limit: bytes that the data of one event may have.

    An event comes out with the byte that ends its blank line; one that the end of the stream cuts off
    never does, as the standard wants it.
    """

    def __init__(self, *, line_limit: int = 8 * 1024 * 1024, data_limit: int = 8 * 1024 * 1024) -> None:
        self._line_limit = line_limit
        self._data_limit = data_limit
        self._line = bytearray()
        self._after_carriage_return = False
        self._at_start = True
        self._event = ""
        self._data: list[str] = []
        self._data_size = 0
        self._id = ""

    def feed(self, received: bytes) -> list[ServerSentEvent]:
        """Take the next bytes and return the events that they complete.

        Raises:
            MessageError: a line or an event is longer than its limit; the stream cannot be read on.
        """
        if not received:
            return []
        if self._after_carriage_return and received.startswith(b"\n"):
            received = received[1:]
            self._after_carriage_return = False
            if not received:
                return []
        self._after_carriage_return = received.endswith(b"\r")
        events: list[ServerSentEvent] = []
        pieces = _LINE_END.split(received)
        for piece in pieces[:-1]:
            self._extend_line(piece)
            line = bytes(self._line)
            self._line.clear()
            if self._at_start:
                self._at_start = False
                line = line.removeprefix(_BYTE_ORDER_MARK)
            if line:
                self._take_field(line)
            else:
                self._dispatch(events)
        self._extend_line(pieces[-1])
        return events

    def _extend_line(self, piece: bytes) -> None:
        if len(self._line) + len(piece) > self._line_limit:
            raise MessageError("PARSE_ERROR", f"a line of the stream is over {self._line_limit} bytes")
        self._line += piece

    def _take_field(self, line: bytes) -> None:
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data_size += len(line)
            if self._data_size > self._data_limit:
                raise MessageError("PARSE_ERROR", f"an event's data is over {self._data_limit} bytes")
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        if self._data:
            events.append(ServerSentEvent(self._event or "message", "\n".join(self._data), self._id))
        self._event = ""
        self._data.clear()
        self._data_size = 0


@dataclass(frozen=True, slots=True)
class GenerationEvent:
    """What the daemon serves from now on.

    Attributes:
        epoch, number: the generation.
        etag: the snapshot's, as in ``GET /sync/v1/snapshot``.
        flags_changed: keys whose answers may differ from those before this event, dependents included;
            None where that is not known.
        reason: why, such as ``config`` or ``time``.
        times: how often it has been said of this generation that time alone changed answers. Whoever missed
            events learns from it whether one of them was of that kind.
    """

    epoch: str
    number: int
    etag: str = ""
    flags_changed: frozenset[str] | None = frozenset()
    reason: str = ""
    times: int = 0

    @property
    def generation(self) -> Generation:
        """The generation that is served."""
        return Generation(self.epoch, self.number)

    def encode(self) -> bytes:
        """Write the event as it stands in the stream, its id the generation."""
        document = {
            "epoch": self.epoch,
            "number": self.number,
            "etag": self.etag,
            "flagsChanged": None if self.flags_changed is None else sorted(self.flags_changed),
            "reason": self.reason,
            "times": self.times,
        }
        return encode(
            ServerSentEvent(GENERATION_EVENT, orjson.dumps(document).decode(), str(self.generation))
        )

    @classmethod
    def read(cls, event: ServerSentEvent) -> GenerationEvent:
        """Read what ``encode`` wrote, unknown fields left aside.

        Raises:
            MessageError: the data is not JSON, or a field is missing or of another type.
        """
        try:
            document = orjson.loads(event.data)
        except ValueError as error:
            raise MessageError(
                "PARSE_ERROR", f"the data of a generation event is not JSON: {error}"
            ) from None
        if not isinstance(document, dict):
            raise MessageError("PARSE_ERROR", "the data of a generation event is not an object")
        epoch, number = document.get("epoch"), document.get("number")
        if not isinstance(epoch, str) or isinstance(number, bool) or not isinstance(number, int):
            raise MessageError(
                "PARSE_ERROR", "a generation event needs a text `epoch` and an integer `number`"
            )
        changed = document.get("flagsChanged")
        if changed is not None and not _is_list_of_text(changed):
            raise MessageError(
                "PARSE_ERROR", "`flagsChanged` of a generation event is not a list of flag keys"
            )
        etag, reason, times = document.get("etag"), document.get("reason"), document.get("times")
        return cls(
            epoch,
            number,
            etag if isinstance(etag, str) else "",
            None if changed is None else frozenset(changed),
            reason if isinstance(reason, str) else "",
            times if isinstance(times, int) and not isinstance(times, bool) else 0,
        )


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and _all_text(value)


def _all_text(members: Iterable[object]) -> bool:
    return all(isinstance(member, str) for member in members)
