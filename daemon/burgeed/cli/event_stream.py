"""Following a daemon's ``/admin/v1/events``: resumed after a loss, without a gap where it remembers."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from burgee.errors import MessageError
from burgee.wire.control_events import Message, read
from burgee.wire.sync import EventParser
from burgeed.cli.daemon import LARGEST_BODY, Answer, Unreachable, connect_first, told
from burgeed.cli.tls_files import TlsFiles
from burgeed.clock import Clock
from burgeed.settings.model import Address

SILENCE = 45.0
"""Seconds without a byte after which a daemon is given up; it sends a heartbeat every 15."""

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0
"""Seconds before another attempt, at most; each attempt waits a random part of what doubles in between."""

_READ_AT_ONCE = 65_536


class Lost(NamedTuple):
    """The stream broke, and is tried again; ``why`` is for a person."""

    why: str


class StreamRefused(Exception):
    """The daemon answered with something that is no stream."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


def follow(
    addresses: Sequence[Path | Address],
    path: str,
    *,
    headers: Mapping[str, str],
    last_event_id: str = "",
    tls: TlsFiles,
    deadline: float,
    clock: Clock,
    uniform: Callable[[float, float], float],
    silence: float = SILENCE,
) -> Iterator[Message | Lost]:
    """Every message of the stream, heartbeats too, for ever.

    Args:
        path: with its query.
        tls: for an address with https.
        deadline: seconds for a connection and the head of the answer.
        uniform: like random.uniform, for the jitter between attempts.

    Raises:
        Unreachable: no daemon accepted the first connection.
        StreamRefused: the daemon will not have it; not for 503, which passes, but on the first attempt.
    """
    attempt, connected = 0, False
    while True:
        try:
            for message in _once(addresses, path, headers, last_event_id, tls, deadline, clock, silence):
                attempt, connected = 0, True
                last_event_id = str(message.position)
                yield message
            why = "the daemon ended the stream"
        except (Unreachable, OSError, http.client.HTTPException, MessageError) as error:
            if not connected and isinstance(error, Unreachable):
                raise
            why = str(error) if isinstance(error, Unreachable | MessageError) else told(error)
        except StreamRefused as refusal:
            if not connected or refusal.answer.status != 503:
                raise
            why = str(refusal)
        yield Lost(why)
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(attempt, 10))
        attempt += 1
        asyncio.run(clock.sleep(uniform(0, delay)))


def _once(
    addresses: Sequence[Path | Address],
    path: str,
    headers: Mapping[str, str],
    last_event_id: str,
    tls: TlsFiles,
    deadline: float,
    clock: Clock,
    silence: float,
) -> Iterator[Message]:
    connection, _ = connect_first(addresses, clock.monotonic() + deadline, clock.monotonic, tls)
    # With the answer's head, the connection lets go of its socket.
    plug: Any = connection.sock
    try:
        further = {"Last-Event-ID": last_event_id} if last_event_id else {}
        connection.request("GET", path, headers={"Accept": "text/event-stream", **headers, **further})
        with connection.getresponse() as response:
            if response.status != 200:
                raise StreamRefused(Answer(response.status, response.read(LARGEST_BODY)))
            parser = EventParser()
            while True:
                plug.until = clock.monotonic() + silence
                received = response.read1(_READ_AT_ONCE)
                if not received:
                    return
                for event in parser.feed(received):
                    yield read(event.data)
    finally:
        connection.close()
