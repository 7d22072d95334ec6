"""``GET /sync/v1/events``: providers and daemons downstream learn what is served from now on.

The stream begins with a ``generation`` event about what is served now, its changed flags unknown (null),
unless nothing is served yet: then the first one comes when the daemon is ready, and until then there are
heartbeats alone.
"""

from __future__ import annotations

from aiohttp import web

from burgee.wire.sync import HEARTBEAT, GenerationEvent
from burgeed.clock import Clock
from burgeed.server.fan_out import FanOut
from burgeed.server.limits import Limits
from burgeed.server.state import ServerState
from burgeed.store.subscription import TIME, Publication

CONNECT = "connect"
"""The reason of the event that a stream begins with."""


class SyncEvents:
    """The streams, and what a new one is told.

    Attributes:
        fan_out: the open streams.
    """

    def __init__(self, clock: Clock, limits: Limits, state: ServerState) -> None:
        self.fan_out = FanOut(self._encode, heartbeat=HEARTBEAT, clock=clock, limits=limits, state=state)
        self._current: Publication | None = None
        self._times = 0

    def take(self, publication: Publication) -> None:
        """Remember what new streams are told."""
        self._current = publication
        self._times = self._times + 1 if publication.reason == TIME else 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one stream."""
        return await self.fan_out.serve(request, self._greeting)

    def _greeting(self) -> bytes:
        if self._current is None:
            return HEARTBEAT
        return self._event(self._current, None, CONNECT).encode()

    def _encode(self, publication: Publication) -> bytes:
        return self._event(publication, publication.flags_changed, publication.reason).encode()

    def _event(
        self, publication: Publication, flags_changed: frozenset[str] | None, reason: str
    ) -> GenerationEvent:
        epoch, number = generation = publication.snapshot.generation
        return GenerationEvent(epoch, number, str(generation), flags_changed, reason, self._times)
