"""Idempotency-Keys: the same key of the same principal gives the first outcome again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from burgeed.authority.principal import Principal
from burgeed.control.committing import Remembered
from burgeed.control.errors import ControlError, Invalid, KeyReused
from burgeed.control.fingerprint import fingerprint
from burgeed.control.request import WriteOutcome, WriteRequest
from burgeed.database.protocol import Transaction
from burgeed.revisions import idempotency, reading
from burgeed.revisions.documents import UnfitDocument
from burgeed.revisions.idempotency import Known
from burgeed.revisions.values import Change

Identity: TypeAlias = tuple[str, str]
"""Whose key, and the key."""


def identity_of(request: WriteRequest) -> Identity | None:
    """What a request is remembered by; None where it has no key, or writes nothing."""
    if not request.idempotency_key or request.dry_run:
        return None
    return _owner(request.principal), request.idempotency_key


def remembered(request: WriteRequest, outcome: WriteOutcome, now: float) -> Remembered | None:
    """What is to be put down with a write; None for a request without a key."""
    if not request.idempotency_key:
        return None
    known = Known(fingerprint(request.command), _as_json(outcome))
    return Remembered(_owner(request.principal), request.idempotency_key, known, now)


def earlier_outcomes(
    requests: Iterable[WriteRequest], now: float
) -> Callable[[Transaction], Mapping[Identity, WriteOutcome | ControlError]]:
    """What to ask the database: what became of requests with these keys, within a day.

    Where a key stood for another request, or the request cannot be compared, the refusal is found: KeyReused,
    Invalid.
    """
    asked = [(identity, each) for each in requests if (identity := identity_of(each)) is not None]

    def work(transaction: Transaction) -> Mapping[Identity, WriteOutcome | ControlError]:
        found: dict[Identity, WriteOutcome | ControlError] = {}
        for identity, request in asked:
            try:
                outcome = _earlier_outcome(transaction, request, identity, now)
            except ControlError as refused:
                found[identity] = refused
            else:
                if outcome is not None:
                    found[identity] = outcome
        return found

    return work


def _earlier_outcome(
    transaction: Transaction, request: WriteRequest, identity: Identity, now: float
) -> WriteOutcome | None:
    known = idempotency.get(transaction, *identity, now)
    if known is None:
        return None
    try:
        asked = fingerprint(request.command)
    except UnfitDocument as unfit:
        raise Invalid.unfit(unfit) from None
    if known.fingerprint != asked:
        raise KeyReused(f"the key {request.idempotency_key} stood for another request")
    number: int = known.outcome["revision"]
    changes: tuple[Change, ...] = ()
    if known.outcome["changed"]:
        revision = reading.revision(transaction, number)
        changes = () if revision is None else revision.changes
    return WriteOutcome(
        number, known.outcome["action"], changes, tuple(known.outcome["warnings"]), replayed=True
    )


def _owner(principal: Principal) -> str:
    return f"{principal.kind}:{principal.token_id or principal.name}"


def _as_json(outcome: WriteOutcome) -> dict[str, Any]:
    return {
        "revision": outcome.revision,
        "action": outcome.action,
        "warnings": list(outcome.warnings),
        "changed": bool(outcome.changes),
    }
