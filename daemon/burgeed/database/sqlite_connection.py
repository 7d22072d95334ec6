"""One connection to an SQLite file, and what SQLite's errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import NoReturn
from urllib.parse import quote

from burgeed.database.errors import (
    DatabaseError,
    DatabaseUnavailable,
    DatabaseUnusable,
    OutcomeUnknown,
    WriteRefused,
)
from burgeed.database.protocol import Row
from burgeed.database.schema import TABLE
from burgeed.database.sqlite_file import OwnedFile

JOURNAL_BYTES = 16 * 1024 * 1024
"""What the write-ahead log is cut to after a checkpoint."""

CHECKED_BYTES = 64 * 1024 * 1024
"""A file up to this size is looked through for damage when it is opened."""

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT})
_FAILING = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOLFS,
    }
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

OpenSqlite = Callable[..., sqlite3.Connection]
"""Called as sqlite3.connect."""


class SqliteConnection:
    """An open connection; see :class:`burgeed.database.session.Connection`.

    Args:
        file: the database's file.
        writes: whether its transactions write.
        busy_timeout: seconds to wait for a lock of another process.
        connect: opens it.
        prepare: called with this once it is open, to see to the schema.

    Raises:
        DatabaseUnavailable, DatabaseUnusable: it cannot be opened.
    """

    def __init__(
        self,
        file: OwnedFile,
        *,
        writes: bool,
        busy_timeout: float,
        connect: OpenSqlite,
        prepare: Callable[[SqliteConnection], None],
    ) -> None:
        self._file = file
        self._writes = writes
        self._prepare = prepare
        file.check()
        uri = f"file:{quote(str(file.path))}?mode={'rw' if writes else 'ro'}"
        try:
            self._connection = connect(uri, uri=True, isolation_level=None, timeout=busy_timeout)
        except sqlite3.Error as error:
            self._refuse(error)

    def open(self) -> None:
        """See :meth:`Connection.open`."""
        for pragma in (
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "foreign_keys = ON",
            "secure_delete = ON",
            "synchronous = FULL",
            f"journal_size_limit = {JOURNAL_BYTES}",
        ):
            self.execute(f"PRAGMA {pragma}", ())
        if self._writes:
            self._refuse_damage()
            [[mode]] = self.execute("PRAGMA journal_mode = WAL", ())
            if mode != "wal":
                raise DatabaseUnusable(
                    f"{self._file.path} lies on a file system without shared memory, where SQLite cannot "
                    "keep a write-ahead log: choose a local one"
                )
        self._prepare(self)

    def _refuse_damage(self) -> None:
        """Look before anything is changed."""
        path = self._file.path
        tables = self.execute("SELECT name FROM sqlite_master WHERE type = 'table'", ())
        if tables and (TABLE,) not in tables:
            raise DatabaseUnusable(f"{path} is a database of another program: name another file")
        if path.stat().st_size <= CHECKED_BYTES:
            [[found]] = self.execute("PRAGMA quick_check(1)", ())
            if found != "ok":
                raise self._damaged(found)

    def rewrite(self) -> None:
        """Write every page anew, through the write-ahead log, and cut that to nothing.

        Raises:
            DatabaseUnavailable: there is no room for a copy, or somebody reads an older state for longer than
                the busy timeout.
        """
        self.execute("VACUUM", ())
        [[busy, *_]] = self.execute("PRAGMA wal_checkpoint(TRUNCATE)", ())
        if busy:
            raise DatabaseUnavailable("busy", f"{self._file.path} is being read: its log cannot be emptied")

    def begin(self) -> None:
        """See :meth:`Connection.begin`."""
        if self._writes:
            self._file.check()
        self.execute("BEGIN IMMEDIATE" if self._writes else "BEGIN", ())

    def execute(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        """See :meth:`Connection.execute`."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            self._refuse(error)

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """See :meth:`Connection.execute_many`."""
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            self._refuse(error)

    def commit(self) -> None:
        """See :meth:`Connection.commit`.

        SQLITE_FULL says that a write of the log came out short. The frame that makes a transaction valid is
        written last, and nothing is written after it, so then the transaction is surely not there. Any other
        error may have come after that frame.
        """
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if _primary(error) == sqlite3.SQLITE_FULL:
                self._refuse(error)
            raise OutcomeUnknown(f"{self._file.path} failed to commit: {_told(error)}") from error

    def rollback(self) -> None:
        """See :meth:`Connection.rollback`. SQLite itself has rolled back after some errors."""
        if self._connection.in_transaction:
            self.execute("ROLLBACK", ())

    def interrupt(self) -> None:
        """See :meth:`Connection.interrupt`."""
        try:
            self._connection.interrupt()
        except sqlite3.Error:
            pass  # closed meanwhile

    def close(self) -> None:
        """See :meth:`Connection.close`."""
        try:
            self._connection.close()
        except sqlite3.Error:
            pass  # what was committed is on disk; the rest is no loss

    def _refuse(self, error: Exception) -> NoReturn:
        raise self._translated(error) from error

    def _translated(self, error: Exception) -> DatabaseError:
        path, code = self._file.path, _primary(error)
        if code == sqlite3.SQLITE_FULL or (code in _FAILING and self._file.has_no_room()):
            return DatabaseUnavailable("full", f"there is no room for {path}: {_told(error)}")
        if code in _BUSY:
            return DatabaseUnavailable("busy", f"{path} is locked, or it took too long: {_told(error)}")
        if code in _FAILING:
            return DatabaseUnavailable("failing", f"{path} cannot be used: {_told(error)}")
        if code in _DAMAGED:
            return self._damaged(_told(error))
        if code == sqlite3.SQLITE_CONSTRAINT:
            return WriteRefused(str(error))
        return DatabaseError(f"{path}: {_told(error)}")

    def _damaged(self, told: str) -> DatabaseUnusable:
        path = self._file.path
        return DatabaseUnusable(
            f"{path} is damaged, or no SQLite database ({told}): it was left as it is; move it and "
            f"{path}-wal away together, and restore a copy"
        )


def _primary(error: Exception) -> int:
    """The error's code without its extension; 0 where it has none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _told(error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", None)
    return f"{error} ({name})" if name else str(error)
