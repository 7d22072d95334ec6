"""A whole store as the daemon has it: control plane, audit, tokens, and erasing that reaches them all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burgee.definition import SourceDocument, read_layer
from burgeed.audit.checkpoints import Checkpoints
from burgeed.audit.journal import Journal
from burgeed.audit.keys import AuditKeys
from burgeed.audit.log import AuditLog
from burgeed.audit.records import AuditFilter, AuditRecord, EraseOutcome, Requester
from burgeed.authority.principal import Principal, Scope
from burgeed.authority.registry import TokenRegistry
from burgeed.clock import SystemClock
from burgeed.control.commands import Command
from burgeed.control.erasing import HistoryReach
from burgeed.control.plane import Plane
from burgeed.control.request import WriteOutcome, WriteRequest
from burgeed.control.schema import MIGRATIONS
from burgeed.database.opening import open_database
from burgeed.database.protocol import Database
from burgeed.server.token_audit import recorded_tokens
from burgeed.store.layers import LayerStore
from tests.daemon.audit.logs import fixed_keys
from tests.support.planes import FILE, layer_store

AUDITOR = Requester("auditor", "request 7")
ADMIN = Principal("admin", "token", frozenset(Scope), token_id="t0")


@dataclass
class ErasingStore:
    """What is open."""

    database: Database
    plane: Plane
    store: LayerStore
    audit: AuditLog
    tokens: TokenRegistry

    def deliver(self, document: Mapping[str, Any]) -> None:
        """Serve a document of the source."""
        layer, _ = read_layer(FILE, [SourceDocument(document, FILE)])
        self.store.put(FILE, layer)

    async def write(self, command: Command, by: Principal = ADMIN, **options: Any) -> WriteOutcome:
        return await self.plane.write(WriteRequest(command, by, **options))

    async def erase(self, kind: str, name: str) -> EraseOutcome:
        return await self.audit.erase(AUDITOR, kind, name, "GDPR Art. 17")

    async def records(self, action: str) -> list[AuditRecord]:
        return list((await self.audit.search(AuditFilter(action=action), 100)).records)


@asynccontextmanager
async def erasing_store(
    uri: str, document: Mapping[str, Any], *, keys: AuditKeys | None = None
) -> AsyncIterator[ErasingStore]:
    """A store at a URI, under a source that has delivered."""
    clock = SystemClock()
    database = await open_database(uri, MIGRATIONS, clock=clock)
    try:
        journal = Journal(keys or fixed_keys(), clock)
        store = layer_store(FILE)
        plane = Plane(database, journal, store, clock, tell=lambda events: None)
        reach = HistoryReach(database, clock, served=plane.beneath)
        audit = AuditLog(database, journal, Checkpoints(database, journal, clock, ()), clock, reach=reach)
        tokens = TokenRegistry(database, clock, recorded_tokens(journal))
        found = ErasingStore(database, plane, store, audit, tokens)
        found.deliver(document)
        await plane.open()
        await tokens.open()
        try:
            yield found
        finally:
            await plane.close()
    finally:
        await database.close()


def bytes_about(directory: Path) -> bytes:
    """Everything that lies in a directory; a daemon may put a file in place meanwhile."""
    found = []
    for path in sorted(directory.rglob("*")):
        with suppress(FileNotFoundError):
            if path.is_file():
                found.append(path.read_bytes())
    return b"".join(found)
