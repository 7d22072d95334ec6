"""The signing keys of a log, one after the other: each vouched for by the one before.

Where the key changes stands a checkpoint that names the new key and is signed by both. So who pinned one of
them can tell all that came after it, and that the later ones vouch for what was before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from burgeed.audit.checkpoint import Checkpoint, CheckpointMalformed, is_note_signed, read_note
from burgeed.audit.columns import as_bytes, as_number, as_text
from burgeed.audit.errors import AuditError
from burgeed.database.protocol import Transaction
from burgeed.signing.keys import KeyMalformed, PublicKey


class KeysUnfounded(AuditError):
    """A key of the log is vouched for by nobody."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it is kept.

    Attributes:
        epoch: which of the log's keys it is, from 1.
        public_key: see :func:`stored_key`.
        first_seq: the first entry of its time.
        note: the checkpoint of all entries before, signed by it and by the key before; empty for the first.
    """

    epoch: int
    public_key: bytes
    first_seq: int
    note: str


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Keys that were found to be founded.

    Attributes:
        keys: with epoch and first entry, in order; at least one.
        links: the checkpoints where one follows the other.
    """

    keys: tuple[tuple[int, int, PublicKey], ...]
    links: tuple[Checkpoint, ...] = ()

    def __contains__(self, key: object) -> bool:
        return any(each == key for _, _, each in self.keys)

    @property
    def all(self) -> Iterator[PublicKey]:
        """Oldest first."""
        return (key for _, _, key in self.keys)

    def signed(self, seq: int) -> tuple[int, PublicKey]:
        """The epoch and the key of the time of an entry."""
        return next((epoch, key) for epoch, first, key in reversed(self.keys) if first <= max(seq, 1))

    def is_signed(self, note: str, size: int) -> bool:
        """Whether a checkpoint of so many entries is signed by the key of its time.

        Where the next key begins right behind it, that one may have signed it too.
        """
        return any(is_note_signed(note, self.signed(each)[1]) for each in (size, size + 1))


def founded_keys(
    log_id: bytes, public_key: PublicKey, epoch: int | None, stored: Sequence[StoredKey]
) -> SigningKeys:
    """The keys of a log that now has that key.

    Args:
        epoch: of that key; None where nobody says.
        stored: in order; none where the key never changed.

    Raises:
        KeysUnfounded: the key did not come to be as keys do.
    """
    if not stored:
        return SigningKeys(((epoch or 1, 1, public_key),))
    keys: list[tuple[int, int, PublicKey]] = []
    links: list[Checkpoint] = []
    for each in stored:
        try:
            key = read_stored_key(each.public_key)
            if keys:
                links.append(_link(log_id, keys[-1], each, key))
            elif each.first_seq != 1 or each.note:
                raise KeysUnfounded("the first of the signing keys is missing")
        except (KeyMalformed, CheckpointMalformed) as error:
            raise KeysUnfounded(f"signing key {each.epoch} is not as it was kept: {error}") from error
        keys.append((each.epoch, each.first_seq, key))
    if keys[-1][2] != public_key or epoch not in (None, keys[-1][0]):
        raise KeysUnfounded("the log's signing key was changed, and the one before did not vouch for it")
    return SigningKeys(tuple(keys), tuple(links))


def read_keys(transaction: Transaction) -> list[StoredKey]:
    """All that are kept, in order. Raises TypeError."""
    rows = transaction.execute("SELECT epoch, public_key, first_seq, note FROM audit_keys ORDER BY epoch")
    return [
        StoredKey(as_number(row[0]), as_bytes(row[1]), as_number(row[2]), as_text(row[3])) for row in rows
    ]


def keep_key(transaction: Transaction, key: StoredKey) -> None:
    """Keep one more."""
    transaction.execute(
        "INSERT INTO audit_keys (epoch, public_key, first_seq, note) VALUES (?, ?, ?, ?)",
        (key.epoch, key.public_key, key.first_seq, key.note),
    )


def stored_key(key: PublicKey) -> bytes:
    """A key as the database keeps it: 32 bytes are one of Ed25519, else the type's byte stands before."""
    return key.encoded if key.kind == "ed25519" else key.typed


def read_stored_key(data: bytes) -> PublicKey:
    """From :func:`stored_key`. Raises KeyMalformed."""
    return PublicKey("ed25519", data) if len(data) == 32 else PublicKey.of_typed(data)


def _link(log_id: bytes, before: tuple[int, int, PublicKey], stored: StoredKey, key: PublicKey) -> Checkpoint:
    """The checkpoint between two keys. Raises KeysUnfounded, CheckpointMalformed."""
    epoch, first, former = before
    checkpoint = read_note(stored.note)
    is_next = stored.epoch == epoch + 1 and stored.first_seq > first
    is_here = checkpoint.log_id == log_id and checkpoint.size == stored.first_seq - 1
    if not is_next or not is_here or checkpoint.successor != key:
        raise KeysUnfounded(f"signing key {stored.epoch} does not follow the one before it")
    if not is_note_signed(stored.note, former) or not is_note_signed(stored.note, key):
        raise KeysUnfounded(f"signing key {stored.epoch} is not signed by the one before it and by itself")
    return checkpoint
