"""Segments: stretches of the log with a data key each, closed under a signed header.

A header says all that verification needs to go on behind a segment whose entries have been pruned: how many
entries there were, the Merkle tree's peaks, the chain's end.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass

from burgeed.audit.columns import as_bytes, as_number, as_text
from burgeed.audit.errors import Undecryptable
from burgeed.audit.keys import AuditKeys, MasterKeys
from burgeed.audit.merkle import Peaks
from burgeed.audit.new_key import new_key
from burgeed.database.protocol import Row, Transaction
from burgeed.signing.keys import PrivateKey, PublicKey

MOST_ENTRIES = 1 << 20
"""Of a segment: far below the 2^32 messages up to which random nonces are safe under one key."""
LONGEST_OPEN = 24 * 3600
"""Seconds that a segment takes entries."""

_SIGNED = b"burgee audit segment v1\x00"
_PRUNED = b"burgee audit pruning v1\x00"
_NUMBERS = struct.Struct(">QIQQQ")


@dataclass(frozen=True, slots=True)
class Segment:
    """The header of a segment.

    Attributes:
        segment_id: from 1, without gaps.
        kid: the name of its key.
        wrapped_key: empty once it is pruned.
        commitment: SHA-256 of the key: AES-GCM alone lets one ciphertext open under two keys.
        first_seq: number of its first entry.
        opened: microseconds since the Unix epoch.
        size: number of its entries; this and what follows is None while it is open.
        root: the log's Merkle root after its last entry.
        peaks: the tree's peaks there, one behind another.
        head: the hash of its last entry; of the one before it where it has none.
        closed, pruned: microseconds since the Unix epoch.
        signature: of :func:`signed_bytes`.
        pruned_signature: of :func:`pruned_bytes`.
    """

    segment_id: int
    epoch: int
    kid: bytes
    wrapped_key: bytes
    master_id: str
    commitment: bytes
    first_seq: int
    opened: int
    size: int | None = None
    root: bytes | None = None
    peaks: bytes | None = None
    head: bytes | None = None
    closed: int | None = None
    signature: bytes | None = None
    pruned: int | None = None
    pruned_signature: bytes | None = None

    @property
    def last_seq(self) -> int | None:
        """Number of its last entry; None while it is open."""
        return None if self.size is None else self.first_seq + self.size - 1


COLUMNS = (
    "id, epoch, kid, wrapped_key, master_id, commitment, first_seq, opened, size, root, peaks, head, closed,"
    " signature, pruned, pruned_signature"
)


def segment_of(row: Row) -> Segment:
    """From a row of :data:`COLUMNS`. Raises TypeError."""
    number, epoch, first_seq, opened = (as_number(row[at]) for at in (0, 1, 6, 7))
    size, closed, pruned = (None if row[at] is None else as_number(row[at]) for at in (8, 12, 14))
    kid, wrapped_key, commitment = (as_bytes(row[at]) for at in (2, 3, 5))
    root, peaks, head, signature, pruned_signature = (
        None if row[at] is None else as_bytes(row[at]) for at in (9, 10, 11, 13, 15)
    )
    return Segment(
        number, epoch, kid, wrapped_key, as_text(row[4]), commitment, first_seq, opened, size,
        root, peaks, head, closed, signature, pruned, pruned_signature,
    )  # fmt: skip


def open_segment(
    transaction: Transaction,
    keys: AuditKeys,
    log_id: bytes,
    epoch: int,
    number: int,
    first_seq: int,
    now: int,
) -> tuple[Segment, bytes]:
    """Begin a segment under a new key; the segment and its key."""
    key, kid = new_key(), secrets.token_bytes(16)
    wrapped = keys.master.wrap(key, purpose_of(log_id, kid))
    master_id, commitment = keys.master.master_id, hashlib.sha256(key).digest()
    transaction.execute(
        "INSERT INTO audit_segments (id, epoch, kid, wrapped_key, master_id, commitment, first_seq, opened)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, epoch, kid, wrapped, master_id, commitment, first_seq, now),
    )
    return Segment(number, epoch, kid, wrapped, master_id, commitment, first_seq, now), key


def close_segment(
    transaction: Transaction,
    signing: PrivateKey,
    log_id: bytes,
    segment: Segment,
    peaks: Peaks,
    head: bytes,
    now: int,
) -> None:
    """Sign the header of the open segment, with the log as it is after its last entry."""
    size = peaks.size - segment.first_seq + 1
    root, encoded = peaks.root(), peaks.encode()
    signature = signing.sign(
        signed_bytes(log_id, segment, size=size, root=root, peaks=encoded, head=head, closed=now)
    )
    transaction.execute(
        "UPDATE audit_segments SET size = ?, root = ?, peaks = ?, head = ?, closed = ?, signature = ?"
        " WHERE id = ?",
        (size, root, encoded, head, now, signature, segment.segment_id),
    )


def signed_bytes(
    log_id: bytes, segment: Segment, *, size: int, root: bytes, peaks: bytes, head: bytes, closed: int
) -> bytes:
    """What the signature of a closed segment covers: everything but the wrapping of its key."""
    numbers = _NUMBERS.pack(segment.segment_id, segment.epoch, segment.first_seq, segment.opened, size)
    fixed = log_id + numbers + closed.to_bytes(8, "big") + segment.kid + segment.commitment + root + head
    return _SIGNED + fixed + peaks


def is_sound(segment: Segment, log_id: bytes, key: PublicKey) -> bool:
    """Whether a closed segment's header is signed, and its root is that of its peaks."""
    size, root, peaks = segment.size, segment.root, segment.peaks
    if size is None or root is None or peaks is None or segment.head is None:
        return False
    if segment.closed is None or segment.signature is None or segment.last_seq is None:
        return False
    try:
        if Peaks.read(segment.last_seq, peaks).root() != root:
            return False
        message = signed_bytes(
            log_id, segment, size=size, root=root, peaks=peaks, head=segment.head, closed=segment.closed
        )
    except (ValueError, OverflowError, struct.error):
        return False
    return key.is_signed(segment.signature, message)


def pruned_bytes(log_id: bytes, segment: Segment, pruned: int) -> bytes:
    """What is signed when a segment's entries are pruned: that they went by somebody's will."""
    assert segment.signature is not None
    return _PRUNED + log_id + segment.kid + segment.signature + pruned.to_bytes(8, "big")


def is_pruning_sound(segment: Segment, log_id: bytes, key: PublicKey) -> bool:
    """Whether a segment's pruning is signed."""
    if segment.pruned is None or segment.signature is None or segment.pruned_signature is None:
        return False
    try:
        message = pruned_bytes(log_id, segment, segment.pruned)
    except OverflowError:
        return False
    return key.is_signed(segment.pruned_signature, message)


def purpose_of(log_id: bytes, kid: bytes) -> bytes:
    """What a segment's key is bound to when it is wrapped."""
    return b"burgee audit segment\x00" + log_id + kid


def segment_key(masters: MasterKeys, log_id: bytes, segment: Segment) -> bytes:
    """The key of a segment.

    Raises:
        Undecryptable: the master key is not at hand, the segment was pruned, or the key is not the one that
            the header commits to.
    """
    if not segment.wrapped_key:
        raise Undecryptable(f"the key of segment {segment.segment_id} went with its entries")
    try:
        key = masters.unwrap(segment.master_id, segment.wrapped_key, purpose_of(log_id, segment.kid))
    except Undecryptable as error:
        raise Undecryptable(f"segment {segment.segment_id}: {error}") from error
    if not hmac.compare_digest(hashlib.sha256(key).digest(), segment.commitment):
        raise Undecryptable(f"the key of segment {segment.segment_id} is not the one that its header names")
    return key
