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
from burgeed.server.route import Route

if TYPE_CHECKING:
    # It loads the cryptography library, which a daemon without a store does without.
    from burgeed.audit.log import AuditLog

LONGEST_QUEUE = 1000
"""Refusals that wait to be written; further ones are only counted."""

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
        """Take one refusal; see :data:`burgeed.server.authorization.OnDenied`."""
        if len(self._waiting) >= LONGEST_QUEUE:
            self._untold += 1
            return
        detail = {"method": route.method, "route": route.path, "why": why, "uid": principal.uid}
        if principal.certificate:
            detail["certificate"] = principal.certificate
        about = people(principal.certificate)
        self._waiting.append(AuditEvent("denied", self._wall(), principal.name, detail=detail, about=about))
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
