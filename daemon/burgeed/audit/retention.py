"""Pruning: whole segments go when all of their entries are old enough; their signed headers stay."""

from __future__ import annotations

from burgeed.audit.errors import Held
from burgeed.audit.event import AuditEvent
from burgeed.audit.journal import Journal
from burgeed.audit.records import PruneOutcome, Requester
from burgeed.audit.segments import COLUMNS, Segment, pruned_bytes, segment_of
from burgeed.audit.subjects import people
from burgeed.database.protocol import Transaction


def prune(transaction: Transaction, journal: Journal, requester: Requester, before: int) -> PruneOutcome:
    """Prune every segment whose entries are all older than ``before``, oldest first, without a gap.

    The entry that tells of it names what went: segments, entries, root and end of the chain there.

    Args:
        before: microseconds since the Unix epoch.

    Raises:
        Held: there is a legal hold.
        AuditUnavailable: the entry that tells of it cannot be made.
    """
    refuse_held(transaction)
    head = journal.open(transaction)
    now = journal.now()
    old = _older(transaction, before)
    if not old:
        return PruneOutcome(0, 0, 0)
    last = old[-1]
    through = last.last_seq or 0
    [[entries]] = transaction.execute("SELECT COUNT(*) FROM audit_entries WHERE seq <= ?", (through,))
    transaction.execute("INSERT INTO audit_pruning (through_seq) VALUES (?)", (through,))
    transaction.execute("DELETE FROM audit_entries WHERE seq <= ?", (through,))
    transaction.execute("DELETE FROM audit_pruning")
    for segment in old:
        signature = journal.keys.signing.sign(pruned_bytes(head.log_id, segment, now))
        transaction.execute(
            "UPDATE audit_segments SET pruned = ?, pruned_signature = ?, wrapped_key = ? WHERE id = ?",
            (now, signature, b"", segment.segment_id),
        )
    detail = {
        "segments": [old[0].segment_id, last.segment_id],
        "entries": entries,
        "through": through,
        "root": (last.root or b"").hex(),
        "head": (last.head or b"").hex(),
        "second": requester.second,
    }
    journal.append(transaction, [event_of("audit.prune", requester, now, detail)])
    return PruneOutcome(len(old), int(entries), through)


def prunable(transaction: Transaction, before: int) -> PruneOutcome:
    """What :func:`prune` would drop. Raises Held."""
    refuse_held(transaction)
    old = _older(transaction, before)
    if not old:
        return PruneOutcome(0, 0, 0)
    through = old[-1].last_seq or 0
    [[entries]] = transaction.execute("SELECT COUNT(*) FROM audit_entries WHERE seq <= ?", (through,))
    return PruneOutcome(len(old), int(entries), through)


def refuse_held(transaction: Transaction) -> None:
    """Raise Held where there is a legal hold."""
    holds = transaction.execute("SELECT name FROM audit_holds ORDER BY name LIMIT 1")
    if holds:
        raise Held(f"the legal hold {holds[0][0]!r} forbids it")


def holds(transaction: Transaction) -> list[str]:
    """The names of all legal holds."""
    return [str(row[0]) for row in transaction.execute("SELECT name FROM audit_holds ORDER BY name")]


def hold(transaction: Transaction, journal: Journal, requester: Requester, name: str) -> bool:
    """Put a legal hold on the whole log; whether there was none of that name."""
    if transaction.execute("SELECT 1 FROM audit_holds WHERE name = ?", (name,)):
        return False
    now = journal.now()
    transaction.execute("INSERT INTO audit_holds (name, made) VALUES (?, ?)", (name, now))
    journal.append(transaction, [event_of("audit.hold", requester, now, {"hold": name})])
    return True


def release(transaction: Transaction, journal: Journal, requester: Requester, name: str) -> bool:
    """End a legal hold; whether there was one of that name."""
    if not transaction.execute("SELECT 1 FROM audit_holds WHERE name = ?", (name,)):
        return False
    transaction.execute("DELETE FROM audit_holds WHERE name = ?", (name,))
    journal.append(transaction, [event_of("audit.release", requester, journal.now(), {"hold": name})])
    return True


def event_of(action: str, requester: Requester, now: int, detail: dict[str, object]) -> AuditEvent:
    """The event of something that the audit itself was asked for; it is about the second person too."""
    if requester.certificate:
        detail = {**detail, "certificate": requester.certificate}
    return AuditEvent(
        action,
        now / 1_000_000,
        requester.actor,
        on_behalf_of=requester.on_behalf_of,
        reason=requester.reason,
        request_id=requester.request_id,
        detail=detail,
        about=people(requester.second, requester.certificate),
    )


def _older(transaction: Transaction, before: int) -> list[Segment]:
    old: list[Segment] = []
    for row in transaction.execute(
        f"SELECT {COLUMNS} FROM audit_segments WHERE pruned IS NULL ORDER BY id LIMIT 10000"
    ):
        segment = segment_of(row)
        if segment.last_seq is None:
            break
        # Each entry's own time counts: clocks are set back.
        [[newest]] = transaction.execute(
            "SELECT MAX(at) FROM audit_entries WHERE segment = ? AND seq >= ? AND seq <= ?",
            (segment.segment_id, segment.first_seq, segment.last_seq),
        )
        if (newest or 0) >= before:
            break
        old.append(segment)
    return old
