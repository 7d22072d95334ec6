"""Databases of both kinds, opened for a test and closed after it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from burgeed.clock import SystemClock
from burgeed.database.errors import DatabaseUnavailable
from burgeed.database.migration import Migration
from burgeed.database.opening import open_database
from burgeed.database.postgresql import PostgresqlDatabase
from burgeed.database.protocol import Transaction
from burgeed.database.sqlite import SqliteDatabase

DEADLINE = 30.0

AnyDatabase = SqliteDatabase | PostgresqlDatabase

MIGRATIONS = (
    Migration(
        1,
        "counters and values",
        (
            "CREATE TABLE counters (name TEXT PRIMARY KEY, number BIGINT NOT NULL)",
            "CREATE TABLE kept (number BIGINT PRIMARY KEY, i BIGINT, f DOUBLE PRECISION, t TEXT, b BLOB)",
            "INSERT INTO counters (name, number) VALUES ('first', 0)",
        ),
    ),
    Migration(
        2,
        "a log that only grows",
        ("CREATE TABLE log (number BIGINT PRIMARY KEY, line TEXT NOT NULL)",),
        sqlite=(
            "CREATE TRIGGER log_grows BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log grows'); END",
        ),
        postgresql=(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RAISE EXCEPTION ''the log grows'' USING ERRCODE = ''integrity_constraint_violation''; "
            "END'",
            "CREATE TRIGGER log_grows BEFORE UPDATE ON log FOR EACH ROW EXECUTE FUNCTION refuse()",
        ),
    ),
    Migration(3, "who wrote a line", ("ALTER TABLE log ADD COLUMN actor TEXT NOT NULL DEFAULT ''",)),
)


@asynccontextmanager
async def opened(uri: str, migrations: Sequence[Migration] = MIGRATIONS) -> AsyncIterator[AnyDatabase]:
    """The database at a URI, as the daemon opens it."""
    database = await open_database(uri, migrations, clock=SystemClock(), random=random.random)
    assert isinstance(database, AnyDatabase)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def opened_with(uri: str, **options: Any) -> AsyncIterator[AnyDatabase]:
    """The same with options of the kind's own."""
    database: AnyDatabase
    if uri.startswith("sqlite:"):
        path = Path(uri.removeprefix("sqlite:"))
        database = SqliteDatabase(path, MIGRATIONS, clock=SystemClock(), **options)
    else:
        database = PostgresqlDatabase(uri, MIGRATIONS, clock=SystemClock(), random=random.random, **options)
    try:
        await database.open()
        yield database
    finally:
        await database.close()


def count_up(transaction: Transaction) -> int:
    """Read a counter and write one more, as whoever loses updates would."""
    [[number]] = transaction.execute("SELECT number FROM counters WHERE name = ?", ("first",))
    transaction.execute("UPDATE counters SET number = ? WHERE name = ?", (number + 1, "first"))
    return int(number) + 1


def counted(transaction: Transaction) -> int:
    """The counter."""
    [[number]] = transaction.execute("SELECT number FROM counters WHERE name = ?", ("first",))
    return int(number)


def statement(sql: str, *parameters: object) -> Callable[[Transaction], list[tuple[Any, ...]]]:
    """Work of one statement."""
    return lambda transaction: transaction.execute(sql, parameters)


async def succeeds(call: Callable[[], Awaitable[Any]]) -> Any:
    """The outcome of a call that is tried until the database is available."""
    until = time.monotonic() + DEADLINE
    while True:
        try:
            return await asyncio.wait_for(call(), DEADLINE)
        except DatabaseUnavailable:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
