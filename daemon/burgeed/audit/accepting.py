"""`burgee audit accept`: going on with a log that does not meet what was kept; it is recorded."""

from __future__ import annotations

from dataclasses import dataclass

from burgeed.audit.acceptance import keep_acceptances
from burgeed.audit.errors import AuditUnavailable
from burgeed.audit.head import read_head
from burgeed.audit.journal import Journal
from burgeed.audit.records import Requester
from burgeed.audit.retention import event_of
from burgeed.audit.sealing_key import Sealer
from burgeed.database.protocol import Transaction


@dataclass(frozen=True, slots=True)
class AcceptOutcome:
    """What was accepted.

    Attributes:
        unmet: why the log did not meet what was kept, a text for each; empty where it met all.
        seq: the entry that tells of it; 0 where there was nothing to accept.
    """

    unmet: tuple[str, ...]
    seq: int


def accept(
    transaction: Transaction, journal: Journal, requester: Requester, sealer: Sealer | None = None
) -> AcceptOutcome:
    """Hold nothing against the log that its witness keeps, and record what that was.

    Args:
        sealer: whose lost seals are not held against it either; it has to begin anew afterwards.

    Raises:
        AuditUnavailable: the entry that tells of it cannot be made.
    """
    unmet = journal.witness.unmet(transaction, read_head(transaction))
    lost = "" if sealer is None else sealer.lost(transaction)
    if not unmet and not lost:
        return AcceptOutcome((), 0)
    # For this process, which ends with the command: the next one reads the rows below.
    journal.witness.accept()
    checkpoints = [kept.checkpoint for kept, _ in unmet if kept.checkpoint is not None]
    sizes = [checkpoint.size for checkpoint in checkpoints]
    detail: dict[str, object] = {
        "checkpoints": len(unmet),
        "sizes": [min(sizes), max(sizes)] if sizes else [],
        "places": sorted({kept.place for kept, _ in unmet}),
        "seals": lost,
        "second": requester.second,
    }
    journal.append(transaction, [event_of("audit.accept", requester, journal.now(), detail)])
    head = read_head(transaction)
    if head is None:
        raise AuditUnavailable("the log that was just written to is gone")
    keep_acceptances(transaction, journal.keys.signing, head, checkpoints, journal.now())
    return AcceptOutcome((*(why for _, why in unmet), *((lost,) if lost else ())), head.seq)
