"""Verifying a log: offline, read-only; without any secret for chain, Merkle tree and signatures.

What each verdict means, and what no verification can see, is told in ``docs/guides/audit.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from burgeed.audit.chain import Broken, Chain, StoredEntry
from burgeed.audit.checkpoint import Checkpoint, CheckpointMalformed, is_note_signed, read_note
from burgeed.audit.entry import NO_HASH, decode, entry_hash
from burgeed.audit.errors import EntryMalformed
from burgeed.audit.keys import MasterKeys
from burgeed.audit.log_source import Identity, LogSource, StoredCheckpoint
from burgeed.audit.merkle import EMPTY_ROOT, Peaks
from burgeed.audit.segments import Segment, is_pruning_sound, is_sound
from burgeed.audit.verdict import Verdict, Verification
from burgeed.audit.verify_decrypting import Decrypting


class _Forked(Exception):
    """Two histories for one size."""


def verify(
    log: LogSource,
    outside: Iterable[str] = (),
    public_key: bytes | None = None,
    masters: MasterKeys | None = None,
) -> Verification:
    """Verify a log.

    Args:
        outside: checkpoints that were kept elsewhere: an anchor's, another copy's.
        public_key: the one that the log has to be signed with; without it the log's own word is taken.
        masters: with these, every entry is decrypted too.
    """
    found = Verification()
    try:
        _Verifier(log, found, public_key, masters).run(list(outside))
    except Broken as broken:
        found.verdict, found.why, found.first_bad = Verdict.TAMPERED, str(broken), broken.seq
    except _Forked as forked:
        found.verdict, found.why = Verdict.FORKED, str(forked)
    return found


class _Verifier:
    """One verification; fills in what it finds."""

    def __init__(
        self, log: LogSource, found: Verification, public_key: bytes | None, masters: MasterKeys | None
    ) -> None:
        self._log = log
        self._found = found
        self._pinned = public_key
        self._masters = masters
        self._remarks: list[str] = []

    def run(self, outside: list[str]) -> None:
        """Verify. Raises Broken, _Forked."""
        identity = self._log.identity()
        if identity is None:
            self._nothing(outside)
            return
        self._identity = identity
        found = self._found
        found.log_id, found.public_key = identity.log_id.hex(), identity.public_key.hex()
        if self._pinned is not None and self._pinned != identity.public_key:
            raise _Forked("the log is signed with another key than the one it has to be signed with")
        decrypting = None
        if self._masters is not None:
            decrypting = Decrypting(self._log, identity.log_id, self._masters)
        if identity.complete:
            self._follow(self._outside(outside), decrypting)
        else:
            self._each_alone(decrypting)
        if decrypting is not None:
            found.decrypted = decrypting.count
            if found.verdict is Verdict.OK and decrypting.missing:
                found.verdict, found.why = Verdict.UNDECRYPTABLE, decrypting.missing
        found.remarks = tuple(self._remarks)

    def _nothing(self, outside: list[str]) -> None:
        if outside:
            self._found.verdict = Verdict.TRUNCATED
            self._found.why = "there is no log, and a checkpoint from outside tells of one"

    def _each_alone(self, decrypting: Decrypting | None) -> None:
        """An excerpt: each entry by itself."""
        self._remarks.append("an excerpt: each entry was compared with its hash alone, and not with a chain")
        by_id = {segment.segment_id: segment for segment in self._sound_segments()}
        for stored in self._log.entries():
            if entry_hash(stored.encoded) != stored.hash:
                raise Broken(f"entry {stored.seq} does not have the hash that is kept with it", stored.seq)
            try:
                entry = decode(stored.encoded)
            except EntryMalformed as error:
                raise Broken(f"entry {stored.seq} is malformed: {error}", stored.seq) from error
            segment = by_id.get(stored.segment)
            is_its = segment is not None and entry.header.kid == segment.kid
            if entry.header.seq != stored.seq or entry.header.log_id != self._identity.log_id or not is_its:
                raise Broken(f"entry {stored.seq} is not what it is said to be", stored.seq)
            self._count(stored)
            if decrypting is not None and segment is not None:
                decrypting.see(stored, entry, segment)

    def _follow(self, outside: list[Checkpoint], decrypting: Decrypting | None) -> None:
        segments = self._sound_segments()
        chain = self._beginning(segments)
        by_id = {segment.segment_id: segment for segment in segments}
        own = _Comparing(self._own_checkpoints(), "the log's own checkpoint")
        other = _Comparing(iter(outside), "a checkpoint from outside")
        self._compare(own, other, chain)
        for stored in self._log.entries():
            segment = by_id.get(stored.segment)
            if segment is None or segment.pruned is not None:
                raise Broken(f"entry {stored.seq} belongs to no segment that is there", stored.seq)
            entry = chain.check(stored, segment)
            chain.advance(stored)
            self._count(stored)
            if chain.seq == segment.last_seq:
                _check_end(chain, segment)
            self._compare(own, other, chain)
            if decrypting is not None:
                decrypting.see(stored, entry, segment)
        self._end(chain, segments, own, other)

    def _end(self, chain: Chain, segments: list[Segment], own: _Comparing, other: _Comparing) -> None:
        """Whether the log is as long as all that tells of its length."""
        found, identity = self._found, self._identity
        found.head = chain.head.hex()
        longest = max([each.longest(chain.seq) for each in (own, other)], default=0)
        if longest > chain.seq:
            found.verdict = Verdict.TRUNCATED
            found.why = f"the log ends with entry {chain.seq}, and a checkpoint covers {longest}"
            return
        closed_at = max((segment.last_seq or 0 for segment in segments), default=0)
        told = max(identity.seq or 0, closed_at)
        if told > chain.seq:
            found.verdict = Verdict.TRUNCATED
            found.why = f"the log ends with entry {chain.seq}, and by its own account with {told}"
            return
        if identity.seq is not None and (identity.seq, identity.head) != (chain.seq, chain.head):
            raise Broken("the end of the log is not where the log says that it is", chain.seq or None)
        if other.count == 0:
            self._remarks.append(
                "without a checkpoint from outside, a shortened log and one rewritten by who holds its keys "
                "cannot be told from a whole one"
            )
        if found.checkpointed < chain.seq:
            uncovered = chain.seq - found.checkpointed
            self._remarks.append(f"no checkpoint covers the last entries yet: {uncovered}")

    def _sound_segments(self) -> list[Segment]:
        """All headers, each sound, one behind another, the pruned ones first."""
        segments: list[Segment] = []
        identity = self._identity
        for segment in self._log.segments():
            name = f"segment {segment.segment_id}"
            before = segments[-1] if segments else None
            if before is not None:
                follows = segment.segment_id == before.segment_id + 1
                is_next = before.last_seq is not None and segment.first_seq == before.last_seq + 1
                if not follows or not is_next:
                    raise Broken(f"{name} does not follow the one before it", segment.first_seq)
            elif identity.complete and (segment.segment_id, segment.first_seq) != (1, 1):
                raise Broken(f"{name} is the first, and segment 1 is missing", 1)
            if segment.size is not None and not is_sound(segment, identity.log_id, identity.public_key):
                raise Broken(f"the header of {name} is not as it was signed", segment.first_seq)
            if segment.pruned is not None:
                is_first = before is None or before.pruned is not None
                if not is_first or not is_pruning_sound(segment, identity.log_id, identity.public_key):
                    raise Broken(f"{name} was taken away without a signed pruning", segment.first_seq)
            segments.append(segment)
        self._found.segments = len(segments)
        return segments

    def _beginning(self, segments: list[Segment]) -> Chain:
        """Where the entries that are there go on from."""
        pruned = [segment for segment in segments if segment.pruned is not None]
        if not pruned:
            return Chain(self._identity.log_id)
        last = pruned[-1]
        assert last.last_seq is not None and last.head is not None and last.peaks is not None
        self._found.pruned_through = last.last_seq
        peaks = Peaks.read(last.last_seq, last.peaks)
        return Chain(self._identity.log_id, last.last_seq, last.head, peaks)

    def _own_checkpoints(self) -> Iterator[Checkpoint]:
        identity = self._identity
        for stored in self._log.checkpoints():
            yield _checked(stored, identity)

    def _outside(self, notes: list[str]) -> list[Checkpoint]:
        """Those of this log, smallest first. Raises _Forked where one cannot be of this log's history."""
        checkpoints, of_others = [], 0
        for note in notes:
            try:
                checkpoint = read_note(note)
            except CheckpointMalformed:
                self._remarks.append("a text from outside that is no checkpoint was passed over")
                continue
            if checkpoint.log_id != self._identity.log_id:
                of_others += 1
                continue
            if not is_note_signed(note, self._identity.public_key):
                raise _Forked(
                    f"the outside's checkpoint of {checkpoint.size} entries is not signed by this log's key"
                )
            checkpoints.append(checkpoint)
        if of_others and not checkpoints:
            raise _Forked("the checkpoints from outside are all of another log")
        return sorted(checkpoints, key=lambda each: each.size)

    def _compare(self, own: _Comparing, other: _Comparing, chain: Chain) -> None:
        found = self._found
        if own.compare(chain):
            found.checkpointed = chain.seq
        if other.compare(chain):
            found.anchored = chain.seq
        found.checkpoints = own.count

    def _count(self, stored: StoredEntry) -> None:
        self._found.first = self._found.first or stored.seq
        self._found.last = stored.seq


class _Comparing:
    """Checkpoints, smallest first, compared with the log as it grows."""

    def __init__(self, checkpoints: Iterator[Checkpoint], whose: str) -> None:
        self._checkpoints = checkpoints
        self._whose = whose
        self._next = next(checkpoints, None)
        self.count = 0

    def compare(self, chain: Chain) -> bool:
        """Whether a checkpoint of just this size was compared.

        Raises:
            _Forked: it tells of another history.
        """
        compared = False
        while self._next is not None and self._next.size <= chain.seq:
            checkpoint = self._next
            # One that ends among what was pruned can be compared with nothing any more.
            if checkpoint.size == chain.seq:
                root = chain.peaks.root() if chain.seq else EMPTY_ROOT
                if checkpoint.root != root or checkpoint.head != (chain.head if chain.seq else NO_HASH):
                    raise _Forked(f"{self._whose} of {checkpoint.size} entries is of another history")
                self.count += 1
                compared = True
            self._next = next(self._checkpoints, None)
        return compared

    def longest(self, seq: int) -> int:
        """The greatest size of those that were not reached; ``seq`` where all were."""
        longest = seq
        while self._next is not None:
            self.count += 1
            longest = max(longest, self._next.size)
            self._next = next(self._checkpoints, None)
        return longest


def _checked(stored: StoredCheckpoint, identity: Identity) -> Checkpoint:
    """One of the log's own. Raises Broken where it was altered."""
    try:
        checkpoint = read_note(stored.note)
    except CheckpointMalformed as error:
        raise Broken(f"the checkpoint of {stored.size} entries was altered: {error}", stored.size) from error
    is_alike = (checkpoint.size, checkpoint.root, checkpoint.head) == (stored.size, stored.root, stored.head)
    is_its = checkpoint.log_id == identity.log_id
    if not is_alike or not is_its or not is_note_signed(stored.note, identity.public_key):
        raise Broken(f"the checkpoint of {stored.size} entries is not as it was signed", stored.size)
    return checkpoint


def _check_end(chain: Chain, segment: Segment) -> None:
    if chain.head != segment.head or chain.peaks.encode() != segment.peaks:
        raise Broken(
            f"the entries of segment {segment.segment_id} are not those that it was closed with", chain.seq
        )
