"""All routes under ``/admin/v1``."""

from __future__ import annotations

from burgeed.server.admin.audit_routes import audit_routes
from burgeed.server.admin.flag_routes import flag_routes
from burgeed.server.admin.history_routes import history_routes
from burgeed.server.admin.override_reads import OverrideReads
from burgeed.server.admin.override_routes import override_routes
from burgeed.server.admin.revisions import Revisions
from burgeed.server.admin.statistics import Statistics
from burgeed.server.admin.stream_routes import stream_routes
from burgeed.server.admin.token_routes import token_routes
from burgeed.server.control_events import ControlEvents
from burgeed.server.impact import Impact
from burgeed.server.route import Route
from burgeed.server.services import Services
from burgeed.server.state import ServerState


def admin_routes(services: Services, state: ServerState, events: ControlEvents | None) -> tuple[Route, ...]:
    """The admin API of these services.

    Args:
        events: the streams of the control plane; None where the daemon has no store.
    """
    reads, revisions = OverrideReads(services), Revisions(services)
    return (
        *flag_routes(services, reads, revisions),
        *override_routes(services, reads, revisions),
        *history_routes(services, revisions),
        Impact(services).route(),
        *audit_routes(services),
        *token_routes(services),
        Statistics(services, state).route(),
        *stream_routes(events),
    )
