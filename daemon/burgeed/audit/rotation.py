"""New keys: what the former master key wraps is wrapped anew, and a new key signs; no entry changes."""

from __future__ import annotations

from dataclasses import dataclass

from burgeed.audit.checkpoint import verifier_key
from burgeed.audit.errors import AuditUnavailable, Undecryptable
from burgeed.audit.head import index_purpose
from burgeed.audit.journal import Journal
from burgeed.audit.records import Requester
from burgeed.audit.retention import event_of
from burgeed.audit.segments import purpose_of as segment_purpose
from burgeed.audit.subjects import purpose_of as subject_purpose
from burgeed.database.protocol import Transaction
from burgeed.signing.keys import PrivateKey

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class RotateOutcome:
    """A change of the signing key.

    Attributes:
        epoch: of the new key.
        key: the new one, as C2SP signed notes write it.
        seq: the last entry of the old one's time, which tells of the change.
    """

    epoch: int
    key: str
    seq: int


def rotate_signing(
    transaction: Transaction, journal: Journal, requester: Requester, successor: PrivateKey
) -> RotateOutcome:
    """Have another key sign from here on.

    The entry that tells of it is the last of the old key's time, and the checkpoint behind it, which names
    the new key, is signed by both. The journal signs with the new key afterwards.

    Raises:
        AuditUnavailable: the log is signed with that key already, or no entry can be made.
    """
    try:
        head = journal.open(transaction)
    except Undecryptable as error:
        raise AuditUnavailable(f"not rotated: {error}") from error
    if head.public_key == successor.public:
        raise AuditUnavailable("the audit is signed with that key already")
    key = verifier_key(head.log_id, successor.public)
    detail: dict[str, object] = {
        "signingKey": key,
        "formerSigningKey": verifier_key(head.log_id, head.public_key),
        "epoch": head.epoch + 1,
        "head": head.hash.hex(),
        "second": requester.second,
    }
    journal.append(transaction, [event_of("audit.rotate-signing", requester, journal.now(), detail)])
    head = journal.succeed(transaction, successor)
    return RotateOutcome(head.epoch, key, head.seq)


def rewrap(transaction: Transaction, journal: Journal, requester: Requester) -> int:
    """Wrap every key with the journal's master key; how many were wrapped by a former one.

    A new segment begins, and the entry that tells of it is its first. Afterwards the former master key is
    needed for nothing but backups.

    Raises:
        AuditUnavailable: a key is wrapped by a master key that is not at hand.
    """
    try:
        count = _rewrap(transaction, journal)
    except Undecryptable as error:
        raise AuditUnavailable(f"not rotated: {error}") from error
    if count:
        journal.rotate(transaction)
        detail: dict[str, object] = {"keys": count, "masterKey": journal.keys.master.master_id}
        journal.append(transaction, [event_of("audit.rotate", requester, journal.now(), detail)])
    return count


def _rewrap(transaction: Transaction, journal: Journal) -> int:
    masters, master = journal.keys.masters, journal.keys.master
    rows = transaction.execute("SELECT log_id, master_id, index_key FROM audit_log")
    if not rows:
        return 0
    log_id, count = bytes(rows[0][0]), 0
    if rows[0][1] != master.master_id:
        key = masters.unwrap(rows[0][1], bytes(rows[0][2]), index_purpose(log_id))
        transaction.execute(
            "UPDATE audit_log SET master_id = ?, index_key = ?",
            (master.master_id, master.wrap(key, index_purpose(log_id))),
        )
        count += 1
    for number, kid, master_id, wrapped in transaction.execute(
        "SELECT id, kid, master_id, wrapped_key FROM audit_segments WHERE master_id <> ? AND pruned IS NULL",
        (master.master_id,),
    ):
        purpose = segment_purpose(log_id, bytes(kid))
        again = master.wrap(masters.unwrap(master_id, bytes(wrapped), purpose), purpose)
        transaction.execute(
            "UPDATE audit_segments SET master_id = ?, wrapped_key = ? WHERE id = ?",
            (master.master_id, again, number),
        )
        count += 1
    while rows := transaction.execute(
        "SELECT id, master_id, wrapped_key FROM audit_subjects"
        " WHERE master_id <> ? AND wrapped_key IS NOT NULL LIMIT ?",
        (master.master_id, _AT_ONCE),
    ):
        for subject_id, master_id, wrapped in rows:
            purpose = subject_purpose(bytes(subject_id))
            again = master.wrap(masters.unwrap(master_id, bytes(wrapped), purpose), purpose)
            transaction.execute(
                "UPDATE audit_subjects SET master_id = ?, wrapped_key = ? WHERE id = ?",
                (master.master_id, again, bytes(subject_id)),
            )
            count += 1
    return count
