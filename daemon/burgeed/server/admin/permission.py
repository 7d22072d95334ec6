"""What the audit's mode asks of who manages tokens and the audit, beyond the route's scope."""

from __future__ import annotations

from aiohttp import web

from burgeed.audit.modes import Privileged
from burgeed.authority.principal import Principal
from burgeed.control.demands import why_not
from burgeed.server.admin.parameters import LONGEST_REASON
from burgeed.server.admin.query import read_text
from burgeed.server.problems import Problem
from burgeed.server.route import PRINCIPAL
from burgeed.server.services import Services


async def permit(services: Services, request: web.Request, operation: Privileged | None) -> Principal | None:
    """Let the request pass where the mode does; who stands behind it as the second person, if anyone does.

    Args:
        operation: None for one of which no mode asks more than of others.

    Raises:
        Problem: 403, the mode asks for more.
        Denied: the second token is wrong, or need not be another person's.
    """
    authorization, audit = services.authorization, services.audit
    second = None if authorization is None else await authorization.second(request)
    if audit is None:
        return second
    reason = read_text(request, "reason", LONGEST_REASON)
    why = why_not(
        audit.journal.mode, request[PRINCIPAL], reason, second=second, operation=operation, apart=False
    )
    if why is not None:
        raise Problem(403, "not-allowed", why)
    return second
