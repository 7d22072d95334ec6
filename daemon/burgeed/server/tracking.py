"""``POST /sync/v1/track``: applications tell what their users did; see :mod:`burgee.wire.tracking`.

The answer is 202 with ``{"accepted": n}``, before anything is written. It needs no flags, so it is given
before the daemon is ready too.
"""

from __future__ import annotations

from aiohttp import web

from burgee.errors import MessageError
from burgee.resolution import ErrorCode
from burgee.wire.tracking import accepted, read_events
from burgeed.server.errors import Refusal, json_response
from burgeed.server.request_body import read_json
from burgeed.server.services import Services


class Tracking:
    """The handler of tracked events."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def track(self, request: web.Request) -> web.Response:
        """Take one batch."""
        body = await read_json(request, self._services.limits)
        try:
            events = read_events(body)
        except MessageError as fault:
            raise Refusal(400, ErrorCode(fault.code), str(fault)) from None
        self._services.tracked.take(events)
        return json_response(accepted(len(events)), status=202)
