"""From a URI to an open database."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from burgeed.clock import Clock
from burgeed.database.errors import DatabaseUnusable
from burgeed.database.migration import Migration
from burgeed.database.protocol import Database
from burgeed.database.sqlite import SqliteDatabase

SQLITE = "sqlite:"
POSTGRESQL = ("postgresql://", "postgres://")

RANDOM = secrets.SystemRandom().random


class OpenableDatabase(Database, Protocol):
    """A database that opens with its first use, or when it is told to."""

    async def open(self) -> None:
        """Open it and bring its schema up to date.

        Raises:
            DatabaseUnusable, DatabaseUnavailable: it cannot be opened; it may be tried again.
        """
        ...


async def open_database(
    uri: str,
    migrations: Sequence[Migration],
    *,
    clock: Clock,
    random: Callable[[], float] = RANDOM,
) -> Database:
    """Open a database and bring its schema up to date.

    Args:
        uri: ``sqlite:PATH``, or ``postgresql://...`` as libpq reads it.
        migrations: all of them, numbered from 1.
        clock: for waits and for the times of migrations.
        random: a number in [0, 1), for the waits between attempts to connect.

    Raises:
        DatabaseUnusable: it cannot be opened, and the text says what to do.
        DatabaseUnavailable: it cannot be opened at present; try again.
    """
    database = database_of(uri, migrations, clock=clock, random=random)
    try:
        await database.open()
    except BaseException:
        await database.close()
        raise
    return database


def database_of(
    uri: str,
    migrations: Sequence[Migration],
    *,
    clock: Clock,
    random: Callable[[], float] = RANDOM,
) -> OpenableDatabase:
    """A database that opens with its first use, whenever that succeeds. Arguments as :func:`open_database`.

    Raises:
        DatabaseUnusable: there is none of that kind.
    """
    if uri.startswith(SQLITE) and uri != SQLITE:
        return SqliteDatabase(Path(uri.removeprefix(SQLITE)), migrations, clock=clock)
    if not uri.startswith(POSTGRESQL):
        raise DatabaseUnusable("a database is sqlite:PATH or postgresql://...")
    try:
        from burgeed.database.postgresql import PostgresqlDatabase
    except ImportError as error:
        raise DatabaseUnusable(
            f"PostgreSQL needs psycopg, which cannot be imported ({error}): pip install 'burgee[postgresql]'"
        ) from error
    return PostgresqlDatabase(uri, migrations, clock=clock, random=random)
