"""What is told of a database on ``/status``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from burgeed.database.errors import DatabaseError, DatabaseUnavailable, DatabaseUnusable, OutcomeUnknown
from burgeed.database.session import Session

_PASSING = ("failing", "busy")


def report_of(kind: str, place: str, sessions: Sequence[Session[Any]]) -> dict[str, Any]:
    """Kind, place and present trouble: the first session's that has one, so that which writes comes first.

    ``trouble`` is None, a word of :data:`burgeed.database.errors.Trouble`, ``unusable``, ``unknown`` after a
    failed commit, or ``faulty`` for anything else; ``message`` says more.
    """
    succeeded_at = max(session.succeeded_at for session in sessions)
    for session in sessions:
        trouble = session.trouble
        if trouble is None:
            continue
        word = _word(trouble)
        # A connection that was lost is no trouble any more once another one serves; a full disk still reads.
        if word not in _PASSING or session.troubled_at > succeeded_at:
            return {"kind": kind, "place": place, "trouble": word, "message": str(trouble)}
    return {"kind": kind, "place": place, "trouble": None, "message": None}


def _word(trouble: DatabaseError) -> str:
    if isinstance(trouble, DatabaseUnavailable):
        return trouble.trouble
    if isinstance(trouble, DatabaseUnusable):
        return "unusable"
    return "unknown" if isinstance(trouble, OutcomeUnknown) else "faulty"
