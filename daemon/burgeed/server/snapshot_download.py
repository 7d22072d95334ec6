"""``GET /sync/v1/snapshot``: the whole snapshot, for providers and daemons elsewhere.

The entity tag is the generation, with ``-gzip`` behind it for the compressed bytes: they are other bytes, and
a strong tag is of bytes (RFC 9110, section 8.8.3). Either tag in ``If-None-Match`` gives 304, since whoever
holds one form of a generation has no use for the other.
"""

from __future__ import annotations

import asyncio
import gzip

from aiohttp import web

from burgee.resolution import ErrorCode
from burgee.wire import ofrep
from burgeed.server.conditions import accepts_gzip, names_tag
from burgeed.server.errors import RETRY, Refusal, not_ready
from burgeed.server.services import Services
from burgeed.server.state import ServerState
from burgeed.store.publisher import Published

PATH = "/sync/v1/snapshot"

PIECE = 64 * 1024
"""Bytes that are written before evaluations get their turn, and about what waits for a slow client."""

LEVEL = 3
"""Of compression: 10,000 flags in a fifth of the time of the usual 9, and nearly as small."""

LONGEST_WAIT = 5.0
"""Seconds that a request waits for the very first snapshot to be written."""


class SnapshotDownload:
    """The handler.

    A response is of one generation from its first byte to its last, whatever is published meanwhile.
    """

    def __init__(self, services: Services, state: ServerState) -> None:
        self._services = services
        self._state = state
        self._sending = 0
        self._plain: bytes | None = None
        self._compressing: asyncio.Future[bytes] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Send the newest snapshot, or say that the client has it."""
        published = await self._newest()
        tag = str(published.generation)
        compressed_tag = f"{tag}-gzip"
        headers = {
            "Cache-Control": "private, no-cache",
            "Server": "burgee",
            "Vary": "Accept-Encoding",
            ofrep.GENERATION: tag,
        }
        asked = request.headers.getall("If-None-Match", ())
        for held in (tag, compressed_tag):
            if names_tag(asked, held):
                return web.Response(status=304, headers={**headers, "ETag": f'"{held}"'})
        if published.data is None:
            details = "there is no snapshot of this generation; the daemon's log says why"
            raise Refusal(503, ErrorCode.GENERAL, details, headers=RETRY)
        if self._sending >= self._services.limits.downloads:
            self._state.refused += 1
            raise Refusal(503, ErrorCode.GENERAL, "too many snapshots are being sent", headers=RETRY)
        self._sending += 1
        try:
            if accepts_gzip(request.headers):
                body = await self._compressed(published.data)
                headers |= {"ETag": f'"{compressed_tag}"', "Content-Encoding": "gzip"}
            else:
                body = published.data
                headers |= {"ETag": f'"{tag}"'}
            return await self._send(request, body, headers)
        finally:
            self._sending -= 1

    async def _newest(self) -> Published:
        services = self._services
        if not services.store.ready:
            raise not_ready()
        published = services.publisher.published or await services.publisher.first(LONGEST_WAIT)
        if published is None:
            raise not_ready()
        return published

    async def _compressed(self, data: bytes) -> bytes:
        """The bytes compressed: once, whoever asks for them and whoever goes away meanwhile."""
        if self._compressing is None or self._plain is not data:
            self._plain = data
            self._compressing = asyncio.ensure_future(asyncio.to_thread(gzip.compress, data, LEVEL, mtime=0))
        return await asyncio.shield(self._compressing)

    async def _send(self, request: web.Request, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers)
        response.content_type = "application/octet-stream"
        response.content_length = len(body)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        limits, clock = self._services.limits, self._services.clock
        rest = memoryview(body)
        try:
            async with asyncio.timeout(limits.download_deadline):
                while rest:
                    await response.write(rest[:PIECE])
                    rest = rest[PIECE:]
                    await clock.sleep(0)
                await response.write_eof()
        except TimeoutError:
            self._state.evicted += 1
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            # Gone in the middle: nobody's fault, and nobody to tell.
            pass
        return response
