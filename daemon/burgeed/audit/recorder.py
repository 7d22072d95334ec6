"""What the rest of the daemon asks of the audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from burgeed.audit.event import AuditEvent
from burgeed.database.protocol import Transaction


class Recorder(Protocol):
    """Puts events into the log, in the transaction of what they tell: no entry, no write."""

    def append(self, transaction: Transaction, events: Sequence[AuditEvent]) -> None:
        """Seal the events and chain them, reading the chain's head in this very transaction.

        Raises:
            AuditUnavailable: an entry cannot be made (a key is missing, an anchor is overdue); nothing may be
                written then.
        """
        ...
