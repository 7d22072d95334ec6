"""Idempotency-Keys: the same key of the same principal gives the first outcome again."""

from __future__ import annotations

from typing import Any

from burgeed.authority.principal import Principal
from burgeed.control.committing import Committer, Remembered
from burgeed.control.errors import KeyReused
from burgeed.control.request import WriteOutcome, WriteRequest
from burgeed.control.requests import fingerprint, invalid
from burgeed.revisions import idempotency, reading
from burgeed.revisions.documents import UnfitDocument
from burgeed.revisions.idempotency import Known
from burgeed.revisions.values import Change


def remembered(request: WriteRequest, outcome: WriteOutcome, now: float) -> Remembered | None:
    """What is to be put down with a write; None for a request without a key."""
    if not request.idempotency_key:
        return None
    known = Known(fingerprint(request.command), _as_json(outcome))
    return Remembered(_owner(request.principal), request.idempotency_key, known, now)


async def earlier_outcome(request: WriteRequest, committer: Committer, now: float) -> WriteOutcome | None:
    """What became of a request with this key, within a day; None where there was none.

    Raises:
        KeyReused: there was one, and it asked for something else.
        Unwritten: the store cannot be read.
    """
    if not request.idempotency_key or request.dry_run:
        return None
    owner, key = _owner(request.principal), request.idempotency_key
    known = await committer.read(lambda transaction: idempotency.get(transaction, owner, key, now))
    if known is None:
        return None
    try:
        asked = fingerprint(request.command)
    except UnfitDocument as unfit:
        raise invalid(unfit) from None
    if known.fingerprint != asked:
        raise KeyReused(f"the key {key} stood for another request")
    number: int = known.outcome["revision"]
    changes: tuple[Change, ...] = ()
    if known.outcome["changed"]:
        revision = await committer.read(lambda transaction: reading.revision(transaction, number))
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
