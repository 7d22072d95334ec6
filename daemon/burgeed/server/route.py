"""One route: what answers it, who may ask, and how the API's own description tells of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from aiohttp import web

from burgeed.authority.principal import Principal, Scope

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN: Literal["open"] = "open"
"""Asked by anyone who reaches the listener: health, and the API's description."""

PRINCIPAL = web.RequestKey("principal", Principal)
"""Who asks, put there by authorization before the handler runs."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    Attributes:
        method: upper case.
        path: as OpenAPI writes it, ``/admin/v1/flags/{key}``; each parameter is one percent-encoded segment.
        operation: OpenAPI's ``operationId``, the same in no two routes.
        access: the scope that a principal needs; ``open`` asks for none. There is no default: a route
            without a rule does not exist.
        summary: one sentence.
        parameters: OpenAPI parameter objects beside those in the path.
        request: JSON Schema of the body; None where it has none.
        responses: status to JSON Schema of the answer; problems are added by the description.
        headers: names of the headers of a good answer.
        by_socket: whether whoever may evaluate over the Unix socket may ask, with the scope or without.
    """

    method: str
    path: str
    handler: Handler
    operation: str
    access: Scope | Literal["open"]
    summary: str
    parameters: tuple[Mapping[str, Any], ...] = ()
    request: Mapping[str, Any] | None = None
    responses: Mapping[int, Mapping[str, Any] | None] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    by_socket: bool = False


ROUTE = web.RequestKey("route", Route)
"""The route that answers, put there together with the principal."""
