"""Refused requests on their way to the audit: handed over without waiting, written one batch at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from burgeed.audit.event import AuditEvent
from burgeed.audit.subjects import people
from burgeed.authority.principal import Principal
from burgeed.database.errors import DatabaseError
from burgeed.server.denial import TRIED
from burgeed.server.errors import readable
from burgeed.server.request_id import request_id_of
from burgeed.server.route import Route

if TYPE_CHECKING:
    # It loads the cryptography library, which a daemon without a store does without.
    from burgeed.audit.log import AuditLog

LONGEST_QUEUE = 1000
"""Refusals that wait to be written; further ones are only counted."""

LONGEST = 256
"""Characters of what a path names: of somebody who may not it can be anything."""

_IN_DETAIL = ("id", "name", "number")
"""Parameters of paths that are no subject's: of a token, a hold, a revision."""

_log = logging.getLogger(__name__)


class Denials:
    """Takes refusals while requests are answered; :meth:`run` writes them.

    Args:
        wall: the time now, in Unix seconds.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._waiting: list[AuditEvent] = []
        self._untold = 0
        self._came = asyncio.Event()

    def take(self, request: web.Request, route: Route, principal: Principal, why: str) -> None:
        """Take one refusal; see :data:`burgeed.server.denial.OnDenied`."""
        if len(self._waiting) >= LONGEST_QUEUE:
            self._untold += 1
            return
        detail = {"method": route.method, "route": route.path, "why": why, "uid": principal.uid}
        if principal.certificate:
            detail["certificate"] = principal.certificate
        detail |= {name: _shown(request, name) for name in _IN_DETAIL if name in request.match_info}
        tried = request.get(TRIED)
        self._waiting.append(
            AuditEvent(
                "denied",
                self._wall(),
                principal.name,
                request_id=request_id_of(request),
                # Whom it was about stands where an erasure finds it, and not in the detail.
                flag_set=readable(request.query.get("flag_set", ""), LONGEST)
                if tried is None
                else tried.flag_set,
                flag_key=_shown(request, "key") if tried is None else tried.flag_key,
                level=_shown(request, "level") if tried is None else tried.level,
                scope=_shown(request, "scope") if tried is None else tried.scope,
                detail=detail,
                about=people(principal.certificate),
            )
        )
        self._came.set()

    async def run(self, audit: AuditLog) -> None:
        """Write what is taken, until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            events, self._waiting = self._waiting, []
            if self._untold:
                detail = {"untold": self._untold}
                events.append(AuditEvent("denied", self._wall(), "anonymous", detail=detail))
                self._untold = 0
            try:
                await audit.append_alone(events)
            except DatabaseError as error:
                _log.error(
                    "refused requests are missing from the audit",
                    extra={"why": str(error), "refusals": len(events)},
                )


def _shown(request: web.Request, name: str) -> str:
    """A parameter of the path as text that can be written; empty where the path has none."""
    return readable(request.match_info.get(name, ""), LONGEST)
