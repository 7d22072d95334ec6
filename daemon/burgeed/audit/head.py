"""The end of the log: what the next entry goes on from."""

from __future__ import annotations

from dataclasses import dataclass

from burgeed.audit.entry import NO_HASH
from burgeed.audit.merkle import Peaks
from burgeed.audit.segments import COLUMNS, Segment, segment_of
from burgeed.audit.signing_keys import read_stored_key, stored_key
from burgeed.database.protocol import Transaction
from burgeed.signing.keys import PublicKey


@dataclass(slots=True)
class Head:
    """The log's identity and its end, as one transaction reads it.

    Attributes:
        master_id: of the key that wraps the index key.
        wrapped_index_key: see :func:`index_purpose`.
        seq: of the last entry; 0 in an empty log.
        hash: of the last entry.
        peaks: of the Merkle tree over all entries.
        segment: the one that takes entries.
    """

    log_id: bytes
    master_id: str
    wrapped_index_key: bytes
    epoch: int
    public_key: PublicKey
    seq: int
    hash: bytes
    peaks: Peaks
    segment: Segment


_OF_SEGMENT = ", ".join(f"s.{column.strip()}" for column in COLUMNS.split(","))


def read_head(transaction: Transaction) -> Head | None:
    """The end of the log; None before there is a log."""
    rows = transaction.execute(
        "SELECT l.log_id, l.master_id, l.index_key, l.epoch, l.public_key, h.seq, h.hash, h.peaks, "
        + _OF_SEGMENT
        + " FROM audit_log l JOIN audit_head h ON h.id = l.id JOIN audit_segments s ON s.id = h.segment"
    )
    if not rows:
        return None
    row = rows[0]
    return Head(
        bytes(row[0]), row[1], bytes(row[2]), row[3], read_stored_key(bytes(row[4])), row[5], bytes(row[6]),
        Peaks.read(row[5], bytes(row[7])), segment_of(row[8:]),
    )  # fmt: skip


def write_head(transaction: Transaction, head: Head) -> None:
    """Put the end where the log has got to."""
    transaction.execute(
        "UPDATE audit_head SET seq = ?, hash = ?, peaks = ?, segment = ? WHERE id = 1",
        (head.seq, head.hash, head.peaks.encode(), head.segment.segment_id),
    )


def make_log(
    transaction: Transaction,
    *,
    log_id: bytes,
    master_id: str,
    wrapped_index_key: bytes,
    public_key: PublicKey,
    segment: Segment,
    now: int,
) -> Head:
    """A new log, without entries."""
    transaction.execute(
        "INSERT INTO audit_log (id, log_id, made, master_id, index_key, epoch, public_key)"
        " VALUES (1, ?, ?, ?, ?, ?, ?)",
        (log_id, now, master_id, wrapped_index_key, segment.epoch, stored_key(public_key)),
    )
    transaction.execute(
        "INSERT INTO audit_head (id, seq, hash, peaks, segment) VALUES (1, 0, ?, ?, ?)",
        (NO_HASH, b"", segment.segment_id),
    )
    epoch = segment.epoch
    return Head(log_id, master_id, wrapped_index_key, epoch, public_key, 0, NO_HASH, Peaks(), segment)


def index_purpose(log_id: bytes) -> bytes:
    """What the index key is bound to when it is wrapped."""
    return b"burgee audit index\x00" + log_id
