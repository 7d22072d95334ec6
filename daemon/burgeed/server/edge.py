"""What stands between a listener's connections and the application: access, capacity, errors, counting.

It is a function around the application and not a middleware of it, since each middleware costs every request
several microseconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from burgee.resolution import ErrorCode
from burgeed.server.access import AccessRules
from burgeed.server.connection import Connection
from burgeed.server.errors import (
    RETRY,
    Refusal,
    error_response,
    from_http_exception,
    log_unexpected,
)
from burgeed.server.state import ServerState

HEALTH_PATHS = frozenset({"/healthz", "/readyz", "/health"})


class Edge:
    """Answers every request of one listener, with an error in JSON where the application raises.

    Args:
        application: what aiohttp's server would call.
        access: whom to refuse; None refuses nobody. It may be set until the listener accepts.
        only: the paths that this listener serves; None is all.
    """

    def __init__(
        self,
        application: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        state: ServerState,
        *,
        only: frozenset[str] | None = None,
    ) -> None:
        self._application = application
        self._state = state
        self._only = only
        self.access: AccessRules | None = None

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; raises ConnectionError where the client is gone."""
        state = self._state
        state.begin()
        try:
            response = self._refuse(request) or await self._answer(request)
        finally:
            state.end()
        if state.draining:
            response.force_close()
        return response

    def _refuse(self, request: web.BaseRequest) -> web.Response | None:
        if self.access is not None and (why := self.access.refusal(request.headers)) is not None:
            return error_response(403, ErrorCode.GENERAL, why, close=True)
        if self._only is not None and request.path not in self._only:
            return from_http_exception(web.HTTPNotFound(), request.path, None)
        protocol = request.protocol
        if isinstance(protocol, Connection) and protocol.over_capacity and request.path not in HEALTH_PATHS:
            self._state.refused += 1
            details = "there are too many connections"
            return error_response(503, ErrorCode.GENERAL, details, headers=RETRY, close=True)
        return None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._application(request)
        except Refusal as refusal:
            return refusal.answer(_key(request))
        except web.HTTPException as exception:
            return from_http_exception(exception, request.path, _key(request))
        except ConnectionError:
            raise
        except Exception as exception:
            self._state.failures += 1
            log_unexpected("a request failed", exception)
            if request.writer.output_size > 0:
                raise ConnectionError("the answer has begun already") from exception
            details = "the daemon failed to answer"
            return error_response(500, ErrorCode.GENERAL, details, key=_key(request), close=True)


def _key(request: web.BaseRequest) -> str | None:
    """The flag that a routed request is about, if it is about one."""
    return request.match_info.get("key") if isinstance(request, web.Request) else None
