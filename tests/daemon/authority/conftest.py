"""A registry on a real SQLite file, a clock that a test sets, and an audit that remembers what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from burgeed.authority.events import TokenEvent
from burgeed.authority.granting import TokenLimits
from burgeed.authority.principal import Principal, Scope
from burgeed.authority.registry import TokenRegistry
from burgeed.authority.schema import TABLES
from burgeed.clock import SystemClock
from burgeed.database.migration import Migration
from burgeed.database.opening import open_database
from burgeed.database.protocol import Database, Transaction

NOW = 1_800_000_000.0

ROOT = Principal("uid:0", "peer", frozenset(Scope), uid=0)


class SetWall(SystemClock):
    """The machine's clock, but for a wall time that a test sets."""

    def __init__(self, wall: float = NOW) -> None:
        self.time = wall

    def wall(self) -> float:
        return self.time


class AuditGone(Exception):
    pass


@dataclass
class Authority:
    """What a test of tokens works with."""

    database: Database
    registry: TokenRegistry
    clock: SetWall
    path: Path
    limits: TokenLimits
    told: list[TokenEvent] = field(default_factory=list)
    audit_is_gone: bool = False

    def record(self, transaction: Transaction, event: TokenEvent) -> None:
        if self.audit_is_gone:
            raise AuditGone
        self.told.append(event)

    async def another_daemon(self) -> TokenRegistry:
        """A registry of another daemon on the same database."""
        registry = TokenRegistry(self.database, self.clock, self.record, limits=self.limits)
        await registry.open()
        return registry


@asynccontextmanager
async def authority(directory: Path, limits: TokenLimits | None = None) -> AsyncIterator[Authority]:
    """Tokens in a database of their own in ``directory``, which may have been there before."""
    path = directory / "tokens.sqlite"
    clock = SetWall()
    limits = limits or TokenLimits()
    database = await open_database(f"sqlite:{path}", [Migration(1, "tokens", TABLES)], clock=clock)
    try:
        made = Authority(database, None, clock, path, limits)  # type: ignore[arg-type]
        made.registry = await made.another_daemon()
        yield made
    finally:
        await database.close()
