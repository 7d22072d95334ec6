"""SQLite: one file, one daemon.

A write returns when the write-ahead log holds it and was synced (``synchronous=FULL``). What was deleted is
overwritten (``secure_delete``). Nothing here makes up for a disk that says
that it has written what it has not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from burgeed.clock import Clock
from burgeed.database.errors import DatabaseUnavailable, DatabaseUnusable, OutcomeUnknown
from burgeed.database.lane import OPENING_PATIENCE, SCRUBBING_PATIENCE, Lane, closed
from burgeed.database.migration import Migration
from burgeed.database.protocol import Transaction
from burgeed.database.reporting import report_of
from burgeed.database.schema import Schema, for_sqlite
from burgeed.database.session import Session
from burgeed.database.sqlite_connection import OpenSqlite, SqliteConnection
from burgeed.database.sqlite_file import OwnedFile

Outcome = TypeVar("Outcome")


class SqliteDatabase:
    """A :class:`burgeed.database.protocol.Database` in a file.

    Args:
        path: of the file, which is made where there is none.
        migrations: all of them.
        clock: tells when a migration was run.
        readers: how many reads may run at a time.
        queue: how many writes, and how many reads, may wait.
        busy_timeout: seconds to wait for a lock that another process holds.
        patience: seconds that a transaction may take, with its wait.
        connect: opens a connection, as sqlite3.connect does.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Migration],
        *,
        clock: Clock,
        readers: int = 2,
        queue: int = 256,
        busy_timeout: float = 3.0,
        patience: float = 10.0,
        connect: OpenSqlite = sqlite3.connect,
    ) -> None:
        self._path = path
        self._schema = Schema(migrations)
        self._clock = clock
        self._busy_timeout = busy_timeout
        self._connect = connect
        self._file: OwnedFile | None = None
        self._is_up_to_date = False
        self._closed = False
        self._writer = Session(self._writing)
        self._readers = [Session(self._reading) for _ in range(readers)]
        self._writes = Lane(
            "database-writer",
            [self._writer],
            limit=queue,
            patience=patience,
            grace=5.0,
            stuck=_write_is_stuck,
        )
        self._reads = Lane(
            "database-reader", self._readers, limit=queue, patience=patience, grace=5.0, stuck=_read_is_stuck
        )

    async def open(self) -> None:
        """Make or open the file and bring its schema up to date.

        Raises:
            DatabaseUnusable, DatabaseUnavailable: it cannot be; it may be tried again.
        """
        try:
            await self._writes.run(
                lambda session: session.use(lambda connection: None), patience=OPENING_PATIENCE
            )
        except OutcomeUnknown as error:
            raise DatabaseUnavailable("failing", str(error)) from error

    async def write(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """See :meth:`Database.write`."""
        return await self._writes.run(lambda session: session.transact(work))

    async def read(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """See :meth:`Database.read`; where opening it failed, that is tried again first."""
        if not self._is_up_to_date:
            await self.open()
        return await self._reads.run(lambda session: session.transact(work))

    async def changed(self, within: float) -> bool:
        """See :meth:`Database.changed`: nobody else writes to the file, so this waits."""
        if self._closed:
            raise closed()
        await self._clock.sleep(within)
        return False

    async def scrub(self, *tables: str) -> None:
        """See :meth:`Database.scrub`: the whole file is written anew. Deleted rows are overwritten at once,
        and yet copies stay behind where a page was once divided.
        """
        await self._writes.run(
            lambda session: session.use(lambda connection: connection.rewrite()), patience=SCRUBBING_PATIENCE
        )

    def report(self) -> dict[str, Any]:
        """See :meth:`Database.report`."""
        return report_of("sqlite", str(Path.cwd() / self._path), [self._writer, *self._readers])

    async def close(self) -> None:
        """See :meth:`Database.close`."""
        self._closed = True
        self._writes.refuse()
        # The readers go first: the last connection to close empties the log into the file.
        await self._reads.close()
        # A thread that hangs on a disk may still write: then the file stays this process's until it ends.
        if await self._writes.close() and self._file is not None:
            self._file.release()
            self._file = None

    def _writing(self) -> SqliteConnection:
        if self._file is None:
            self._file = OwnedFile(self._path)
        return self._connection(self._file, self._bring_up_to_date)

    def _reading(self) -> SqliteConnection:
        if self._file is None:
            raise DatabaseUnavailable("closed", f"{self._path} is not open yet")
        return self._connection(self._file, None)

    def _connection(
        self, file: OwnedFile, prepare: Callable[[SqliteConnection], None] | None
    ) -> SqliteConnection:
        return SqliteConnection(
            file,
            writes=prepare is not None,
            busy_timeout=self._busy_timeout,
            connect=self._connect,
            prepare=prepare or (lambda connection: None),
        )

    def _bring_up_to_date(self, connection: SqliteConnection) -> None:
        try:
            self._schema.bring_up_to_date(connection, for_sqlite, lambda: int(self._clock.wall() * 1_000_000))
        except DatabaseUnusable as error:
            raise DatabaseUnusable(f"{Path.cwd() / self._path}: {error}") from error
        self._is_up_to_date = True


def _write_is_stuck() -> OutcomeUnknown:
    return OutcomeUnknown("the disk does not answer: whether the transaction was written is not known")


def _read_is_stuck() -> DatabaseUnavailable:
    return DatabaseUnavailable("failing", "the disk does not answer")
