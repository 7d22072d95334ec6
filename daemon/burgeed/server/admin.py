"""``POST /admin/v1/explain``: why a flag answers what it does, on the Unix socket alone.

The body is ``{"key": ..., "context": {...}}``; ``Flagd-Selector`` chooses the flag set as in an evaluation.
The answer is 200 with ``{"answer": ..., "rungs": [...], "generation": ...}`` for unknown flags too: that
there is none is an explanation. Where the daemon added the country, ``enriched`` says so:
``{"country": {"value": "SE", "from": "ip"}}``.
"""

from __future__ import annotations

import orjson
from aiohttp import web

from burgee.errors import MessageError, SelectorError
from burgee.explanation import explain, explanation_document
from burgee.flag import Origin
from burgee.resolution import ErrorCode
from burgee.selector import Selector
from burgee.wire import ofrep
from burgeed.geography.attributes import COUNTRY, IP
from burgeed.server.errors import Refusal, json_response, not_ready
from burgeed.server.health import is_trusted
from burgeed.server.request_body import read_json
from burgeed.server.services import Position, Services


class Admin:
    """The handlers of ``/admin/v1``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def explain(self, request: web.Request) -> web.Response:
        """Explain one flag for one context."""
        if not is_trusted(request):
            details = "explanations show whom a flag is for: ask over the Unix socket"
            raise Refusal(403, ErrorCode.GENERAL, details, close=True)
        services = self._services
        if not services.store.ready:
            raise not_ready()
        body = await read_json(request, services.limits)
        try:
            context = ofrep.read_context(body)
            selector = Selector.parse(request.headers.get(ofrep.SELECTOR, ""))
        except MessageError as fault:
            raise Refusal(400, ErrorCode(fault.code), str(fault)) from None
        except SelectorError as fault:
            raise Refusal(400, ErrorCode.GENERAL, str(fault)) from None
        key = orjson.loads(body).get("key") if body else None
        if not isinstance(key, str) or not key:
            raise Refusal(400, ErrorCode.PARSE_ERROR, "`key` names no flag")
        country = None if services.enrichment is None else services.enrichment.country_for(context)
        if country is not None:
            context = {**context, COUNTRY: country}
        snapshot = services.store.snapshot
        explanation = explain(snapshot, key, context, now=services.clock.wall(), selector=selector)
        origins = {rung.origin for rung in explanation.rungs if rung.origin is not None}
        positions: dict[Origin, Position] = {}
        for origin in origins:
            position = await services.locate(origin)
            if position is not None:
                positions[origin] = position
        document = explanation_document(explanation, positions)
        document["generation"] = str(snapshot.generation)
        if country is not None:
            document["enriched"] = {COUNTRY: {"value": country, "from": IP}}
        return json_response(document)
