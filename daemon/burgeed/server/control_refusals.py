"""What the control plane, the audit, the tokens and the database refuse, as problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from burgeed.audit.errors import AuditError, AuditUnavailable, Held, InForce, NotPermitted
from burgeed.authority import errors as authority
from burgeed.control import errors as control
from burgeed.database.errors import DatabaseError, DatabaseUnavailable, OutcomeUnknown
from burgeed.server.errors import RETRY
from burgeed.server.problems import Problem

REFUSALS: Final = (control.ControlError, AuditError, authority.AuthorityError, DatabaseError)
"""What :func:`problem_of` takes."""

_STATUSES: Final[Mapping[type[Exception], tuple[int, str]]] = {
    control.NotFound: (404, "not-found"),
    control.AlreadyExists: (409, "already-exists"),
    control.Stale: (409, "stale"),
    control.Invalid: (422, "invalid"),
    control.Locked: (409, "locked"),
    control.NotAllowed: (403, "not-allowed"),
    control.KeyReused: (409, "idempotency-key-reused"),
    control.Unknown: (503, "outcome-unknown"),
    control.Unwritten: (503, "unwritten"),
    authority.Exceeds: (403, "not-allowed"),
    authority.Unfit: (422, "invalid"),
    authority.NameTaken: (409, "already-exists"),
    authority.TooMany: (422, "invalid"),
    authority.NoSuchToken: (404, "not-found"),
    Held: (409, "held"),
    InForce: (409, "in-force"),
    NotPermitted: (403, "not-allowed"),
    AuditUnavailable: (503, "unwritten"),
    OutcomeUnknown: (503, "outcome-unknown"),
    DatabaseUnavailable: (503, "unavailable"),
}
"""The first of them that an error is an instance of; what is none of them is a fault of our own."""

_UNAVAILABLE: Final[Mapping[str, str]] = {
    "full": "the store has no room left: free some, nothing was lost",
    "failing": "the store cannot be read or written: the daemon's log says why",
    "busy": "the store is busy: try again",
    "closed": "the store is closed: the daemon is shutting down",
}
"""What is told of a database's trouble: its own text may name files and addresses."""


def problem_of(error: Exception) -> Problem | None:
    """The problem that tells of a refusal; None for what nobody expected."""
    if isinstance(error, DatabaseUnavailable):
        full = error.trouble == "full"
        status, slug = (507, "full") if full else (503, "unavailable")
        return Problem(status, slug, _UNAVAILABLE[error.trouble], headers=None if full else RETRY)
    if isinstance(error, control.Unwritten) and error.full:
        return Problem(507, "full", _UNAVAILABLE["full"])
    for kind, (status, slug) in _STATUSES.items():
        if isinstance(error, kind):
            return Problem(
                status,
                slug,
                _detail(error),
                headers=RETRY if status == 503 else None,
                faults=error.faults if isinstance(error, control.Invalid) else (),
                revision=error.revision if isinstance(error, control.Stale) else None,
            )
    return None


def _detail(error: Exception) -> str:
    cause = error.__cause__
    if isinstance(error, control.Unwritten) and isinstance(cause, DatabaseUnavailable):
        return _UNAVAILABLE[cause.trouble]
    if isinstance(error, OutcomeUnknown | control.Unknown):
        return "the store failed while writing: look whether it is there before you try again"
    return str(error)
