"""What is told of tokens to whoever keeps the audit, in the transaction of what it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from burgeed.authority.issued import Token
from burgeed.authority.principal import Principal
from burgeed.database.protocol import Transaction


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """A token was created or revoked.

    Attributes:
        at: Unix seconds.
        by: who did it.
        token: as it is afterwards.
    """

    action: Literal["token.create", "token.revoke"]
    at: float
    by: Principal
    token: Token
    reason: str = ""
    request_id: str = ""
    on_behalf_of: str = ""


TokenRecord: TypeAlias = Callable[[Transaction, TokenEvent], None]
"""Writes the event down in the transaction; what it raises leaves everything as it was."""
