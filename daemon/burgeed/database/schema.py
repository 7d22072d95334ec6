"""Brings a database's schema to the version that this Burgee knows, one step and one transaction at a time.

The table ``schema_version`` has a row for each step that was taken. A step and its row are committed
together, so whatever interrupts, the next start goes on with the first step that is missing. Beginning a
transaction that writes excludes other daemons, and the version is read again inside it: a step is taken once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from burgeed.database.errors import DatabaseUnusable
from burgeed.database.migration import Migration
from burgeed.database.session import Connection

TABLE = "schema_version"

_TYPE = re.compile(r"\b(?:BLOB|TEXT)\b")
_DEFINES_COLUMNS = re.compile(r"\s*(?:CREATE\s+TABLE|ALTER\s+TABLE)\b", re.IGNORECASE)
_POSTGRESQL_TYPES = {"BLOB": "BYTEA", "TEXT": 'TEXT COLLATE "C"'}


class Schema:
    """The steps that are known.

    Args:
        migrations: in order, numbered from 1 without gaps.

    Raises:
        ValueError: they are not.
    """

    def __init__(self, migrations: Sequence[Migration]) -> None:
        if [migration.number for migration in migrations] != list(range(1, len(migrations) + 1)):
            raise ValueError("migrations are numbered from 1, in order, without gaps")
        self.migrations = tuple(migrations)

    @property
    def version(self) -> int:
        """The number of the last step."""
        return len(self.migrations)

    def bring_up_to_date(
        self, connection: Connection, statements: Callable[[Migration], Sequence[str]], now: Callable[[], int]
    ) -> None:
        """Take the steps that are missing.

        Args:
            connection: one that writes, with no transaction under way.
            statements: of one step, for this kind of database.
            now: microseconds since the Unix epoch.

        Raises:
            DatabaseUnusable: it was made by a newer Burgee.
            DatabaseError: a step failed; those before it are taken.
        """
        for position in range(-1, self.version):
            connection.begin()
            try:
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {TABLE} "
                    "(number BIGINT PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)",
                    (),
                )
                taken = self.check(connection)
                if position >= 0 and taken <= position:
                    migration = self.migrations[position]
                    for statement in statements(migration):
                        connection.execute(statement, ())
                    connection.execute(
                        f"INSERT INTO {TABLE} (number, name, at) VALUES (?, ?, ?)",
                        (migration.number, migration.name, now()),
                    )
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            if taken == self.version:
                return

    def check(self, connection: Connection) -> int:
        """The number of the last step taken. Raises DatabaseUnusable if this Burgee does not know it."""
        [[newest, count]] = connection.execute(f"SELECT COALESCE(MAX(number), 0), COUNT(*) FROM {TABLE}", ())
        if newest > self.version:
            raise DatabaseUnusable(
                f"made by a newer Burgee (schema {newest}, this one knows {self.version}); "
                "upgrade, or restore a copy"
            )
        if count != newest:
            raise DatabaseUnusable(
                f"its table {TABLE} has {count} rows and ends with {newest}, which Burgee never leaves: "
                "restore a copy"
            )
        return int(newest)


def for_sqlite(migration: Migration) -> tuple[str, ...]:
    """A step's statements on SQLite."""
    return (*migration.statements, *migration.sqlite)


def for_postgresql(migration: Migration) -> tuple[str, ...]:
    """A step's statements on PostgreSQL, where text is compared bytewise too."""
    return (*map(_for_postgresql, migration.statements), *migration.postgresql)


def _for_postgresql(statement: str) -> str:
    if not _DEFINES_COLUMNS.match(statement):
        return statement
    return _TYPE.sub(lambda found: _POSTGRESQL_TYPES[found[0]], statement)
