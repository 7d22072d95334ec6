"""The table of tokens, read and written within a transaction; :mod:`burgeed.authority.schema` makes it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TypeAlias

from burgeed.authority.issued import COLUMNS, Token
from burgeed.database.protocol import Transaction

Content: TypeAlias = tuple[int, dict[str, Token]]
"""What is in the table: the highest number in ``changed``, and the tokens by id."""

_log = logging.getLogger(__name__)


def newest(transaction: Transaction) -> int:
    """The highest number in ``changed``; 0 where there is none."""
    [[changed]] = transaction.execute("SELECT COALESCE(MAX(changed), 0) FROM tokens")
    return int(changed)


def holds_any(transaction: Transaction) -> bool:
    """Whether there is a token, readable or not."""
    [[count]] = transaction.execute("SELECT COUNT(*) FROM tokens")
    return bool(count)


def read(transaction: Transaction) -> Content:
    """Every token whose row can be read; another one is good for nothing."""
    tokens: dict[str, Token] = {}
    for row in transaction.execute(f"SELECT {COLUMNS} FROM tokens"):
        try:
            token = Token.from_row(row)
        except (ValueError, KeyError, TypeError) as error:
            _log.error("a token cannot be read and is not good", extra={"id": row[0], "error": str(error)})
            continue
        tokens[token.id] = token
    return newest(transaction), tokens


def insert(transaction: Transaction, token: Token, changed: int) -> None:
    """Add a token."""
    row = (*token.row(), changed)
    marks = ", ".join("?" * len(row))
    transaction.execute(f"INSERT INTO tokens ({COLUMNS}, changed) VALUES ({marks})", row)


def mark_revoked(transaction: Transaction, token: Token, changed: int) -> None:
    """Write down when a token was taken back."""
    transaction.execute(
        "UPDATE tokens SET revoked_at = ?, changed = ? WHERE id = ?", (token.row()[-1], changed, token.id)
    )


def delete(transaction: Transaction, ids: Iterable[str]) -> None:
    """Forget tokens."""
    transaction.execute_many("DELETE FROM tokens WHERE id = ?", [(each,) for each in ids])
