"""The OpenFeature Remote Evaluation Protocol: one flag, and all of them.

An empty body, and a body without ``context``, ask with an empty context. A bulk answer says where changes are
announced unless it is asked with ``?eventStreams=false``, for clients that know no such field.
"""

from __future__ import annotations

import asyncio
from hashlib import blake2b

import orjson
from aiohttp import web

from burgee.context import Context, OnePass
from burgee.errors import MessageError, SelectorError
from burgee.evaluation import evaluate
from burgee.resolution import ErrorCode
from burgee.wire import ofrep
from burgeed.server.conditions import accepts_gzip, names_tag
from burgeed.server.errors import Refusal, not_ready, well_formed
from burgeed.server.refetch import PATH as EVENTS_PATH
from burgeed.server.request_body import read_json
from burgeed.server.services import Services
from burgeed.server.views import View, Views

TOKEN = "burgee.generation"
"""Where a bulk answer's metadata hold the token that event streams call ``etag``."""

WORTH_COMPRESSING = 1024
"""Bytes; a shorter answer is sent as it is."""

_EVENT_STREAMS = ({"type": "sse", "endpoint": {"requestUri": EVENTS_PATH}},)


class Evaluations:
    """The two handlers."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._enrichment = services.enrichment
        self._views = Views(enriched=services.enrichment is not None)

    async def single(self, request: web.Request) -> web.Response:
        """``POST /ofrep/v1/evaluate/flags/{key}``."""
        key = well_formed(request.match_info["key"])
        context, view = await self._read(request)
        now = self._services.clock.wall()
        resolution = evaluate(view.snapshot, key, context, now=now, selector=view.selector)
        status, message = ofrep.answer(resolution)
        if request.headers.get(ofrep.DETAIL) == "1":
            message["burgee"] = view.detail_of(key, now)
        return web.Response(body=orjson.dumps(message), status=status, headers=view.headers_of(key, now))

    async def bulk(self, request: web.Request) -> web.Response:
        """``POST /ofrep/v1/evaluate/flags``: 304 where the answers are those that the client holds.

        The entity tag is a hash of the answers, their metadata and where changes are announced, not of the
        token, which moves with every generation, nor of the milliseconds to an edge, which move always. It is
        that of the body before compression.
        """
        context, view = await self._read(request)
        streams = () if self._without_streams(request) else _EVENT_STREAMS
        hashed = blake2b(orjson.dumps([view.metadata, streams]), digest_size=16)
        items = await self._evaluate_all(
            view, context, hashed, detailed=request.headers.get(ofrep.DETAIL) == "1"
        )
        tag = hashed.hexdigest()

        headers = view.headers.copy()
        headers["ETag"] = f'"{tag}"'
        known = request.query.get("flagConfigEtag")
        if (known is None or known == view.token) and names_tag(
            request.headers.getall("If-None-Match", ()), tag
        ):
            del headers["Content-Type"]
            return web.Response(status=304, headers=headers)

        message = ofrep.bulk_answer(items, {**view.metadata, TOKEN: view.token}, streams)
        headers["Vary"] = "Accept-Encoding"
        body = orjson.dumps(message)
        response = web.Response(body=body, headers=headers)
        if accepts_gzip(request.headers) and len(body) > WORTH_COMPRESSING:
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async def _read(self, request: web.Request) -> tuple[Context, View]:
        services = self._services
        if not services.store.ready:
            raise not_ready()
        body = await read_json(request, services.limits)
        try:
            context = ofrep.read_context(body)
            if self._enrichment is not None:
                context = self._enrichment.enriched(context)
            if services.recorded is not None:
                services.recorded.record(context)
            view = self._views.of(services.store.snapshot, request.headers.get(ofrep.SELECTOR, ""))
        except MessageError as fault:
            raise Refusal(400, ErrorCode(fault.code), str(fault)) from None
        except SelectorError as fault:
            raise Refusal(400, ErrorCode.GENERAL, str(fault)) from None
        return context, view

    async def _evaluate_all(
        self, view: View, context: Context, hashed: blake2b, *, detailed: bool
    ) -> list[orjson.Fragment]:
        """Answer for every flag, in order, giving way to other requests after each slice of time."""
        clock, longest = self._services.clock, self._services.limits.slice
        loop = asyncio.get_running_loop()
        now = clock.wall()
        began = loop.time()
        context = OnePass(context)
        items: list[orjson.Fragment] = []
        for number, key in enumerate(view.flag_keys, start=1):
            resolution = evaluate(view.snapshot, key, context, now=now, selector=view.selector)
            _, message = ofrep.answer(resolution)
            item = orjson.dumps(message)
            hashed.update(item)
            if detailed:
                message["burgee"] = view.detail_of(key, now)
                item = orjson.dumps(message)
                hashed.update(orjson.dumps([message["burgee"]["vary"], view.edge_of(key, now)]))
            items.append(orjson.Fragment(item))
            if number % 8 == 0 and loop.time() - began > longest:
                await clock.sleep(0)
                began = loop.time()
        return items

    def _without_streams(self, request: web.Request) -> bool:
        return not self._services.event_streams or request.query.get("eventStreams") == "false"
