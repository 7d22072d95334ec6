"""Schema versions: numbered steps, each applied once, in order, in one transaction of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from one schema version to the next.

    Types that both databases know: ``BIGINT``, ``TEXT``, ``DOUBLE PRECISION``, ``BLOB`` (made ``BYTEA`` for
    PostgreSQL). Times are microseconds since the Unix epoch, as ``BIGINT``.

    Attributes:
        number: from 1, without gaps.
        name: a few words, kept with the number.
        statements: run on both.
        sqlite: run after them on SQLite only, such as triggers.
        postgresql: the same on PostgreSQL.
    """

    number: int
    name: str
    statements: tuple[str, ...]
    sqlite: tuple[str, ...] = ()
    postgresql: tuple[str, ...] = ()
