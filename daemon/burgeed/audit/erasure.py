"""Erasing a subject: its key goes, and with it everything that was sealed under it."""

from __future__ import annotations

from burgeed.audit.errors import AuditUnavailable, Undecryptable
from burgeed.audit.journal import Journal
from burgeed.audit.records import EraseOutcome, Requester
from burgeed.audit.retention import event_of, refuse_held
from burgeed.database.protocol import Transaction


def erase(
    transaction: Transaction, journal: Journal, requester: Requester, kind: str, name: str, legal_basis: str
) -> EraseOutcome:
    """Delete a subject's key, and record that: the pseudonym and the legal basis, not the name.

    The ciphertexts stay, so that chain and checkpoints stay valid. Should the name come up again, it is a new
    subject. The key is gone from the database; copies that were made of it before are beyond reach here.

    Raises:
        Held: there is a legal hold.
        AuditUnavailable: the log's keys are missing, or the entry that tells of it cannot be made.
    """
    refuse_held(transaction)
    head = journal.open(transaction)
    try:
        found = journal.subjects.find(transaction, journal.index_key(head), kind, name)
    except Undecryptable as error:
        raise AuditUnavailable(str(error)) from error
    if found is None:
        return EraseOutcome(False, "", 0)
    subject_id, entries = found
    now = journal.now()
    journal.subjects.erase(transaction, subject_id, now)
    detail = {
        "subject": subject_id.hex(),
        "kind": kind,
        "legalBasis": legal_basis,
        "entries": entries,
        "second": requester.second,
    }
    journal.append(transaction, [event_of("audit.erase", requester, now, detail)])
    return EraseOutcome(True, subject_id.hex(), entries)
