"""The application: which path is answered by what."""

from __future__ import annotations

from aiohttp import web

from burgee.wire.tracking import PATH as TRACK_PATH
from burgeed.clock import Clock
from burgeed.server.admin import Admin
from burgeed.server.health import Health
from burgeed.server.ofrep import Evaluations
from burgeed.server.refetch import PATH as REFETCH_PATH
from burgeed.server.request_body import LIMITS, expect_continue
from burgeed.server.services import Services
from burgeed.server.snapshot_download import PATH as SNAPSHOT_PATH
from burgeed.server.snapshot_download import SnapshotDownload
from burgeed.server.state import ServerState
from burgeed.server.streams import Streams
from burgeed.server.tracking import Tracking

CLOCK = web.AppKey("clock", Clock)
STATE = web.AppKey("state", ServerState)
STREAMS = web.AppKey("streams", Streams)

FLAGS = "/ofrep/v1/evaluate/flags"


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
    evaluations = Evaluations(services)
    health = Health(services, state)
    admin = Admin(services)
    download = SnapshotDownload(services, state)
    tracking = Tracking(services)

    route = application.router
    # A key may hold anything, slashes and line ends too.
    route.add_post(FLAGS + "/{key:(?s:.+)}", evaluations.single, expect_handler=expect_continue)
    route.add_post(FLAGS, evaluations.bulk, expect_handler=expect_continue)
    route.add_post(FLAGS + "/", evaluations.bulk, expect_handler=expect_continue)
    route.add_get(REFETCH_PATH, streams.refetch.handle, allow_head=False)
    route.add_get("/sync/v1/events", streams.sync.handle, allow_head=False)
    route.add_post(TRACK_PATH, tracking.track, expect_handler=expect_continue)
    route.add_get(SNAPSHOT_PATH, download.handle)
    route.add_post("/admin/v1/explain", admin.explain, expect_handler=expect_continue)
    route.add_get("/healthz", health.live)
    route.add_get("/readyz", health.ready)
    route.add_get("/health", health.report)
    route.add_get("/status", health.status)
    application.cleanup_ctx.append(streams.running)
    return application
