"""Following the chain: one entry after the other, each checked against all that stood before it."""

from __future__ import annotations

from dataclasses import dataclass

from burgeed.audit.entry import NO_HASH, Entry, EntryHeader, decode, entry_hash
from burgeed.audit.errors import AuditError, EntryMalformed
from burgeed.audit.merkle import Peaks
from burgeed.audit.segments import Segment


class Broken(AuditError):
    """The log is not what was written.

    Args:
        seq: the first bad entry; None where it is none in particular.
    """

    def __init__(self, message: str, seq: int | None = None) -> None:
        super().__init__(message)
        self.seq = seq


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it is kept.

    Attributes:
        seq, segment, hash: as they stand beside it.
        encoded: its bytes.
        found_by: what a search goes by, as it stands beside it: microseconds since the Unix epoch, action and
            actor's pseudonym; None where that is not looked at.
    """

    seq: int
    segment: int
    hash: bytes
    encoded: bytes
    found_by: tuple[int, str, bytes] | None = None


class Chain:
    """Where one has got to in a log.

    Args:
        log_id: of the log, which every entry names.
        seq, head, peaks: the end of what was pruned; of nothing for a whole log.
    """

    def __init__(
        self, log_id: bytes, seq: int = 0, head: bytes = NO_HASH, peaks: Peaks | None = None
    ) -> None:
        self.log_id = log_id
        self.seq = seq
        self.head = head
        self.peaks = peaks or Peaks()

    def check(self, stored: StoredEntry, segment: Segment) -> Entry:
        """See whether this is the next entry; changes nothing.

        Args:
            segment: the one that it is to be of.

        Raises:
            Broken: it is not, or it was altered.
        """
        expected = self.seq + 1
        if stored.seq != expected:
            if stored.seq > expected:
                raise Broken(f"entry {expected} is missing", expected)
            raise Broken(f"entry {stored.seq} is there twice, or out of order", stored.seq)
        if entry_hash(stored.encoded) != stored.hash:
            raise Broken(f"entry {expected} does not have the hash that is kept with it", expected)
        try:
            entry = decode(stored.encoded)
        except EntryMalformed as error:
            raise Broken(f"entry {expected} is malformed: {error}", expected) from error
        header = entry.header
        if header.seq != expected:
            raise Broken(f"in the place of entry {expected} stands entry {header.seq}", expected)
        if header.log_id != self.log_id:
            raise Broken(f"entry {expected} is of another log", expected)
        if header.prev_hash != self.head:
            raise Broken(f"entry {expected} does not follow the one before it", expected)
        last = segment.last_seq
        is_within = segment.first_seq <= expected and (last is None or expected <= last)
        if stored.segment != segment.segment_id or not is_within:
            raise Broken(f"entry {expected} does not belong to segment {segment.segment_id}", expected)
        if header.kid != segment.kid or header.epoch != segment.epoch:
            raise Broken(f"entry {expected} names another key than its segment's", expected)
        if stored.found_by is not None and not _is_found_by(header, *stored.found_by):
            raise Broken(
                f"entry {expected} has another time, action or actor beside it than it says", expected
            )
        return entry

    def advance(self, stored: StoredEntry) -> None:
        """Go on to an entry that was checked."""
        self.seq = stored.seq
        self.head = stored.hash
        self.peaks.add(stored.hash)


def _is_found_by(header: EntryHeader, at: int, action: str, actor_id: bytes) -> bool:
    """Whether a search for what the entry says finds it. Times before 1970 are written as 1970."""
    return (header.wall_ns, header.action, header.actor_id) == (max(0, at) * 1000, action, actor_id)
