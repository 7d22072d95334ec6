"""``POST /admin/v1/explain``: why a flag answers what it does, or did.

The body is ``{"key": ..., "context": {...}}``; ``Flagd-Selector`` chooses the flag set as in an evaluation.
``at``, an instant in RFC 3339, or ``revision`` asks about what was served then; both, about what the revision
set, asked at that time. The answer is 200 with
``{"answer": ..., "rungs": [...], "generation": ...}`` for unknown flags too: that there is none is an
explanation. Where the daemon added the country, ``enriched`` says so: ``{"country": {"value": "SE", "from":
"ip"}}``. The past is for who may read, however they ask, as history is: of it, ``past`` tells the instant,
the revision and whether the files beneath were recorded then (``exact``), and there is no generation.
"""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from burgee.errors import MessageError, SelectorError
from burgee.explanation import Explanation, explain, explanation_document
from burgee.flag import Origin
from burgee.resolution import ErrorCode
from burgee.selector import Selector
from burgee.wire import ofrep
from burgeed.authority.principal import Scope
from burgeed.control.protocol import Past
from burgeed.geography.attributes import COUNTRY, IP
from burgeed.server.admin.body import check_fields, read_object, whole_number
from burgeed.server.admin.query import checked_instant
from burgeed.server.admin.writes import control_of
from burgeed.server.errors import Refusal, json_response, not_ready
from burgeed.server.problems import Problem
from burgeed.server.route import PRINCIPAL
from burgeed.server.services import Position, Services

FIELDS = ("key", "context", "at", "revision")


class Explanations:
    """The handler."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def explain(self, request: web.Request) -> web.Response:
        """Explain one flag for one context."""
        services = self._services
        if not services.store.ready:
            raise not_ready()
        body = await read_object(request, services.limits)
        check_fields(body, FIELDS)
        key = body.get("key")
        if not isinstance(key, str) or not key:
            raise Refusal(400, ErrorCode.PARSE_ERROR, "`key` names no flag")
        try:
            context = ofrep.read_context(orjson.dumps({"context": body.get("context", {})}))
            selector = Selector.parse(request.headers.get(ofrep.SELECTOR, ""))
        except MessageError as fault:
            raise Refusal(400, ErrorCode(fault.code), str(fault)) from None
        except SelectorError as fault:
            raise Refusal(400, ErrorCode.GENERAL, str(fault)) from None
        country = None if services.enrichment is None else services.enrichment.country_for(context)
        if country is not None:
            context = {**context, COUNTRY: country}
        past = await self._past(request, body)
        snapshot = services.store.snapshot if past is None else past.snapshot
        now = services.clock.wall() if past is None else past.at
        explanation = explain(snapshot, key, context, now=now, selector=selector)
        document = explanation_document(explanation, await self._positions(explanation, past))
        document["generation"] = str(snapshot.generation) if past is None else None
        if past is not None:
            document["past"] = {"at": past.at, "revision": past.revision, "exact": past.exact}
        if country is not None:
            document["enriched"] = {COUNTRY: {"value": country, "from": IP}}
        return json_response(document)

    async def _past(self, request: web.Request, body: dict[str, Any]) -> Past | None:
        at, revision = body.get("at"), body.get("revision")
        if at is None and revision is None:
            return None
        control = control_of(self._services)
        if not request[PRINCIPAL].may(Scope.READ):
            raise Problem(403, "denied", f"the past is for who has the scope {Scope.READ}: ask about now")
        return await control.past(
            at=None if at is None else checked_instant(at, "`at`"),
            revision=None if revision is None else whole_number(revision, "`revision`"),
        )

    async def _positions(self, explanation: Explanation, past: Past | None) -> dict[Origin, Position]:
        """Where things stand in their files; those of the past are not the files' any more."""
        positions: dict[Origin, Position] = {}
        if past is not None:
            return positions
        for origin in {rung.origin for rung in explanation.rungs if rung.origin is not None}:
            position = await self._services.locate(origin)
            if position is not None:
                positions[origin] = position
        return positions
