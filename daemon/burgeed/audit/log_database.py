"""Logs in a database, read without writing: an SQLite file, or PostgreSQL by its URI."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from burgeed.audit.acceptance import Acceptance, acceptance_of
from burgeed.audit.chain import Broken, StoredEntry
from burgeed.audit.columns import LARGEST_NUMBER, as_bytes, as_number, as_text
from burgeed.audit.errors import AuditError
from burgeed.audit.log_source import Identity, StoredCheckpoint, StoredSubject
from burgeed.audit.seals import COLUMNS as SEAL_COLUMNS
from burgeed.audit.seals import Seal, seal_of
from burgeed.audit.segments import COLUMNS, Segment, segment_of
from burgeed.audit.signing_keys import StoredKey, read_keys, read_stored_key
from burgeed.database.errors import DatabaseUnusable

Execute = Callable[[str, Sequence[object]], list[Any]]
Read = TypeVar("Read")

_AT_ONCE = 2_000
"""Rows in memory at a time."""


class DatabaseLog:
    """A log, through a function that runs SQL on one consistent state.

    Args:
        execute: runs a statement with ``?`` for parameters.
        close: lets go of the database.
        has_table: whether there is such a table: a store of an earlier schema lacks some.
        is_disturbed: whether somebody began to write what was read as lying still: it has to be read again.

    Attributes:
        transaction: the same, for whoever reads through one.
    """

    def __init__(
        self,
        execute: Execute,
        close: Callable[[], None],
        has_table: Callable[[str], bool],
        is_disturbed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._execute = execute
        self._has_table = has_table
        self.is_disturbed = is_disturbed
        self.transaction = ReadOnly(execute)
        self.close = close

    def identity(self) -> Identity | None:
        """See LogSource."""
        rows = self._execute(
            "SELECT l.log_id, l.public_key, h.seq, h.hash, l.epoch, h.peaks, h.segment"
            " FROM audit_log l LEFT JOIN audit_head h ON h.id = l.id",
            (),
        )
        if not rows:
            return None
        row = rows[0]
        if row[2] is None:
            raise Broken("the row that tells the end of the log is gone")
        return _as_written(
            lambda: Identity(
                as_bytes(row[0]),
                read_stored_key(as_bytes(row[1])),
                as_number(row[2]),
                as_bytes(row[3]),
                epoch=as_number(row[4]),
                peaks=as_bytes(row[5]),
                segment=as_number(row[6]),
            )
        )

    def segments(self) -> Iterator[Segment]:
        """See LogSource."""
        for row in self._execute(f"SELECT {COLUMNS} FROM audit_segments ORDER BY id", ()):
            yield _as_written(lambda row=row: segment_of(row))  # type: ignore[misc]

    def checkpoints(self) -> Iterator[StoredCheckpoint]:
        """See LogSource."""
        last = -LARGEST_NUMBER
        while rows := self._execute(
            "SELECT size, root, head, note FROM audit_checkpoints WHERE size > ? ORDER BY size LIMIT ?",
            (last, _AT_ONCE),
        ):
            for row in rows:
                yield _as_written(lambda row=row: _checkpoint(*row))  # type: ignore[misc]
            last = rows[-1][0]

    def keys(self) -> list[StoredKey]:
        """See LogSource."""
        if not self._has_table("audit_keys"):
            return []
        return _as_written(lambda: read_keys(self.transaction))

    def seals(self) -> Iterator[Seal]:
        """See LogSource."""
        last: tuple[object, ...] = (-LARGEST_NUMBER, b"", -1)
        while self._has_table("audit_seals"):
            rows = self._execute(
                f"SELECT {SEAL_COLUMNS} FROM audit_seals WHERE (size, sealer, number) > (?, ?, ?)"
                " ORDER BY size, sealer, number LIMIT ?",
                (*last, _AT_ONCE),
            )
            for row in rows:
                yield _as_written(lambda row=row: seal_of(row))  # type: ignore[misc]
            if not rows:
                return
            last = (rows[-1][2], bytes(rows[-1][0]), rows[-1][1])

    def acceptances(self) -> list[Acceptance]:
        """See LogSource."""
        if not self._has_table("audit_acceptances"):
            return []
        rows = self._execute("SELECT digest, size, seq, made, signature FROM audit_acceptances", ())
        return _as_written(lambda: [acceptance_of(row) for row in rows])

    def entries(self) -> Iterator[StoredEntry]:
        """See LogSource."""
        last = -LARGEST_NUMBER
        while rows := self._execute(
            "SELECT seq, segment, hash, entry, at, action, actor_id FROM audit_entries"
            " WHERE seq > ? ORDER BY seq LIMIT ?",
            (last, _AT_ONCE),
        ):
            for row in rows:
                yield _as_written(lambda row=row: _entry(*row), row[0])  # type: ignore[misc]
            last = rows[-1][0]

    def subject(self, subject_id: bytes) -> StoredSubject | None:
        """See LogSource."""
        rows = self._execute("SELECT master_id, wrapped_key FROM audit_subjects WHERE id = ?", (subject_id,))
        if not rows:
            return None
        [(master_id, wrapped_key)] = rows
        return _as_written(
            lambda: StoredSubject(as_text(master_id), None if wrapped_key is None else as_bytes(wrapped_key))
        )


class ReadOnly:
    """A transaction of the database's protocol that reads alone."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """See Transaction."""
        return self._execute(sql, parameters)

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """See Transaction: nothing is ever written."""
        raise NotImplementedError


def open_sqlite_log(path: Path) -> DatabaseLog:
    """The log of an SQLite file, whether a daemon has it open or not. Nothing is written beside it.

    A file with a write-ahead log that no daemon has open is copied into a private temporary directory, since
    SQLite would have to write to read it.

    Raises:
        AuditError: it cannot be read.
    """
    if not path.is_file():
        raise AuditError(f"there is no file {path}")
    beside = path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
    copied: Path | None = None
    is_quiet = not beside[0].exists()
    if is_quiet:
        connection = _connect(path, "mode=ro&immutable=1")
    elif beside[1].exists():
        connection = _connect(path, "mode=ro")
    else:
        copied = Path(tempfile.mkdtemp(prefix="burgee-audit-"))
        shutil.copyfile(path, copied / "log")
        shutil.copyfile(beside[0], copied / "log-wal")
        connection = _connect(copied / "log", "mode=rw")

    # Text where there should be bytes is tampering, and no reason to stop reading.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")

    def execute(sql: str, parameters: Sequence[object]) -> list[Any]:
        try:
            return connection.execute(sql, parameters).fetchall()
        except sqlite3.OperationalError as error:
            raise AuditError(f"{path} cannot be read: {error}") from error
        except (sqlite3.DatabaseError, OverflowError) as error:
            raise Broken(f"{path} is damaged: {error}") from error

    def close() -> None:
        connection.close()
        if copied is not None:
            shutil.rmtree(copied, ignore_errors=True)

    try:
        # One state from the first statement to the last, whatever a daemon adds meanwhile.
        execute("BEGIN", ())
    except BaseException:
        close()
        raise

    def has_table(name: str) -> bool:
        return bool(execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)))

    return DatabaseLog(execute, close, has_table, lambda: is_quiet and beside[0].exists())


def open_postgresql_log(uri: str) -> DatabaseLog:
    """The log of a PostgreSQL database, in one read-only transaction. Raises AuditError."""
    try:
        import psycopg

        from burgeed.database.postgresql_connection import Place
    except ImportError as error:
        raise AuditError("PostgreSQL takes psycopg: pip install 'burgee[postgresql]'") from error
    try:
        # First, since the driver's own objection to a URI would show of the password.
        Place.of(uri)
    except DatabaseUnusable as error:
        raise AuditError(str(error)) from None
    try:
        connection = psycopg.connect(uri, connect_timeout=10)
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    except psycopg.Error as error:
        raise AuditError(f"PostgreSQL cannot be read: {error}") from error

    def execute(sql: str, parameters: Sequence[object]) -> list[Any]:
        try:
            return connection.execute(sql.replace("?", "%s").encode(), parameters).fetchall()
        except psycopg.Error as error:
            raise AuditError(f"PostgreSQL cannot be read: {error}") from error

    def close() -> None:
        with suppress(psycopg.Error):
            connection.close()

    def has_table(name: str) -> bool:
        return bool(execute("SELECT 1 WHERE to_regclass(?) IS NOT NULL", (name,)))

    return DatabaseLog(execute, close, has_table)


def _connect(path: Path, options: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{options}"
    try:
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5.0)
    except sqlite3.Error as error:
        raise AuditError(f"{path} cannot be opened: {error}") from error


def _checkpoint(size: object, root: object, head: object, note: object) -> StoredCheckpoint:
    return StoredCheckpoint(as_number(size), as_bytes(root), as_bytes(head), as_text(note))


def _entry(
    seq: object, segment: object, digest: object, encoded: object, at: object, action: object, actor: object
) -> StoredEntry:
    found_by = as_number(at), as_text(action), as_bytes(actor)
    return StoredEntry(as_number(seq), as_number(segment), as_bytes(digest), as_bytes(encoded), found_by)


def _as_written(read: Callable[[], Read], seq: object = None) -> Read:
    try:
        return read()
    except (TypeError, ValueError) as error:
        message = f"a row of the log is not as it is written: {error}"
        raise Broken(message, seq if isinstance(seq, int) else None) from error
