"""A control plane on a real SQLite database, over sources that a test sets."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate
from burgee.generation import Generation
from burgeed.audit.event import AuditEvent
from burgeed.authority.principal import Principal, Restriction, Scope
from burgeed.clock import SystemClock
from burgeed.control.commands import Command
from burgeed.control.events import ControlEvent
from burgeed.control.plane import Plane
from burgeed.control.request import WriteOutcome, WriteRequest
from burgeed.database.migration import Migration
from burgeed.database.opening import open_database
from burgeed.database.protocol import Database, Transaction
from burgeed.revisions.schema import TABLES
from burgeed.store.layers import LayerStore

RECORDED = "CREATE TABLE recorded (number BIGINT PRIMARY KEY, action TEXT NOT NULL, leaf TEXT NOT NULL)"
MIGRATIONS = (Migration(1, "revisions", (*TABLES, RECORDED)),)

FILE = "flags.yaml"
WRITER = Principal("writer", "token", frozenset({Scope.WRITE}), token_id="t1")
BREAKER = Principal("breaker", "token", frozenset({Scope.WRITE, Scope.BREAK_GLASS}), token_id="t2")


class SetClock(SystemClock):
    """A wall that a test sets; waits are those of the machine."""

    def __init__(self, wall: float = 1_800_000_000.0) -> None:
        self.time = wall

    def wall(self) -> float:
        return self.time


class TableRecorder:
    """Puts events into a table of the same database, and into a list."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.refusal: Exception | None = None

    def append(self, transaction: Transaction, events: Sequence[AuditEvent]) -> None:
        if self.refusal is not None:
            raise self.refusal
        [(last,)] = transaction.execute("SELECT COALESCE(MAX(number), 0) FROM recorded")
        rows = [(last + place, event.action, event.leaf) for place, event in enumerate(events, 1)]
        transaction.execute_many("INSERT INTO recorded (number, action, leaf) VALUES (?, ?, ?)", rows)
        self.events += events


def layer_store(*sources: str) -> LayerStore:
    """A store with the admin layer on top."""
    numbers = itertools.count(1)
    return LayerStore([*sources, "admin"], next_generation=lambda: Generation("e", next(numbers)))


@dataclass
class Running:
    """A plane that is open, with what it stands on."""

    plane: Plane
    store: LayerStore
    database: Database
    recorder: TableRecorder
    clock: SetClock
    told: list[ControlEvent] = field(default_factory=list)

    def deliver(self, document: Mapping[str, Any], source: str = FILE) -> None:
        """Serve a document of a source."""
        layer, _ = read_layer(source, [SourceDocument(document, source)])
        self.store.put(source, layer)

    async def write(self, command: Command, principal: Principal = WRITER, **options: Any) -> WriteOutcome:
        return await self.plane.write(WriteRequest(command, principal, **options))

    def value(self, flag_key: str, **context: Any) -> Any:
        """What is answered now."""
        return evaluate(self.store.snapshot, flag_key, context, now=self.clock.wall()).value

    def variant(self, flag_key: str, **context: Any) -> str | None:
        return evaluate(self.store.snapshot, flag_key, context, now=self.clock.wall()).variant


@asynccontextmanager
async def running(
    database: Database,
    document: Mapping[str, Any] | None,
    *,
    clock: SetClock | None = None,
    follow: bool = False,
    **options: Any,
) -> AsyncIterator[Running]:
    """A plane over one source that has delivered; the database stays open."""
    clock, store, recorder = clock or SetClock(), layer_store(FILE), TableRecorder()
    told: list[ControlEvent] = []
    plane = Plane(database, recorder, store, clock, tell=told.extend, **options)
    here = Running(plane, store, database, recorder, clock, told)
    if document is not None:
        here.deliver(document)
    await plane.open()
    following = asyncio.create_task(plane.follow()) if follow else None
    try:
        yield here
    finally:
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
        await plane.close()


@asynccontextmanager
async def opened(uri: str) -> AsyncIterator[Database]:
    """The database at a URI."""
    database = await open_database(uri, MIGRATIONS, clock=SystemClock())
    try:
        yield database
    finally:
        await database.close()


def sqlite(path: Path) -> AbstractAsyncContextManager[Database]:
    """A database in a file."""
    return opened(f"sqlite:{path}")


async def until(condition: Callable[[], bool], within: float = 20.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)


def restricted(**restriction: Any) -> Principal:
    """A writer that may write in some places only."""
    return Principal("restricted", "token", frozenset({Scope.WRITE}), Restriction(**restriction), "t3")
