"""Routes become paths of the application, each of them guarded: one without a rule cannot exist.

Everything under ``/admin/v1`` is wrapped once more: query parameters that a route does not know are refused,
so are conditions that a write does not heed, and what the control plane and the store refuse becomes a
problem. ``X-Request-Id`` is on every answer; of refusals :class:`burgeed.server.edge.Edge` puts it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from aiohttp import web

from burgeed.authority.principal import Scope
from burgeed.control.errors import Forbidden
from burgeed.server.admin.query import check_query
from burgeed.server.authorization import Authorization
from burgeed.server.control_refusals import REFUSALS, problem_of
from burgeed.server.denial import TRIED, is_denial
from burgeed.server.errors import Refusal
from burgeed.server.problems import is_admin, malformed
from burgeed.server.request_body import expect_continue
from burgeed.server.request_id import HEADER, REQUEST_ID, read_request_id
from burgeed.server.route import Handler, Route

ROUTES: web.AppKey[tuple[Route, ...]] = web.AppKey("routes", tuple)
"""All routes of the application."""

CONDITIONS = ("If-Match", "Idempotency-Key")
"""What a client relies on when it sends it: a write that does not heed it refuses it."""

STREAMED = frozenset({"text/event-stream", "application/x-ndjson"})
"""Content types of answers that have no HEAD, since they are made while they are sent."""

_PARAMETER = re.compile(r"\{(\w+)\}")


def add_routes(application: web.Application, routes: Iterable[Route], authorization: Authorization) -> None:
    """Let the application answer these routes, and no others. A GET answers HEAD too, unless it streams."""
    table = application[ROUTES] = tuple(routes)
    for route in table:
        handler = (
            _admin_handler(route, authorization) if is_admin(route.path) else authorization.guarded(route)
        )
        path = path_pattern(route)
        application.router.add_route(route.method, path, handler, expect_handler=expect_continue)
        if route.method == "GET" and STREAMED.isdisjoint(media_types(route)):
            application.router.add_route("HEAD", path, handler, expect_handler=expect_continue)


def path_pattern(route: Route) -> str:
    """The path as aiohttp's router reads it.

    A parameter is one segment and may hold anything, line ends and encoded slashes too. OFREP's clients do
    not encode slashes, so its key is all the rest of the path.
    """
    whole = "(?s:.+)" if route.path.startswith("/ofrep/") else "(?s:[^/]+)"
    return _PARAMETER.sub(lambda match: f"{{{match[1]}:{whole}}}", route.path)


def media_types(route: Route, status: int = 200) -> list[str]:
    """The content types of an answer: JSON, unless its schema says otherwise by ``contentMediaType``."""
    schema = route.responses.get(status) or {}
    alternatives = schema.get("oneOf", [schema])
    return [each.get("contentMediaType", "application/json") for each in alternatives]


def query_names(route: Route) -> dict[str, bool]:
    """The query parameters that a route knows, and whether each may be given more than once."""
    return {
        each["name"]: each["schema"].get("type") == "array"
        for each in route.parameters
        if each["in"] == "query"
    }


def header_names(route: Route) -> frozenset[str]:
    """The headers that a route reads."""
    return frozenset(each["name"] for each in route.parameters if each["in"] == "header")


def is_write(route: Route) -> bool:
    """Whether it changes anything: some questions are asked with POST."""
    return route.method != "GET" and route.access is not Scope.READ


def _tell(request: web.Request, refusal: Refusal, authorization: Authorization) -> None:
    """Tell the audit where it is of somebody who may not."""
    if is_denial(refusal):
        authorization.refused(request, refusal.details)


def _admin_handler(route: Route, authorization: Authorization) -> Handler:
    known = query_names(route)
    inner = route.handler

    async def checked(request: web.Request) -> web.StreamResponse:
        check_query(request, known)
        for name in unheeded:
            if name in request.headers:
                raise malformed(f"{name} means nothing here: {route.path} takes none; leave it out")
        return await inner(request)

    guarded = authorization.guarded(replace(route, handler=checked))
    unheeded = [name for name in CONDITIONS if name not in header_names(route)] if is_write(route) else []

    async def answered(request: web.Request) -> web.StreamResponse:
        request_id = request[REQUEST_ID] = read_request_id(request)
        try:
            response = await guarded(request)
        except Refusal as refusal:
            _tell(request, refusal, authorization)
            raise
        except REFUSALS as error:
            problem = problem_of(error)
            if problem is None:
                raise
            if isinstance(error, Forbidden) and error.key is not None:
                request[TRIED] = error.key
            _tell(request, problem, authorization)
            raise problem from error
        if not response.prepared:
            response.headers[HEADER] = request_id
        return response

    return answered
