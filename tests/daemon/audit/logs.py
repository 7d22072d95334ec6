"""Logs for tests: real databases, real entries, and the means to tamper with them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burgeed.audit import schema
from burgeed.audit.anchor import Anchor
from burgeed.audit.checkpoints import Checkpoints
from burgeed.audit.event import AuditEvent
from burgeed.audit.journal import Journal
from burgeed.audit.keys import AuditKeys, MasterKey, MasterKeys, open_keys
from burgeed.audit.log import AuditLog
from burgeed.audit.log_database import open_sqlite_log
from burgeed.audit.modes import STANDARD, Mode
from burgeed.audit.sealing_key import Sealer
from burgeed.audit.verdict import Verification
from burgeed.audit.verify import verify
from burgeed.clock import SystemClock
from burgeed.database.migration import Migration
from burgeed.database.opening import open_database
from burgeed.database.protocol import Database
from burgeed.signing.keys import PrivateKey

MIGRATIONS = (
    Migration(1, "audit", schema.TABLES, schema.SQLITE_TRIGGERS, schema.POSTGRESQL_TRIGGERS),
    Migration(
        2,
        "keys, seals",
        schema.SECOND_TABLES,
        schema.SECOND_SQLITE_TRIGGERS,
        schema.SECOND_POSTGRESQL_TRIGGERS,
    ),
)
START = 1_800_000_000.0
TRIGGERS = (
    "audit_entries_no_update", "audit_entries_no_delete", "audit_entries_in_order",
    "audit_segments_no_delete",
    *(
        f"{table}_no_{what}"
        for table in ("audit_keys", "audit_seals", "audit_acceptances")
        for what in ("update", "delete")
    ),
)  # fmt: skip


class SetClock(SystemClock):
    """A wall and a monotonic clock that a test sets; waits are those of the machine."""

    def __init__(self, wall: float = START) -> None:
        self.time = wall

    def wall(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time - START + 1e9


def fixed_keys(master: int = 1, signing: int = 2) -> AuditKeys:
    return AuditKeys(MasterKeys(MasterKey(bytes([master]) * 32)), PrivateKey.of_seed(bytes([signing]) * 32))


@dataclass
class Log:
    """An open log and what it stands on."""

    path: Path
    database: Database
    journal: Journal
    checkpoints: Checkpoints
    audit: AuditLog
    clock: SetClock
    keys: AuditKeys

    async def append(self, *events: AuditEvent) -> None:
        await self.database.write(lambda transaction: self.journal.append(transaction, events))

    async def fill(self, count: int, every: float = 1.0, **fields: Any) -> None:
        """Many events, one transaction each ten, time going on."""
        made = 0
        while made < count:
            batch = [event(made + n, at=self.clock.time, **fields) for n in range(min(10, count - made))]
            made += len(batch)
            await self.append(*batch)
            self.clock.time += every

    async def rows(self, sql: str, *parameters: object) -> list[Any]:
        return await self.database.read(lambda transaction: transaction.execute(sql, parameters))


def event(number: int = 1, **fields: Any) -> AuditEvent:
    """An override's leaf that was changed."""
    values: dict[str, Any] = {
        "action": "override.set",
        "at": START,
        "actor": "alice",
        "reason": f"ticket {number}",
        "request_id": f"r-{number}",
        "revision": number,
        "flag_set": "shop",
        "flag_key": "new-checkout",
        "level": "customer",
        "scope": "c-42",
        "leaf": "patch.phase2.enhancedStorage",
        "old": False,
        "new": True,
        "had_old": True,
        "has_new": True,
    }
    return AuditEvent(**(values | fields))


@asynccontextmanager
async def log_at(
    path: Path,
    *,
    keys: AuditKeys | None = None,
    uri: str | None = None,
    clock: SetClock | None = None,
    mode: Mode = STANDARD,
    migrations: Sequence[Migration] = MIGRATIONS,
    anchors: Sequence[Anchor] = (),
    sealer: Sealer | None = None,
    **options: Any,
) -> AsyncIterator[Log]:
    """The log of a database, opened as the daemon opens it, its keys in the state directory."""
    keys = keys or open_keys(path.parent, {})
    clock = clock or SetClock()
    database = await open_database(uri or f"sqlite:{path}", migrations, clock=SystemClock())
    try:
        journal = Journal(keys, clock, mode=mode, **options)
        checkpoints = Checkpoints(database, journal, clock, anchors, sealer=sealer)
        audit = AuditLog(database, journal, checkpoints, clock)
        yield Log(path, database, journal, checkpoints, audit, clock, keys)
    finally:
        await database.close()


def make_log(
    path: Path,
    count: int,
    *,
    keys: AuditKeys | None = None,
    checkpoint: bool = True,
    fields: Mapping[str, Any] | None = None,
    **options: Any,
) -> Path:
    """A log that nobody has open any more."""

    async def make() -> None:
        async with log_at(path, keys=keys, **options) as log:
            await log.fill(count, **(fields or {}))
            if checkpoint:
                await log.checkpoints.make()

    asyncio.run(make())
    return path


def verified(path: Path, outside: Iterable[str] = (), **options: Any) -> Verification:
    log = open_sqlite_log(path)
    try:
        return verify(log, outside=outside, **options)
    finally:
        log.close()


def tamper(path: Path, *statements: str, parameters: Sequence[object] = ()) -> None:
    """As somebody who may write the file: triggers do not stop them."""
    with closing(sqlite3.connect(path)) as connection:
        for trigger in TRIGGERS:
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.execute(statement, parameters if "?" in statement else ())
        connection.commit()


def last_note(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        [note] = connection.execute(
            "SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1"
        ).fetchone()
        return str(note)
