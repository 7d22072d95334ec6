"""``GET /openapi.json``: the description of everything that is answered, made from the routes themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from burgeed.authority.principal import Scope
from burgeed.server import routes
from burgeed.server.errors import JSON_HEADERS
from burgeed.server.openapi_definition import definition_components
from burgeed.server.openapi_schemas import KEY, SCHEMAS, ref
from burgeed.server.problems import CONTENT_TYPE, is_admin
from burgeed.server.route import OPEN, Route
from burgeed.server.route_table import ROUTES, media_types

VERSION: Final = "3.1.1"

PARAMETERS_OF_PATHS: Final[Mapping[str, str]] = {
    "key": "A flag's key; a slash in it is written %2F.",
    "level": "A level of the hierarchy.",
    "scope": "The value of the level's attribute, such as a customer's id.",
    "name": "The name of a legal hold.",
    "number": "The number of a revision.",
    "id": "The public id of a token.",
}

PROBLEMS: Final[Mapping[int, str]] = {
    400: "The request is malformed.",
    401: "No token, or a wrong one.",
    403: "Whoever asks may not.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "It has changed since, is there already, is locked, or the daemon has no store.",
    413: "The body is too long.",
    415: "The body is no JSON.",
    417: "Only 100-continue can be expected.",
    422: "It cannot be done as asked; the faults say why.",
    500: "The daemon failed.",
    503: "It cannot be done now.",
    507: "There is no room to write.",
}

_OF_READS: Final = frozenset({400, 401, 403, 404, 409, 500, 503})
_OF_OTHERS: Final = frozenset({400, 401, 403, 408, 413, 415, 417, 500, 503})

_PARAMETER = re.compile(r"\{(\w+)\}")
_NAMED_HEADERS: Final[Mapping[str, str]] = {
    "ETag": "Entity tag; under /admin/v1 it begins with the revision, for If-Match.",
    "Burgee-Generation": "The generation that answered.",
    "Burgee-Vary": "Attributes that the answer can depend on; `*` where there is no list.",
    "Burgee-Until": "Milliseconds until time alone may change the answer.",
}


class Description:
    """The handler."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._body: bytes | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """Send the description of the application that answers."""
        if self._body is None:
            table = request.app[ROUTES]
            self._body = orjson.dumps(describe(table, self._version))
        return web.Response(body=self._body, headers={**JSON_HEADERS, "Cache-Control": "no-cache"})


def describe(table: Iterable[Route], version: str) -> dict[str, Any]:
    """Write the description of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": VERSION,
        "info": {
            "title": "Burgee",
            "version": version or "0",
            "description": "Evaluation of feature flags (OFREP), snapshots and events for providers, and the "
            "control plane. Errors under /admin/v1 are problems of RFC 9457; elsewhere they are OFREP's.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **routes.SCHEMAS, **definition_components()},
            "responses": _bad_answers(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.path.split("/")[3] if is_admin(route.path) else route.path.split("/")[1]],
        "parameters": [*_path_parameters(route), *route.parameters],
        "responses": {**_good(route), **_bad(route)},
    }
    if not operation["parameters"]:
        del operation["parameters"]
    if route.request is not None:
        operation["requestBody"] = {
            "required": is_required(route.request),
            "content": {"application/json": {"schema": route.request}},
        }
    operation["security"] = _security(route)
    operation["x-burgee-access"] = str(route.access)
    return operation


def is_required(body: Mapping[str, Any]) -> bool:
    """Whether a request has to have a body: not where everything in it is optional."""
    if body.get("additionalProperties") is False or body is routes.QUESTION:
        return bool(body.get("required") or body.get("oneOf"))
    return True


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    number = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS_OF_PATHS[name],
            "schema": number if name == "number" else KEY,
        }
        for name in _PARAMETER.findall(route.path)
    ]


def _good(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, schema in route.responses.items():
        answer: dict[str, Any] = {"description": _described(status)}
        if schema is not None:
            is_json = "contentMediaType" not in schema and "oneOf" not in schema
            told = {"schema": schema} if is_json else {"schema": {"type": "string"}}
            answer["content"] = dict.fromkeys(media_types(route, status), told)
        if route.headers and status < 400:
            answer["headers"] = {
                name: {"description": _NAMED_HEADERS[name], "schema": {"type": "string"}}
                for name in route.headers
            }
        found[str(status)] = answer
    return found


def _bad(route: Route) -> dict[str, Any]:
    admin = is_admin(route.path)
    if admin:
        statuses = PROBLEMS.keys() if route.method != "GET" else _OF_READS
    else:
        statuses = _OF_OTHERS if route.access != OPEN else frozenset({403, 500})
    return {
        str(status): {"$ref": f"#/components/responses/{_name_of_answer(status, admin)}"}
        for status in sorted(statuses)
        if status not in route.responses
    }


def _bad_answers() -> dict[str, Any]:
    """What is refused in the same words everywhere."""
    error = {"application/json": {"schema": ref("OfrepError")}}
    problem = {CONTENT_TYPE: {"schema": ref("Problem")}}
    found: dict[str, Any] = {}
    for status, description in PROBLEMS.items():
        # What is not even HTTP has no path yet that would say in which shape to refuse it.
        content = {**problem, **error} if status == 400 else problem
        found[_name_of_answer(status, True)] = {"description": description, "content": content}
        found[_name_of_answer(status, False)] = {"description": description, "content": error}
    return found


def _name_of_answer(status: int, admin: bool) -> str:
    return f"{'Problem' if admin else 'Error'}{status}"


def _security(route: Route) -> list[dict[str, list[str]]]:
    """None at all is one of the ways where listeners near the daemon let anybody evaluate."""
    if route.access == OPEN:
        return []
    shown: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}]
    return [*shown, {}] if route.access is Scope.EVALUATE else shown


def _described(status: int) -> str:
    return {
        200: "Done, or found.",
        201: "Made.",
        202: "Taken.",
        304: "The client has it.",
        404: "There is no such flag.",
        503: "Not ready.",
    }[status]
