"""Erasing a subject: its key goes, and with it everything that was sealed under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from burgeed.audit.errors import AuditUnavailable, Undecryptable
from burgeed.audit.journal import Journal
from burgeed.audit.records import EraseOutcome, Requester
from burgeed.audit.retention import event_of, refuse_held
from burgeed.database.errors import WriteRefused
from burgeed.database.protocol import Database, Transaction


@dataclass(frozen=True, slots=True)
class Reached:
    """What was erased beside the audit.

    Attributes:
        pseudonym: what stands where the name stood; empty where nothing named the subject.
        revisions: how many of them say something else now.
        left: places that have the name still, for a person.
    """

    pseudonym: str = ""
    revisions: int = 0
    left: tuple[str, ...] = ()


Erasing: TypeAlias = Callable[[Transaction], Reached]
"""Erases beside the audit, in its transaction; raises InForce."""


class Reach(Protocol):
    """How far erasing goes beside the audit; :mod:`burgeed.control.erasing` is the one that is real.

    Attributes:
        tables: those that rows are changed of.
    """

    tables: tuple[str, ...]

    async def prepare(self, kind: str, name: str) -> Erasing:
        """Look at what can be looked at beforehand. Raises InForce, DatabaseUnavailable."""
        ...

    async def finish(self) -> None:
        """What lies outside of the database, once the subject is erased within. Never raises."""
        ...


def nothing_beside(transaction: Transaction) -> Reached:
    """What is erased beside the audit where there is nothing."""
    return Reached()


def erase(
    transaction: Transaction,
    journal: Journal,
    requester: Requester,
    kind: str,
    name: str,
    legal_basis: str,
    beside: Erasing,
) -> EraseOutcome:
    """Delete a subject's key, and record that: the pseudonyms and the legal basis, not the name.

    The ciphertexts stay, so that chain and checkpoints stay valid. Should the name come up again, it is a new
    subject. The key is gone from the database; copies that were made of it before are beyond reach here.

    Args:
        beside: what else is erased, in this very transaction.

    Raises:
        Held: there is a legal hold.
        InForce: what is in force names the subject.
        AuditUnavailable: the log's keys are missing, or the entry that tells of it cannot be made.
    """
    refuse_held(transaction)
    head = journal.open(transaction)
    try:
        found = journal.subjects.find(transaction, journal.index_key(head), kind, name)
    except Undecryptable as error:
        raise AuditUnavailable(str(error)) from error
    reached = beside(transaction)
    if found is None and not reached.pseudonym:
        return EraseOutcome(False, "", 0)
    now = journal.now()
    subject_id, entries = found or (b"", 0)
    if found is not None:
        journal.subjects.erase(transaction, subject_id, now)
    detail = {
        "subject": subject_id.hex(),
        "pseudonym": reached.pseudonym,
        "kind": kind,
        "legalBasis": legal_basis,
        "entries": entries,
        "revisions": reached.revisions,
        "second": requester.second,
    }
    journal.append(transaction, [event_of("audit.erase", requester, now, detail)])
    return EraseOutcome(True, subject_id.hex(), entries, reached.pseudonym, reached.revisions, reached.left)


async def rehearsed(database: Database, work: Callable[[Transaction], EraseOutcome]) -> EraseOutcome:
    """What erasing would come to, found out in a transaction that is rolled back; without a pseudonym, which
    is another one each time. Raises as the work does.
    """

    def rehearse(transaction: Transaction) -> None:
        raise _Rehearsed(replace(work(transaction), pseudonym=""))

    try:
        await database.write(rehearse)
    except _Rehearsed as ended:
        return ended.outcome
    raise AssertionError("a rehearsal was written")


class _Rehearsed(WriteRefused):
    """Nothing is erased."""

    def __init__(self, outcome: EraseOutcome) -> None:
        super().__init__("a rehearsal")
        self.outcome = outcome
