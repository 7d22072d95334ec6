"""Which request an Idempotency-Key stood for, and what became of it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

from burgeed.database.protocol import Transaction
from burgeed.revisions.rows import microseconds

KEPT_FOR: Final = 24 * 3600.0
"""Seconds."""

KEPT: Final = 100_000
"""Rows at most: beyond it the oldest go before their time."""

COUNTED_EVERY: Final = 100
"""Counting is dear: so many puts go by without one."""


class Known(NamedTuple):
    """A key that was used.

    Attributes:
        fingerprint: of the request.
        outcome: JSON.
    """

    fingerprint: str
    outcome: dict[str, Any]


def get(transaction: Transaction, principal: str, key: str, now: float) -> Known | None:
    """What a principal's key stands for; None where it is new, or older than a day."""
    rows = transaction.execute(
        "SELECT fingerprint, outcome FROM idempotency WHERE identity = ? AND at > ?",
        (_identity(principal, key), microseconds(now - KEPT_FOR)),
    )
    return Known(rows[0][0], orjson.loads(rows[0][1])) if rows else None


def put(transaction: Transaction, principal: str, key: str, now: float, known: Known) -> None:
    """Remember a key, and forget the old ones."""
    transaction.execute("DELETE FROM idempotency WHERE at <= ?", (microseconds(now - KEPT_FOR),))
    identity = _identity(principal, key)
    transaction.execute(
        "INSERT INTO idempotency (identity, at, fingerprint, outcome) VALUES (?, ?, ?, ?)",
        (identity, microseconds(now), known.fingerprint, orjson.dumps(known.outcome).decode()),
    )
    # The identity is a hash: one in so many puts counts, whoever puts.
    if int(identity[:8], 16) % COUNTED_EVERY == 0:
        prune(transaction, KEPT)


def prune(transaction: Transaction, kept: int) -> None:
    """Forget all but the newest."""
    transaction.execute(
        "DELETE FROM idempotency WHERE identity NOT IN"
        " (SELECT identity FROM idempotency ORDER BY at DESC, identity LIMIT ?)",
        (kept,),
    )


def _identity(principal: str, key: str) -> str:
    return sha256(orjson.dumps([principal, key])).hexdigest()
