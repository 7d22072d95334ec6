"""A stream lasts no longer than the token that opened it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from burgeed.server.route import Handler, Route

LOOK_AGAIN = 1.0
"""Seconds between two looks at the token of an open stream."""


def is_stream(route: Route) -> bool:
    """Whether a good answer of the route goes on until somebody ends it."""
    schema = route.responses.get(200) or {}
    return bool(schema.get("contentMediaType") == "text/event-stream")


async def served_while_good(
    request: web.Request, handler: Handler, is_good: Callable[[], bool]
) -> web.StreamResponse:
    """Answer the request, and cut its connection off when the token has ended meanwhile.

    Args:
        is_good: whether the token still is; asked in memory.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None

    def look() -> None:
        nonlocal timer
        if is_good():
            timer = loop.call_later(LOOK_AGAIN, look)
        elif request.transport is not None:
            request.transport.abort()

    look()
    try:
        return await handler(request)
    finally:
        if timer is not None:
            timer.cancel()
