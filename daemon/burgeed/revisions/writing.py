"""Appending a revision, and the entries that it leaves."""

from __future__ import annotations

from burgeed.database.errors import WriteRefused
from burgeed.database.protocol import Transaction
from burgeed.revisions.documents import canonical
from burgeed.revisions.reading import last_number
from burgeed.revisions.rows import KEY_COLUMNS, REVISION_COLUMNS, change_row, identity, revision_row
from burgeed.revisions.values import Revision


class NumberTaken(WriteRefused):
    """Another daemon wrote meanwhile: what was planned has to be planned again."""


def append(transaction: Transaction, revision: Revision, write_id: str) -> None:
    """Put a revision after the last one.

    Args:
        write_id: random text by which this very write is found again if its commit fails.

    Raises:
        NumberTaken: it is not the next one.
        DatabaseError: as the transaction does.
    """
    last = last_number(transaction)
    if last != revision.number - 1:
        raise NumberTaken(f"revision {revision.number} does not follow {last}")
    columns = f"{REVISION_COLUMNS}, write_id"
    transaction.execute(
        f"INSERT INTO revisions ({columns}) VALUES ({_places(9)})", (*revision_row(revision), write_id)
    )
    transaction.execute_many(
        f"INSERT INTO changes (revision, ordinal, identity, {KEY_COLUMNS}, document_before, document_after)"
        f" VALUES ({_places(10)})",
        [change_row(revision.number, ordinal, change) for ordinal, change in enumerate(revision.changes)],
    )
    removed = [(identity(change.key),) for change in revision.changes if change.after is None]
    if removed:
        transaction.execute_many("DELETE FROM entries WHERE identity = ?", removed)
    kept = [
        (identity(change.key), *change.key, canonical(change.after), revision.number)
        for change in revision.changes
        if change.after is not None
    ]
    if kept:
        transaction.execute_many(
            f"INSERT INTO entries (identity, {KEY_COLUMNS}, document, revision) VALUES ({_places(8)})"
            " ON CONFLICT (identity)"
            " DO UPDATE SET document = excluded.document, revision = excluded.revision",
            kept,
        )


def _places(count: int) -> str:
    return ", ".join("?" * count)
