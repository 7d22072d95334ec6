"""Following what is published for all event streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from burgeed.server.control_events import ControlEvents
from burgeed.server.errors import log_unexpected
from burgeed.server.fan_out import FanOut
from burgeed.server.refetch import RefetchEvents
from burgeed.server.services import Services
from burgeed.server.state import ServerState
from burgeed.server.sync import SyncEvents
from burgeed.store.subscription import CHANGE, Publication


class Streams:
    """All kinds of event stream, told of every publication, and their heartbeats.

    Attributes:
        sync: ``/sync/v1/events``.
        refetch: ``/ofrep/v1/sse``.
        control: ``/admin/v1/events``; None where the daemon has no store.
    """

    def __init__(self, services: Services, state: ServerState) -> None:
        self._services = services
        self.sync = SyncEvents(services.clock, services.limits, state)
        self.refetch = RefetchEvents(services.clock, services.limits, state)
        self.control: ControlEvents | None = None
        if services.events is not None:
            self.control = ControlEvents(
                services.events, services.clock, services.limits, state, services.tokens
            )

    def end(self) -> None:
        """End every stream at once."""
        self.sync.fan_out.end()
        self.refetch.fan_out.end()
        if self.control is not None:
            self.control.end()

    async def running(self, application: web.Application) -> AsyncIterator[None]:
        """Follow the publisher while the application runs."""
        limits = self._services.limits
        tasks = [
            asyncio.create_task(self._follow_always()),
            asyncio.create_task(self._beat(self.sync.fan_out, limits.heartbeat)),
            asyncio.create_task(self._beat(self.refetch.fan_out, limits.comment)),
        ]
        yield
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _follow_always(self) -> None:
        while True:
            try:
                await self._follow()
                return
            except Exception as exception:
                log_unexpected("the event streams failed", exception)
                self.end()
                await self._services.clock.sleep(1.0)

    async def _follow(self) -> None:
        publisher = self._services.publisher
        # After a fault of our own nobody knows what streams have missed: they are cut off, and come back.
        self.end()
        subscription = publisher.subscribe()
        try:
            if publisher.published is not None:
                served = Publication(publisher.published.snapshot, frozenset(), CHANGE)
                self._take(served)
                if self.control is not None:
                    self.control.begin(served)
            async for publication in subscription:
                self._take(publication)
                if self.control is not None:
                    self.control.publish(publication)
                await self.sync.fan_out.publish(publication)
                await self.refetch.fan_out.publish(publication)
        finally:
            subscription.close()

    def _take(self, publication: Publication) -> None:
        self.sync.take(publication)
        self.refetch.take(publication)

    async def _beat(self, fan_out: FanOut, interval: float) -> None:
        while True:
            await self._services.clock.sleep(interval)
            await fan_out.beat()
