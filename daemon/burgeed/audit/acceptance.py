"""Acceptances: somebody said that the log goes on, though it does not meet a checkpoint that was kept.

A backup that was put back is the honest reason. An acceptance is signed, and has an entry beside it that says
who and why; every verification tells of it, and only one that asks for it passes over the checkpoint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from burgeed.audit.checkpoint import Checkpoint
from burgeed.audit.columns import as_bytes, as_number
from burgeed.audit.head import Head
from burgeed.audit.signing_keys import KeysUnfounded, SigningKeys, founded_keys, read_keys
from burgeed.database.protocol import Transaction
from burgeed.signing.keys import PrivateKey

_LABEL = b"burgee audit acceptance v1\x00"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One checkpoint that the log goes on without.

    Attributes:
        digest: see :func:`digest_of`.
        size: the checkpoint's.
        seq: the entry that tells of it.
        made: microseconds since the Unix epoch.
        signature: by the log's key of that time.
    """

    digest: bytes
    size: int
    seq: int
    made: int
    signature: bytes

    def is_signed(self, log_id: bytes, keys: SigningKeys) -> bool:
        """Whether a key of that log has signed it."""
        try:
            message = _message(log_id, self.digest, self.size, self.seq, self.made)
        except OverflowError:
            return False
        return any(key.is_signed(self.signature, message) for key in keys.all)


def digest_of(checkpoint: Checkpoint | None) -> bytes:
    """What names a checkpoint, whoever signed it: SHA-256 of its text; nothing for none."""
    return b"" if checkpoint is None else hashlib.sha256(checkpoint.text().encode()).digest()


def keep_acceptances(
    transaction: Transaction, signing: PrivateKey, head: Head, checkpoints: Iterable[Checkpoint], made: int
) -> None:
    """Keep that these are not held against the log, by its last entry."""
    known = {bytes(row[0]) for row in transaction.execute("SELECT digest FROM audit_acceptances")}
    for checkpoint in checkpoints:
        digest = digest_of(checkpoint)
        if digest in known:
            continue
        known.add(digest)
        signature = signing.sign(_message(head.log_id, digest, checkpoint.size, head.seq, made))
        transaction.execute(
            "INSERT INTO audit_acceptances (digest, size, seq, made, signature) VALUES (?, ?, ?, ?, ?)",
            (digest, checkpoint.size, head.seq, made, signature),
        )


def accepted_digests(transaction: Transaction, head: Head) -> set[bytes]:
    """The digests of all that are signed by a key of the log."""
    rows = transaction.execute("SELECT digest, size, seq, made, signature FROM audit_acceptances")
    if not rows:
        return set()
    try:
        keys = founded_keys(head.log_id, head.public_key, head.epoch, read_keys(transaction))
    except KeysUnfounded:
        return set()
    acceptances = [acceptance_of(row) for row in rows]
    return {each.digest for each in acceptances if each.is_signed(head.log_id, keys)}


def acceptance_of(row: tuple[object, ...]) -> Acceptance:
    """From a row of ``digest, size, seq, made, signature``. Raises TypeError."""
    size, seq, made = (as_number(row[at]) for at in (1, 2, 3))
    return Acceptance(as_bytes(row[0]), size, seq, made, as_bytes(row[4]))


def _message(log_id: bytes, digest: bytes, size: int, seq: int, made: int) -> bytes:
    return _LABEL + log_id + digest + b"".join(each.to_bytes(8, "big") for each in (size, seq, made))
