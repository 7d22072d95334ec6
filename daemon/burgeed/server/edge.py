"""What stands between a listener's connections and the application: access, capacity, errors, counting.

It is a function around the application and not a middleware of it, since each middleware costs every request
several microseconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from burgee.resolution import ErrorCode
from burgeed.server import problems
from burgeed.server.access import AccessRules
from burgeed.server.connection import Connection
from burgeed.server.errors import RETRY, Refusal, from_http_exception, log_unexpected
from burgeed.server.request_id import HEADER, request_id_of
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
            return _told(Refusal(403, ErrorCode.GENERAL, why, close=True), request)
        if self._only is not None and request.path not in self._only:
            return from_http_exception(web.HTTPNotFound(), request.path, None)
        protocol = request.protocol
        if isinstance(protocol, Connection) and protocol.over_capacity and request.path not in HEALTH_PATHS:
            self._state.refused += 1
            details = "there are too many connections"
            return _told(Refusal(503, ErrorCode.GENERAL, details, headers=RETRY, close=True), request)
        return None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._application(request)
        except Refusal as refusal:
            return _told(refusal, request, _key(request))
        except web.HTTPException as exception:
            if problems.is_admin(request.path):
                return _named(problems.from_http_exception(exception, request.path), request)
            return from_http_exception(exception, request.path, _key(request))
        except ConnectionError:
            raise
        except Exception as exception:
            self._state.failures += 1
            log_unexpected("a request failed", exception)
            if request.writer.output_size > 0:
                raise ConnectionError("the answer has begun already") from exception
            details = "the daemon failed to answer"
            return _told(Refusal(500, ErrorCode.GENERAL, details, close=True), request, _key(request))


def _told(refusal: Refusal, request: web.BaseRequest, key: str | None = None) -> web.Response:
    """A refusal in the shape of errors at the request's path; before it is routed it is about no flag."""
    if problems.is_admin(request.path):
        return _named(problems.problem_response(refusal), request)
    return refusal.answer(key)


def _named(response: web.Response, request: web.BaseRequest) -> web.Response:
    """The answer with the request's name, which everything under ``/admin/v1`` has."""
    response.headers[HEADER] = request_id_of(request)
    return response


def _key(request: web.BaseRequest) -> str | None:
    """The flag that a routed request is about, if it is about one."""
    return request.match_info.get("key") if isinstance(request, web.Request) else None
