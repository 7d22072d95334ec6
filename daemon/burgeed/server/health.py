"""Is it alive, is it ready, what is it doing.

Over the Unix socket, whose permissions say who may ask, and to who shows a token that may read, everything is
told. Else what would show whom a flag is for is left out: the text of faults and the overrides that lead
nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiohttp import web

from burgee.snapshot import Inactive, Snapshot
from burgeed.geography.attributes import needs_daemon
from burgeed.server.authorization import Authorization
from burgeed.server.errors import RETRY, json_response
from burgeed.server.services import Services
from burgeed.server.state import ServerState
from burgeed.store.status import SourceStatus

_SHOWN_OF_A_FAULT = ("severity", "file", "line", "column")


class Health:
    """The handlers of the health paths and of ``/status``."""

    def __init__(
        self, services: Services, state: ServerState, authorization: Authorization | None = None
    ) -> None:
        self._services = services
        self._state = state
        self._authorization = authorization or services.authorization or Authorization()
        self._started = services.clock.monotonic()

    async def live(self, request: web.Request) -> web.Response:
        """``GET /healthz``: 200 whenever anyone answers at all, so that nothing else gets the daemon
        restarted.
        """
        return json_response({"status": "alive"})

    async def ready(self, request: web.Request) -> web.Response:
        """``GET /readyz``: 200 when evaluations are answered, else 503 and the reasons."""
        return self._answer(self._readiness())

    async def report(self, request: web.Request) -> web.Response:
        """``GET /health``: the same, with what there is to know without names."""
        services = self._services
        return self._answer(
            {
                **self._readiness(),
                "version": services.version,
                "generation": self._generation(),
                "uptimeSeconds": int(services.clock.monotonic() - self._started),
                "sources": [
                    {"name": each.name, "optional": each.optional, "state": each.state}
                    for each in services.sources()
                ],
                "server": self._state.report(),
                "degraded": list(self._degraded()),
            }
        )

    async def status(self, request: web.Request) -> web.Response:
        """``GET /status``: sources with their faults, what is served, and what of it leads nowhere."""
        services = self._services
        full = await self._authorization.may_read(request)
        snapshot = services.store.snapshot
        message: dict[str, Any] = {
            **self._readiness(),
            "version": services.version,
            "generation": self._generation(),
            "detail": "full" if full else "reduced",
            "sources": [_source(each, full) for each in services.sources()],
            "flagSets": list(_flag_sets(snapshot)),
            "snapshot": services.publisher.report(),
            "inactiveCount": len(snapshot.inactive),
            "fractionalVersion": services.store.fractional_version,
            "geography": self._geography(snapshot),
            "tracking": services.tracked.report(full=full),
            "tls": None if services.certificate is None else services.certificate.report(),
            "server": self._state.report(),
            "degraded": list(self._degraded()),
        }
        if full:
            message["inactive"] = [_inactive(each) for each in snapshot.inactive]
            message["control"] = None if services.control is None else services.control.report()
            message["audit"] = None if services.audit is None else services.audit.report()
        return json_response(message)

    def _geography(self, snapshot: Snapshot) -> dict[str, Any] | None:
        """The database of countries, and how many flags only a daemon with one can answer."""
        enrichment = self._services.enrichment
        if enrichment is None:
            return None
        return {**enrichment.report(), "needsDaemonCount": len(needs_daemon(snapshot))}

    def _readiness(self) -> dict[str, Any]:
        reasons = list(self._reasons())
        return {"status": "not ready" if reasons else "ready", "reasons": reasons}

    def _reasons(self) -> Iterator[str]:
        if self._state.draining:
            yield "the daemon is shutting down"
        store = self._services.store
        if store.ready:
            return
        awaited = store.awaited
        for each in self._services.sources():
            if each.name in awaited:
                yield f"source {each.name} is {each.state}{f': {each.why}' if each.why else ''}"
        if not awaited:
            yield "nothing has been published yet"

    def _degraded(self) -> Iterator[str]:
        """What does not keep evaluations from being answered, and somebody has to see to."""
        services = self._services
        if services.certificate is not None:
            yield from services.certificate.concerns()
        if services.control is not None and services.control.report()["trouble"]:
            yield "the store cannot be read: nothing can be set at run time"
        if services.audit is not None:
            yield from services.audit.degraded()

    def _generation(self) -> str | None:
        store = self._services.store
        return str(store.snapshot.generation) if store.ready else None

    def _answer(self, message: dict[str, Any]) -> web.Response:
        if not message["reasons"]:
            return json_response(message)
        response = json_response(message, status=503)
        response.headers.update(RETRY)
        return response


def _source(source: SourceStatus, full: bool) -> dict[str, Any]:
    report = source.report()
    if not full:
        for kind in ("faults", "warnings"):
            report[kind] = [{name: fault[name] for name in _SHOWN_OF_A_FAULT} for fault in report[kind]]
    return report


def _flag_sets(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    for flag_set in snapshot.selected():
        yield {
            "flagSetId": flag_set.flag_set_id,
            "flags": len(flag_set.flags),
            "overrides": sum(
                len(scopes) for levels in flag_set.overrides.values() for scopes in levels.values()
            ),
            "kills": len(flag_set.kills),
            "fractionalVersion": flag_set.fractional_version,
        }


def _inactive(inactive: Inactive) -> dict[str, str]:
    return {
        "flagSetId": inactive.flag_set_id,
        "flag": inactive.flag_key,
        "level": inactive.level,
        "scope": inactive.scope,
        "why": inactive.why,
    }
