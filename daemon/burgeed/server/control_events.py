"""``GET /admin/v1/events``: what is changed at run time, as server-sent events or over a WebSocket.

A stream that names the event which it heard last (``Last-Event-ID``, or ``last_event_id`` in the query, as
browsers can set no header) goes on right after it, without a gap and without a repetition, and begins with a
heartbeat. Where that cannot be, and where none is named, it begins with a ``reset``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Final

from aiohttp import HttpVersion11, web

from burgee.wire.control_events import Position, Why, server_sent
from burgeed.authority.registry import TokenRegistry
from burgeed.clock import Clock
from burgeed.control.event_log import EventLog
from burgeed.control.event_subscription import PUBLISHED, EventSubscription
from burgeed.control.events import ControlEvent
from burgeed.server.connection import is_by_socket
from burgeed.server.control_event_fan_out import ControlFanOut
from burgeed.server.control_event_filter import LONGEST, EventFilter
from burgeed.server.control_event_streams import ControlEventStream, Framing, chunked, text_frame
from burgeed.server.control_event_websocket import EventSocket, is_upgrade
from burgeed.server.errors import log_unexpected
from burgeed.server.event_stream import STREAM_HEADERS, admitted
from burgeed.server.limits import Limits
from burgeed.server.route import PRINCIPAL
from burgeed.server.state import ServerState
from burgeed.store.subscription import Publication

AT_ONCE: Final = 100
"""Streams looked at before others get their turn."""


class ControlEvents:
    """The streams of the control plane.

    Args:
        log: what they tell.
        state: counts subscribers and evictions, together with those of the other streams.
        tokens: a stream ends soon after its token does; None has none.
    """

    def __init__(
        self,
        log: EventLog,
        clock: Clock,
        limits: Limits,
        state: ServerState,
        tokens: TokenRegistry | None = None,
    ) -> None:
        self._log = log
        self._tokens = tokens
        self._clock = clock
        self._limits = limits
        self._state = state
        self._streams: set[ControlEventStream] = set()
        self._fan_out = ControlFanOut(clock)

    def begin(self, publication: Publication) -> None:
        """Hear what is served already."""
        self._log.begin(generation=str(publication.snapshot.generation))

    def publish(self, publication: Publication) -> None:
        """Tell that a generation is served, or that time alone has changed answers of it."""
        data = {
            "generation": str(publication.snapshot.generation),
            "flags_changed": publication.flags_changed,
            "reason": publication.reason,
        }
        log = self._log
        log.append([ControlEvent(0, PUBLISHED, self._clock.wall(), log.revision, data=data)])

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one stream until its client goes, :meth:`end` is called or it does not read.

        Raises:
            Problem: 400, the query or the handshake is not as it should be.
            Refusal: 503, there are too many streams, or the server is draining.
        """
        selection = EventFilter.read(request.query)
        heard = request.headers.get("Last-Event-ID") or request.query.get("last_event_id") or ""
        socket = EventSocket(request, self._clock, self._limits) if is_upgrade(request.headers) else None
        with admitted(self._limits, self._state, trusted=is_by_socket(request)):
            if socket is None:
                return await self._serve_events(request, selection, heard)
            return await self._serve_socket(request, selection, heard, socket)

    @property
    def waiting(self) -> int:
        """Bytes in this process that subscribers have not read."""
        return sum(stream.waiting for stream in self._streams)

    def end(self) -> None:
        """End every stream at once; those who do not read are cut off."""
        for stream in self._streams:
            stream.end()

    async def running(self, application: web.Application) -> AsyncIterator[None]:
        """Send heartbeats and drop the stalled while the application runs."""
        sweeping = asyncio.create_task(self._sweep_always())
        yield
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping

    async def _serve_events(
        self, request: web.Request, selection: EventFilter, heard: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=STREAM_HEADERS)
        response.force_close()
        await response.prepare(request)
        framing = chunked if request.version >= HttpVersion11 else server_sent
        subscription, begin = self._subscribe(selection, heard)
        try:
            stream = self._open(request, subscription, framing)
            await self._run(stream, begin)
        finally:
            subscription.close()
        return response

    async def _serve_socket(
        self, request: web.Request, selection: EventFilter, heard: str, socket: EventSocket
    ) -> web.StreamResponse:
        response = await socket.open(request)
        subscription, begin = self._subscribe(selection, heard)
        try:
            stream = self._open(request, subscription, text_frame)
            listening = asyncio.create_task(socket.listen(stream))
            try:
                await self._run(stream, begin)
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening
        finally:
            subscription.close()
        await socket.close()
        return response

    def _subscribe(self, selection: EventFilter, heard: str) -> tuple[EventSubscription, Why | None]:
        """A place in the log, and why it is not where the client was."""
        log = self._log
        if not heard:
            return log.subscribe(selection), "connected"
        position = Position.parse(heard[:LONGEST])
        if position is not None and log.reaches(*position):
            return log.subscribe(selection, after=position.sequence), None
        is_of_now = position is not None and position.epoch == log.epoch
        return log.subscribe(selection), "gap" if is_of_now else "epoch"

    def _open(
        self, request: web.Request, subscription: EventSubscription, framing: Framing
    ) -> ControlEventStream:
        stream = ControlEventStream(
            request,
            self._log,
            subscription,
            framing,
            pinged=framing is text_frame,
            token_id=principal.token_id if (principal := request.get(PRINCIPAL)) is not None else "",
            clock=self._clock,
            limits=self._limits,
        )
        subscription.on_more(partial(self._fan_out.add, stream))
        return stream

    async def _run(self, stream: ControlEventStream, begin: Why | None) -> None:
        self._streams.add(stream)
        try:
            if not self._state.draining:
                await stream.run(begin)
        finally:
            self._streams.discard(stream)

    async def _sweep_always(self) -> None:
        limits, clock = self._limits, self._clock
        interval = min(limits.control_heartbeat, limits.stall / 2)
        beat_at = clock.monotonic() + limits.control_heartbeat
        while True:
            await clock.sleep(interval)
            try:
                due = clock.monotonic() >= beat_at - interval / 2
                if due:
                    beat_at = clock.monotonic() + limits.control_heartbeat
                await self._sweep(beat=due)
            except Exception as exception:
                log_unexpected("the streams of the control plane failed", exception)

    async def _sweep(self, *, beat: bool) -> None:
        for number, stream in enumerate(tuple(self._streams), start=1):
            if stream.is_stalled():
                self._state.evicted += 1
                stream.cut_off()
            elif not self._is_good(stream.token_id):
                stream.end()
            elif beat:
                stream.beat()
            if number % AT_ONCE == 0:
                await self._clock.sleep(0)

    def _is_good(self, token_id: str) -> bool:
        """Whether the token that a stream was opened with is neither revoked nor expired."""
        if not token_id or self._tokens is None:
            return True
        token = self._tokens.token(token_id)
        return token is not None and token.is_good(self._clock.wall())
