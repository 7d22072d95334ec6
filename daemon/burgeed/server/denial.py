"""Refusals of who may not, wherever they are found out: counted, and told to the audit within a limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from aiohttp import web

from burgee.resolution import ErrorCode
from burgeed.authority.principal import Principal
from burgeed.clock import Clock
from burgeed.revisions.values import EntryKey
from burgeed.server.connection import Connection
from burgeed.server.errors import Refusal
from burgeed.server.peer import UNKNOWN, Peer
from burgeed.server.problems import Problem
from burgeed.server.route import Route
from burgeed.server.state import ServerState
from burgeed.server.throttle import Throttle

FAILURES_PER_SECOND: Final = 10
"""Refusals of one principal of one peer that are told to the audit; those beyond are answered alike and only
counted.
"""

TRIED = web.RequestKey("tried", EntryKey)
"""The entry that somebody may not change, where that is known better than from the path."""

DENIALS: Final = frozenset({"denied", "not-allowed", "locked", "held"})
"""Problems that say that somebody may not: refused attempts, unlike mistakes."""

OnDenied: TypeAlias = Callable[[web.Request, Route, Principal, str], None]
"""Told of a refusal: the request, its route, who asked as far as that is known, and why. Must not wait."""


class Denied(Refusal):
    """A request that is not admitted: 401, 403, or 503 where that cannot be told."""

    def __init__(self, status: int, details: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, ErrorCode.GENERAL, details, headers=headers, close=True)


def is_denial(refusal: Refusal) -> bool:
    """Whether a handler's refusal is one of somebody who may not; those of admission are told already."""
    return isinstance(refusal, Problem) and refusal.slug in DENIALS


def say_nothing(request: web.Request, route: Route, principal: Principal, why: str) -> None:
    """Tell nobody of a refusal."""


class LimitedDenials:
    """Counts refusals and tells of them.

    Args:
        tell: not called for refusals beyond :data:`FAILURES_PER_SECOND`.
    """

    def __init__(self, tell: OnDenied, clock: Clock) -> None:
        self._tell = tell
        self._throttle = Throttle(FAILURES_PER_SECOND, clock.monotonic)
        self._state = ServerState()

    def count_in(self, state: ServerState) -> None:
        """Count in the server's state from now on."""
        self._state = state

    def add(self, request: web.Request, route: Route, principal: Principal, why: str) -> None:
        """Count one and, unless there have been too many in this second, tell of it."""
        self._state.denied += 1
        if not self._throttle.exceeds((peer_at(request), principal.name)):
            self._tell(request, route, principal, why)


def peer_at(request: web.BaseRequest) -> Peer:
    """Who is at the other end of a request's connection."""
    return request.protocol.peer if isinstance(request.protocol, Connection) else UNKNOWN
