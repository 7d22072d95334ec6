"""The application: which path is answered by what."""

from __future__ import annotations

from aiohttp import web

from burgeed.clock import Clock
from burgeed.server.admin.routes import admin_routes
from burgeed.server.authorization import Authorization
from burgeed.server.health import Health
from burgeed.server.ofrep import Evaluations
from burgeed.server.openapi import Description
from burgeed.server.request_body import LIMITS
from burgeed.server.route import Route
from burgeed.server.route_table import add_routes
from burgeed.server.routes import evaluation_routes, health_routes, sync_routes
from burgeed.server.services import Services
from burgeed.server.snapshot_download import SnapshotDownload
from burgeed.server.state import ServerState
from burgeed.server.streams import Streams
from burgeed.server.tracking import Tracking

CLOCK = web.AppKey("clock", Clock)
STATE = web.AppKey("state", ServerState)
STREAMS = web.AppKey("streams", Streams)


def build_application(services: Services) -> web.Application:
    """Return the application that all listeners share.

    What it raises becomes JSON in :class:`burgeed.server.edge.Edge`, which
    :class:`burgeed.server.listeners.Listeners` puts around it.
    """
    application = web.Application()
    state = application[STATE] = ServerState()
    streams = application[STREAMS] = Streams(services, state)
    application[CLOCK] = services.clock
    application[LIMITS] = services.limits
    authorization = services.authorization or Authorization(
        sync_token=services.sync_token, clock=services.clock
    )
    authorization.count_in(state)
    add_routes(application, all_routes(services, authorization, state, streams), authorization)
    application.cleanup_ctx.append(streams.running)
    if streams.control is not None:
        application.cleanup_ctx.append(streams.control.running)
    return application


def all_routes(
    services: Services, authorization: Authorization, state: ServerState, streams: Streams
) -> tuple[Route, ...]:
    """Every route that there is."""
    return (
        *evaluation_routes(Evaluations(services), streams),
        *sync_routes(streams, SnapshotDownload(services, state), Tracking(services)),
        *admin_routes(services, state, streams.control),
        *health_routes(Health(services, state, authorization), Description(services.version).handle),
    )
