"""Middleware for ASGI applications, such as those of Starlette and FastAPI: no framework is imported."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, TypeAlias

from openfeature import api
from openfeature.evaluation_context import EvaluationContext

from .headers import HeaderNames
from .transaction import checked, exchange, unknown

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
ContextOf: TypeAlias = Callable[[Scope], "EvaluationContext | Awaitable[EvaluationContext | None] | None"]


class BurgeeMiddleware:
    """Makes who is asking known to every evaluation made while a request or a websocket is served.

    ``Starlette(middleware=[Middleware(BurgeeMiddleware, context=...)])``,
    ``application.add_middleware(BurgeeMiddleware, context=...)``, or around any ASGI application.

    Args:
        app: the application.
        context: given the connection's scope (ASGI 3.0), answers who is asking, itself or when awaited;
            None for nobody. Where it raises, the request is served without a context, and the logger
            ``openfeature.contrib.provider.burgee.middleware`` says so in one line.

    Exactly that context is OpenFeature's transaction context until the application has finished with the
    connection, background tasks included; then the one before is put back.
    """

    def __init__(self, app: Application, context: ContextOf) -> None:
        self._app = app
        self._context_of = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            answer = self._context_of(scope)
            # The common case first: to find out whether something can be awaited costs a microsecond.
            if not isinstance(answer, EvaluationContext) and inspect.isawaitable(answer):
                answer = await answer
            context = checked(answer)
        except Exception as error:
            context = unknown(scope.get("path"), error)
        before = exchange(context)
        try:
            await self._app(scope, receive, send)
        finally:
            api.set_transaction_context(before)


def from_headers(
    *,
    targeting_key: str | None = None,
    customer: str | None = None,
    organization: str | None = None,
    **attributes: str | None,
) -> Callable[[Scope], EvaluationContext]:
    """Return a function for ``context=`` that takes who is asking from request headers.

    WARNING: whoever can set these headers chooses whose flags to see. Use this only behind a proxy that
    drops them from every request it receives and sets them itself, and where nobody gets past that proxy.

    Args:
        targeting_key: the name of the header that holds the targeting key.
        customer: the same for the attribute ``customer``.
        organization: the same for the attribute ``organization``.
        attributes: further attributes, each with its header.

    Raises:
        ValueError: no header is named, or one has a name that no header can have.

    A header that is missing or empty says nothing. One that comes more than once makes a request without
    context: a browser's own would stand beside the proxy's.
    """
    names = HeaderNames(targeting_key, {"customer": customer, "organization": organization, **attributes})
    wanted: dict[bytes, list[str]] = {}
    for attribute, name in names.by_attribute.items():
        wanted.setdefault(name.lower().encode(), []).append(attribute)

    def found(scope: Scope) -> Iterator[tuple[str, bytes]]:
        for name, value in scope["headers"]:
            for attribute in wanted.get(name, ()):
                yield attribute, value

    return lambda scope: names.context(found(scope))
