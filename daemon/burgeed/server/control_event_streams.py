"""One open stream of control-plane events: what is written to it, and no faster than it is read.

Bytes go straight to the transport, framed as server-sent events or as WebSocket frames; all else is the same
for both. What waits for a subscriber that does not read is at most two portions and one event in its buffer,
and the kernel's; the rest stays in the log that all share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from aiohttp import web

from burgee.wire.control_events import (
    HEARTBEAT,
    RESET,
    HeartbeatMessage,
    Position,
    ResetMessage,
    Why,
    encode,
    server_sent,
)
from burgeed.clock import Clock
from burgeed.control.event_log import EventLog
from burgeed.control.event_record import Record
from burgeed.control.event_subscription import EventSubscription, Selection
from burgeed.server.event_stream import Unread, open_transport
from burgeed.server.limits import Limits

PING = b"\x89\x00"
"""A WebSocket's ping (RFC 6455, section 5.5.2)."""

SILENT_BEATS = 2.5
"""Heartbeats that a client may leave unanswered that has to answer."""

Framing: TypeAlias = Callable[[Position, str, bytes], bytes]
"""A message's position, type and JSON as they stand on the connection."""


class Told(NamedTuple):
    """What a stream is told at one place of the history.

    Attributes:
        data: framed; empty where nothing there is of interest.
        until: the last event that was looked at.
    """

    data: bytes
    until: int


Shared: TypeAlias = dict[tuple[Selection, Framing, int], Told]
"""What streams of the same selection and framing are told after the same event."""


def chunked(position: Position, kind: str, document: bytes) -> bytes:
    """A server-sent event as a chunk of HTTP/1.1 (RFC 9112, section 7.1)."""
    event = server_sent(position, kind, document)
    return b"%x\r\n%b\r\n" % (len(event), event)


def text_frame(position: Position, kind: str, document: bytes) -> bytes:
    """A message as one text frame from a server: final, unmasked (RFC 6455, section 5.2)."""
    size = len(document)
    if size < 126:
        return b"\x81" + size.to_bytes() + document
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2) + document
    return b"\x81\x7f" + size.to_bytes(8) + document


class ControlEventStream:
    """Tells one subscriber what it wants to hear, until it ends or is ended.

    Args:
        request: prepared already; what is written goes to its transport.
        subscription: closed by its owner.
        framing: how messages stand on the connection.
        pinged: whether the client has to answer each heartbeat, as one of a WebSocket can.

    Attributes:
        token_id: of the token that it was opened with; empty where there was none.
        ended: nothing is written any more.
    """

    def __init__(
        self,
        request: web.Request,
        log: EventLog,
        subscription: EventSubscription,
        framing: Framing,
        *,
        pinged: bool,
        token_id: str = "",
        clock: Clock,
        limits: Limits,
    ) -> None:
        self.ended = False
        self.token_id = token_id
        self._ping = PING if pinged else b""
        self._silence = limits.control_heartbeat * SILENT_BEATS
        self._heard_at = clock.monotonic()
        self._log = log
        self._subscription = subscription
        self._framing = framing
        self._clock = clock
        self._portion = limits.stream_buffer
        self._transport = open_transport(request)
        self._transport.set_write_buffer_limits(high=limits.stream_buffer)
        self._protocol = request.protocol
        self._drain = request.writer.drain
        self._unread = Unread(limits.stall)
        self._heartbeat_due = False
        self._live = False
        self._is_idle = False

    async def run(self, begin: Why | None) -> None:
        """Tell everything from now on.

        Args:
            begin: why the subscriber cannot go on from where it was; None where it does.

        Raises:
            ConnectionError: it is gone.
        """
        if begin is None:
            self._write_heartbeat()
        else:
            self._write_reset(begin)
        self._live = not self._subscription.has_more
        while not self.ended:
            await self._until_read()
            self._is_idle = True
            await self._subscription.wait()
            self._is_idle = False
            await self._tell()

    def tell_at_once(self, shared: Shared) -> None:
        """Tell what there is to one that has read everything; else see to it that :meth:`run` does.

        Args:
            shared: what other streams were told in this turn; what this one is told is put there.
        """
        if not self._is_idle or self.ended:
            return
        subscription = self._subscription
        while subscription.has_more:
            if not subscription.is_even or self.waiting or self._transport.is_closing():
                break
            told = shared.get((subscription.selection, self._framing, subscription.sequence))
            if told is None:
                told = self._taken(shared)
                if told is None:
                    break
            else:
                subscription.pass_on(told.until)
            if told.data:
                self._transport.write(told.data)
        # What is left, and the waiting until it is read, is the run's own.
        if subscription.has_more or self._protocol.writing_paused:
            subscription.wake()

    def beat(self) -> None:
        """Send a heartbeat soon, unless something else is being sent."""
        self._heartbeat_due = True
        self._subscription.wake()

    def end(self) -> None:
        """Write no more; a subscriber that has not read everything is cut off."""
        self.ended = True
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        self._subscription.wake()

    def cut_off(self) -> None:
        """End the connection at once."""
        self.ended = True
        self._transport.abort()
        self._subscription.wake()

    @property
    def waiting(self) -> int:
        """Bytes in this process that the subscriber has not read."""
        return self._transport.get_write_buffer_size()

    def hear(self) -> None:
        """The client has sent something."""
        self._heard_at = self._clock.monotonic()

    def is_stalled(self) -> bool:
        """Whether it has not read, or not answered, for too long; to be asked now and then."""
        now = self._clock.monotonic()
        is_silent = bool(self._ping) and now - self._heard_at > self._silence
        return self._unread.is_stalled(self.waiting, now) or is_silent

    def _taken(self, shared: Shared) -> Told | None:
        """The next portion; None where the history does not reach back to it."""
        place = (self._subscription.selection, self._framing, self._subscription.sequence)
        records = self._subscription.take(self._portion)
        if records is None:
            return None
        told = shared[place] = Told(self._framed(records), self._subscription.sequence)
        return told

    def _framed(self, records: Sequence[Record]) -> bytes:
        epoch = self._log.epoch
        return b"".join(
            self._framing(Position(epoch, record.event.sequence), record.event.type, record.document)
            for record in records
        )

    async def _tell(self) -> None:
        subscription = self._subscription
        while subscription.has_more and not self.ended:
            records = subscription.take(self._portion)
            if records is None:
                subscription.start_anew()
                self._write_reset("behind")
            elif records:
                self._write(self._framed(records))
            if subscription.has_more:
                await self._until_read()
            else:
                self._live = True
        if self._heartbeat_due and not self.ended:
            self._heartbeat_due = False
            if self._ping or not self.waiting:
                self._write_heartbeat()

    async def _until_read(self) -> None:
        """Wait while there is enough in the buffer; let others have their turn in any case."""
        if not self._protocol.writing_paused:
            await self._clock.sleep(0)
            return
        await self._drain()
        # One that resumes is owed every event; one that has been up to date, the latest state.
        if self._live:
            self._subscription.fall_behind()

    def _write_heartbeat(self) -> None:
        position = self._subscription.position
        message = HeartbeatMessage(position, self._log.revision)
        self._write(self._framing(position, HEARTBEAT, encode(message)) + self._ping)

    def _write_reset(self, why: Why) -> None:
        position = self._subscription.position
        message = ResetMessage(position, self._log.revision, self._log.generation, why)
        self._write(self._framing(position, RESET, encode(message)))

    def _write(self, data: bytes) -> None:
        if self._transport.is_closing():
            raise ConnectionResetError("the client is gone")
        self._transport.write(data)
