"""Routes become paths of the application, each of them guarded: one without a rule cannot exist.

Everything under ``/admin/v1`` is wrapped once more: query parameters that a route does not know are refused,
what the control plane and the store refuse becomes a problem, and ``X-Request-Id`` is on every answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from aiohttp import web

from burgeed.server.admin.query import check_query
from burgeed.server.authorization import Authorization
from burgeed.server.control_refusals import REFUSALS, problem_of
from burgeed.server.errors import Refusal
from burgeed.server.problems import is_admin
from burgeed.server.request_body import expect_continue
from burgeed.server.request_id import HEADER, REQUEST_ID, read_request_id
from burgeed.server.route import Handler, Route

ROUTES: web.AppKey[tuple[Route, ...]] = web.AppKey("routes", tuple)
"""All routes of the application."""

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


def _admin_handler(route: Route, authorization: Authorization) -> Handler:
    known = query_names(route)
    inner = route.handler

    async def checked(request: web.Request) -> web.StreamResponse:
        check_query(request, known)
        return await inner(request)

    guarded = authorization.guarded(replace(route, handler=checked))

    async def answered(request: web.Request) -> web.StreamResponse:
        request_id = request[REQUEST_ID] = read_request_id(request)
        try:
            response = await guarded(request)
        except Refusal as refusal:
            refusal.headers = {**(refusal.headers or {}), HEADER: request_id}
            raise
        except REFUSALS as error:
            problem = problem_of(error)
            if problem is None:
                raise
            problem.headers = {**(problem.headers or {}), HEADER: request_id}
            raise problem from error
        if not response.prepared:
            response.headers[HEADER] = request_id
        return response

    return answered
