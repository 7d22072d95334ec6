"""``GET /ofrep/v1/sse``: OFREP clients learn that they should ask for all flags again (OFREP ADR 8).

An event's id is the generation; where time alone changed answers, a count of those times within the
generation is added. A client that connects without ``Last-Event-ID``, or with one that is not the newest, is
told to ask again at once: some clients do not after a connection was lost.
"""

from __future__ import annotations

import orjson
from aiohttp import web

from burgee.wire.sync import ServerSentEvent, encode
from burgeed.clock import Clock
from burgeed.server.fan_out import FanOut
from burgeed.server.limits import Limits
from burgeed.server.state import ServerState
from burgeed.store.subscription import TIME, Publication

PATH = "/ofrep/v1/sse"
RETRY = b"retry: 2000\n\n"
COMMENT = b":\n\n"


class RefetchEvents:
    """The streams, and what a new one is told.

    Attributes:
        fan_out: the open streams.
    """

    def __init__(self, clock: Clock, limits: Limits, state: ServerState) -> None:
        self.fan_out = FanOut(self._encode, heartbeat=COMMENT, clock=clock, limits=limits, state=state)
        self._clock = clock
        self._id = ""
        self._times = 0
        self._event = b""

    def take(self, publication: Publication) -> None:
        """Remember what new streams are told, and what publications are encoded as from now on."""
        token = str(publication.snapshot.generation)
        self._times = self._times + 1 if publication.reason == TIME else 0
        self._id = f"{token}.{self._times}" if self._times else token
        data = {"type": "refetchEvaluation", "etag": token, "lastModified": int(self._clock.wall())}
        self._event = encode(ServerSentEvent(data=orjson.dumps(data).decode(), id=self._id))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one stream."""
        last_seen = request.headers.get("Last-Event-ID")

        def greeting() -> bytes:
            return RETRY + (COMMENT if last_seen == self._id else self._event)

        return await self.fan_out.serve(request, greeting)

    def _encode(self, publication: Publication) -> bytes:
        """The newest event: whoever missed some is told once."""
        return self._event
