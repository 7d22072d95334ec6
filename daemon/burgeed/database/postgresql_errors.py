"""What PostgreSQL's errors mean, by SQLSTATE (PostgreSQL 15, appendix A)."""

from __future__ import annotations

import psycopg

from burgeed.database.errors import DatabaseError, DatabaseUnavailable, DatabaseUnusable, WriteRefused

_FULL = frozenset({"53100"})
_BUSY = frozenset({"55P03", "57014", "40001", "40P01"})
_FAILING_CLASSES = frozenset({"08", "53", "57", "58"})
_FAILING = frozenset({"25006", "25P03", "25P04"})
_UNUSABLE = frozenset({"XX001", "XX002", "28000", "28P01", "3D000", "42501"})


def translated(error: psycopg.Error, place: str) -> DatabaseError:
    """The error as every database has it. Its text is the server's, or libpq's: neither tells a password."""
    state = error.sqlstate or ""
    told = f"{place}: {str(error).strip() or type(error).__name__}" + (f" ({state})" if state else "")
    if state in _FULL:
        return DatabaseUnavailable("full", told)
    if state in _BUSY:
        return DatabaseUnavailable("busy", told)
    if state in _UNUSABLE:
        return DatabaseUnusable(told)
    if state in _FAILING or state[:2] in _FAILING_CLASSES:
        return DatabaseUnavailable("failing", told)
    if state[:2] == "23":
        return WriteRefused(str(error))
    if not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return DatabaseUnavailable("failing", told)
    return DatabaseError(told)


def is_sure(error: psycopg.Error) -> bool:
    """Whether the server itself refused the transaction, and lives on: then nothing was committed."""
    return bool(error.sqlstate) and error.diag.severity_nonlocalized == "ERROR"
