"""The route of ``/admin/v1/events``."""

from __future__ import annotations

from aiohttp import web

from burgeed.authority.principal import Scope
from burgeed.server.admin.parameters import FLAG_SET, LEVEL, REQUEST_ID, SCOPE, header, query, text
from burgeed.server.admin.writes import no_store
from burgeed.server.control_events import ControlEvents
from burgeed.server.openapi_schemas import TEXT, array
from burgeed.server.route import Route


def stream_routes(events: ControlEvents | None) -> tuple[Route, ...]:
    """What is changed at run time, as it happens.

    Args:
        events: None where the daemon has no store.
    """
    return (
        Route(
            "GET", "/admin/v1/events", _no_events if events is None else events.handle, "followChanges",
            Scope.READ,
            "What is changed at run time, as server-sent events, or over a WebSocket where one is asked for.",
            parameters=(
                query("flag", "Only of this flag; with a `*` behind it, of those that begin so.", text()),
                FLAG_SET, LEVEL, SCOPE,
                query("type", "Only of these types; with a `*` behind it, that begin so.", array(text(64))),
                query("last_event_id", "As the header, for those who cannot set one.", text()),
                header("Last-Event-ID", "The id of the last event that was heard.", TEXT),
                REQUEST_ID,
            ),
            responses={200: {**TEXT, "contentMediaType": "text/event-stream"}},
        ),
    )  # fmt: skip


async def _no_events(request: web.Request) -> web.StreamResponse:
    raise no_store()
