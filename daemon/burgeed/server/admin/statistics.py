"""``GET /admin/v1/statistics``: how much there is of everything."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aiohttp import web

from burgee.snapshot import FlagSet
from burgeed.authority.principal import Scope
from burgeed.server.admin.flag_view import state_of
from burgeed.server.admin.parameters import REQUEST_ID
from burgeed.server.errors import json_response
from burgeed.server.openapi_schemas import ref
from burgeed.server.route import Route
from burgeed.server.services import Services
from burgeed.server.state import ServerState


class Statistics:
    """The handler."""

    def __init__(self, services: Services, state: ServerState) -> None:
        self._services = services
        self._state = state

    def route(self) -> Route:
        """Its row of the table."""
        return Route(
            "GET",
            "/admin/v1/statistics",
            self.read,
            "readStatistics",
            Scope.READ,
            "How much there is of everything.",
            parameters=(REQUEST_ID,),
            responses={200: ref("Statistics")},
        )

    async def read(self, request: web.Request) -> web.Response:
        """Counts of what is served, of what is set at run time, and of what the server does."""
        services = self._services
        store, control = services.store, services.control
        snapshot = store.snapshot
        return json_response(
            {
                "version": services.version,
                "generation": str(snapshot.generation) if store.ready else None,
                "sources": [{"name": each.name, "state": each.state} for each in services.sources()],
                "flagSets": [_flag_set(each) for each in snapshot.selected()],
                "inactive": len(snapshot.inactive),
                "revision": None if control is None else control.state.revision,
                "runTime": None if control is None else _counts(key.kind for key in control.state.entries),
                "store": None if control is None else control.database.report(),
                "tokens": None if services.tokens is None else self._tokens(),
                "server": self._state.report(),
            }
        )

    def _tokens(self) -> dict[str, int]:
        registry = self._services.tokens
        listed = () if registry is None else registry.list()
        now = self._services.clock.wall()
        return {"good": sum(token.is_good(now) for token in listed), "listed": len(listed)}


def _flag_set(flag_set: FlagSet) -> dict[str, Any]:
    states = Counter(state_of(flag_set, flag) for flag in flag_set.flags.values())
    levels: Counter[str] = Counter()
    for of_flag in flag_set.overrides.values():
        for level, scopes in of_flag.items():
            levels[level] += len(scopes)
    return {
        "flagSet": flag_set.flag_set_id,
        "flags": len(flag_set.flags),
        "states": {state: states[state] for state in ("enabled", "disabled", "killed")},
        "overrides": {level.name: levels[level.name] for level in flag_set.hierarchy},
        "segments": len(flag_set.segments),
    }


def _counts(kinds: Any) -> dict[str, int]:
    counted = Counter(kinds)
    return {"flags": counted["flag"], "overrides": counted["override"], "kills": counted["kill"]}
