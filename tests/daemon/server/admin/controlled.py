"""A server with the real control plane on a real database, and tokens for every kind of principal."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.daemon.server.serving import SOURCE, Peer, Reply, Serving, serving

from burgeed.audit.checkpoints import Checkpoints
from burgeed.audit.journal import Journal
from burgeed.audit.keys import open_keys
from burgeed.audit.log import AuditLog
from burgeed.authority.principal import Restriction, Scope
from burgeed.authority.registry import FIRST, TokenRegistry
from burgeed.clock import SystemClock
from burgeed.control.event_log import EventLog
from burgeed.control.plane import Plane
from burgeed.control.schema import MIGRATIONS
from burgeed.database.errors import DatabaseUnavailable, OutcomeUnknown
from burgeed.database.opening import open_database
from burgeed.database.protocol import Database
from burgeed.runtime.denials import Denials
from burgeed.server.authorization import Authorization
from burgeed.server.token_audit import recorded_tokens
from burgeed.store.layers import LayerStore

SHOP: dict[str, Any] = {
    "metadata": {"flagSetId": "shop"},
    "flags": {
        "checkout": {"defaultVariant": "off", "owner": "pay", "tags": ["beta"]},
        "export": {"defaultVariant": "on"},
        "colour": {"variants": {"red": "#f00", "blue": "#00f"}, "defaultVariant": "red"},
        "limits": {"variants": {"usual": {"seats": {"most": 5, "note": "x"}}}, "defaultVariant": "usual"},
        "a/b": {"defaultVariant": "off"},
        "..": {"defaultVariant": "off"},
        "ключ ?#%2F+é{}": {"defaultVariant": "off"},
        "old": {"defaultVariant": "on"},
    },
    "overrides": {
        "environment": {"production": {"checkout": "off"}},
        "organization": {"acme": {"export": {"variant": "off", "lock": True}}},
        "customer": {"c-1": {"checkout": "on"}},
    },
    "kill": {"old": "off"},
}


@dataclass
class Broken:
    """A database that fails on request: everything passes through until an error is set."""

    database: Database
    on_write: Exception | None = None
    on_read: Exception | None = None

    async def write(self, work: Any) -> Any:
        if self.on_write is not None:
            if isinstance(self.on_write, OutcomeUnknown):
                # Nor can it be looked at any more.
                self.on_read = DatabaseUnavailable("failing", str(self.on_write))
            raise self.on_write
        return await self.database.write(work)

    async def read(self, work: Any) -> Any:
        if self.on_read is not None:
            raise self.on_read
        return await self.database.read(work)

    async def scrub(self, *tables: str) -> None:
        await self.database.scrub(*tables)

    async def changed(self, within: float) -> bool:
        return await self.database.changed(within)

    def report(self) -> dict[str, Any]:
        return self.database.report()

    async def close(self) -> None:
        await self.database.close()


@dataclass
class Controlled:
    """A running server with a control plane.

    Attributes:
        tokens: the texts of one token for each scope by its name, and ``all``, ``customers``, ``colours``.
    """

    server: Serving
    plane: Plane
    database: Broken
    registry: TokenRegistry
    audit: AuditLog
    tokens: Mapping[str, str]

    @property
    def tcp(self) -> Peer:
        return self.server.tcp

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        token: str = "all",
    ) -> Reply:
        """One request over TCP with a token."""
        shown = {"Authorization": f"Bearer {self.tokens[token]}"} if token else {}
        return await self.tcp.send(method, f"/admin/v1{path}", body, {**shown, **(headers or {})})

    async def value(self, key: str, **context: Any) -> Any:
        """What an application is answered."""
        return (await self.tcp.evaluate(quote(key, safe=""), **context)).json.get("value")


@asynccontextmanager
async def controlled(
    directory: Path, document: Mapping[str, Any] | None = SHOP, **options: Any
) -> AsyncIterator[Controlled]:
    """A server with a control plane on SQLite in ``directory``."""
    made: dict[str, Any] = {}

    @asynccontextmanager
    async def control(store: LayerStore, clock: SystemClock) -> AsyncIterator[Mapping[str, Any]]:
        database = Broken(await open_database(f"sqlite:{directory / 'store'}", MIGRATIONS, clock=clock))
        recorder = Journal(open_keys(directory, {}), clock)
        audit = AuditLog(database, recorder, Checkpoints(database, recorder, clock), clock)
        log = EventLog(secrets.token_hex(8))
        plane = Plane(database, recorder, store, clock, tell=log.append)
        registry = TokenRegistry(database, clock, recorded_tokens(recorder))
        made.update(plane=plane, database=database, registry=registry, audit=audit)
        denials = Denials(clock.wall)
        running = {asyncio.create_task(audit.run()), asyncio.create_task(denials.run(audit))}
        try:
            await registry.open()
            yield {
                "control": plane,
                "tokens": registry,
                "events": log,
                "audit": audit,
                "authorization": Authorization(registry, clock=clock, on_denied=denials.take),
            }
        finally:
            database.on_write = database.on_read = None
            for each in running:
                each.cancel()
            await asyncio.wait(running)
            await plane.close()
            await database.close()

    async with serving(directory, None, control=control, **options) as server:
        plane: Plane = made["plane"]
        if document is not None:
            server.deliver(document, SOURCE)
        await plane.open()
        following = asyncio.create_task(plane.follow())
        try:
            yield Controlled(server=server, tokens=await _tokens(made["registry"]), **made)
        finally:
            following.cancel()
            await asyncio.wait({following})


async def _tokens(registry: TokenRegistry) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, scopes in {
        "all": frozenset(Scope),
        "write": frozenset({Scope.READ, Scope.WRITE}),
        **{scope.value: frozenset({scope}) for scope in Scope if scope is not Scope.WRITE},
    }.items():
        texts[name], _ = await registry.create(name, scopes, by=FIRST)
    texts["customers"], _ = await registry.create(
        "customers", frozenset({Scope.READ, Scope.WRITE}), Restriction(levels=("customer",)), by=FIRST
    )
    texts["colours"], _ = await registry.create(
        "colours", frozenset({Scope.READ, Scope.WRITE}), Restriction(flag_prefixes=("col",)), by=FIRST
    )
    return texts
