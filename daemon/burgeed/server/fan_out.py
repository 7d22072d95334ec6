"""Telling many open event streams the same thing, without waiting for any of them.

Bytes are encoded once and written straight to each transport. A subscriber whose buffer is full is passed
over: what it missed is merged into one publication, which it gets when it reads again. One that does not read
    at all is dropped.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import HttpVersion11, web

from burgee.resolution import ErrorCode
from burgeed.clock import Clock
from burgeed.server.errors import RETRY, Refusal
from burgeed.server.limits import Limits
from burgeed.server.state import ServerState
from burgeed.store.subscription import Publication

AT_ONCE = 100
"""Subscribers written to before evaluations get their turn."""

KERNEL_BUFFER = 16 * 1024
"""Bytes that the kernel may hold for one subscriber, so that a stalled one is noticed before it costs
much.
"""

STREAM_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "Server": "burgee",
}


@dataclass(slots=True, eq=False)
class _Subscriber:
    transport: asyncio.Transport
    chunked: bool
    done: asyncio.Future[None]
    missed: Publication | None = None
    waiting: int = 0
    waiting_since: float = field(default=0.0)

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)


class FanOut:
    """The subscribers of one kind of event stream.

    Args:
        encode: a publication as the bytes of an event.
        heartbeat: what is sent when there is nothing to say.
        state: counts subscribers and evictions.
    """

    def __init__(
        self,
        encode: Callable[[Publication], bytes],
        *,
        heartbeat: bytes,
        clock: Clock,
        limits: Limits,
        state: ServerState,
    ) -> None:
        self._encode = encode
        self._heartbeat = heartbeat
        self._clock = clock
        self._limits = limits
        self._state = state
        self._subscribers: set[_Subscriber] = set()

    async def serve(self, request: web.Request, greeting: Callable[[], bytes]) -> web.StreamResponse:
        """Keep one stream open until its client goes or :meth:`end` is called.

        Args:
            greeting: the stream's first bytes; asked for in the moment in which the subscriber is taken on,
                so that it misses nothing and hears nothing older afterwards.

        Raises:
            Refusal: 503 where the server is draining or has as many subscribers as it may.
        """
        limits, state = self._limits, self._state
        if state.draining:
            raise Refusal(503, ErrorCode.GENERAL, "the daemon is shutting down", headers=RETRY, close=True)
        if state.subscribers >= min(limits.subscribers, limits.connections // 2):
            state.refused += 1
            raise Refusal(
                503, ErrorCode.GENERAL, "there are too many event streams", headers=RETRY, close=True
            )
        state.subscribers += 1
        subscriber = None
        try:
            response = web.StreamResponse(headers=STREAM_HEADERS)
            response.force_close()
            await response.prepare(request)
            transport = request.transport
            if transport is None:
                raise ConnectionResetError("the client is gone")
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
            done = asyncio.get_running_loop().create_future()
            subscriber = _Subscriber(transport, request.version >= HttpVersion11, done)
            subscriber.write(greeting())
            self._subscribers.add(subscriber)
            if state.draining:
                return response
            await done
            return response
        finally:
            state.subscribers -= 1
            if subscriber is not None:
                self._subscribers.discard(subscriber)

    async def publish(self, publication: Publication) -> None:
        """Tell everyone who subscribes now."""
        data = self._encode(publication)
        for number, subscriber in enumerate(tuple(self._subscribers), start=1):
            if subscriber.transport.get_write_buffer_size() > self._limits.stream_buffer:
                missed = subscriber.missed
                subscriber.missed = publication if missed is None else publication.over(missed)
            elif subscriber.missed is not None:
                self._catch_up(subscriber, publication.over(subscriber.missed))
            else:
                subscriber.write(data)
            await self._give_way(number)

    async def beat(self) -> None:
        """Send the heartbeat to those who read, what they missed to those who read again; drop the
        stalled.
        """
        for number, subscriber in enumerate(tuple(self._subscribers), start=1):
            waiting = subscriber.transport.get_write_buffer_size()
            if self._is_stalled(subscriber, waiting):
                self._state.evicted += 1
                subscriber.transport.abort()
            elif subscriber.missed is not None and waiting <= self._limits.stream_buffer:
                self._catch_up(subscriber, subscriber.missed)
            elif not waiting:
                subscriber.write(self._heartbeat)
            await self._give_way(number)

    def end(self) -> None:
        """End every stream at once; those who do not read are cut off."""
        for subscriber in self._subscribers:
            if subscriber.transport.get_write_buffer_size():
                subscriber.transport.abort()
            if not subscriber.done.done():
                subscriber.done.set_result(None)

    def _catch_up(self, subscriber: _Subscriber, publication: Publication) -> None:
        subscriber.missed = None
        subscriber.write(self._encode(publication))

    def _is_stalled(self, subscriber: _Subscriber, waiting: int) -> bool:
        now = self._clock.monotonic()
        if not waiting or waiting < subscriber.waiting or not subscriber.waiting:
            subscriber.waiting_since = now
        subscriber.waiting = waiting
        return waiting > 0 and now - subscriber.waiting_since >= self._limits.stall

    async def _give_way(self, number: int) -> None:
        if number % AT_ONCE == 0:
            await self._clock.sleep(0)
