"""Telling many open event streams the same thing, without waiting for any of them.

Bytes are encoded once and written straight to each transport. A subscriber whose buffer is full is passed
over: what it missed is merged into one publication, which it gets when it reads again. One that does not read
    at all is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import HttpVersion11, web

from burgeed.clock import Clock
from burgeed.server.connection import is_by_socket
from burgeed.server.event_stream import STREAM_HEADERS, Unread, admitted, open_transport
from burgeed.server.limits import Limits
from burgeed.server.state import ServerState
from burgeed.store.subscription import Publication

AT_ONCE = 100
"""Subscribers written to before evaluations get their turn."""


@dataclass(slots=True, eq=False)
class _Subscriber:
    transport: asyncio.Transport
    chunked: bool
    done: asyncio.Future[None]
    unread: Unread
    missed: Publication | None = None

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
        subscriber = None
        try:
            with admitted(self._limits, self._state, trusted=is_by_socket(request)):
                response = web.StreamResponse(headers=STREAM_HEADERS)
                response.force_close()
                await response.prepare(request)
                transport = open_transport(request)
                done = asyncio.get_running_loop().create_future()
                chunked = request.version >= HttpVersion11
                subscriber = _Subscriber(transport, chunked, done, Unread(self._limits.stall))
                subscriber.write(greeting())
                self._subscribers.add(subscriber)
                if self._state.draining:
                    return response
                await done
                return response
        finally:
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
            if subscriber.unread.is_stalled(waiting, self._clock.monotonic()):
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

    async def _give_way(self, number: int) -> None:
        if number % AT_ONCE == 0:
            await self._clock.sleep(0)
