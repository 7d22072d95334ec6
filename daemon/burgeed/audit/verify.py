"""Verifying a log: offline, read-only; without any secret for chain, Merkle tree and signatures.

What each verdict means, and what no verification can see, is told in ``docs/guides/audit.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from burgeed.audit.acceptance import digest_of
from burgeed.audit.chain import Broken, Chain, StoredEntry
from burgeed.audit.checkpoint import Checkpoint, CheckpointMalformed, read_note, verifier_key
from burgeed.audit.comparing import Comparing, ComparingSeals, Forked
from burgeed.audit.entry import decode, entry_hash
from burgeed.audit.errors import EntryMalformed
from burgeed.audit.keys import MasterKeys
from burgeed.audit.log_source import LogSource, StoredCheckpoint
from burgeed.audit.sealing_key import FirstKey
from burgeed.audit.segments import Segment
from burgeed.audit.signing_keys import KeysUnfounded, founded_keys
from burgeed.audit.verdict import Verdict, Verification
from burgeed.audit.verify_decrypting import Decrypting
from burgeed.audit.verify_segments import beginning, check_end, sound_segments
from burgeed.signing.keys import PublicKey


def verify(
    log: LogSource,
    outside: Iterable[str] = (),
    public_key: PublicKey | None = None,
    masters: MasterKeys | None = None,
    seal_keys: Sequence[FirstKey] = (),
    *,
    accepted: bool = False,
) -> Verification:
    """Verify a log.

    Args:
        outside: checkpoints that were kept elsewhere: an anchor's, another copy's.
        public_key: one that the log has to be signed with, now or before its key was changed; without it the
            log's own word is taken.
        masters: with these, every entry is decrypted too.
        seal_keys: the first keys of sealers, whose seals are checked.
        accepted: whether checkpoints are passed over that somebody said the log goes on without.
    """
    found = Verification()
    verifier = _Verifier(log, found, masters, seal_keys)
    try:
        verifier.run(list(outside), public_key, passes_over=accepted)
    except Broken as broken:
        found.verdict, found.why, found.first_bad = Verdict.TAMPERED, str(broken), broken.seq
    except Forked as forked:
        found.verdict, found.why = Verdict.FORKED, str(forked)
    found.remarks = tuple(verifier.remarks)
    return found


class _Verifier:
    """One verification; fills in what it finds.

    Attributes:
        remarks: what is worth knowing beside the verdict.
    """

    def __init__(
        self,
        log: LogSource,
        found: Verification,
        masters: MasterKeys | None,
        seal_keys: Sequence[FirstKey],
    ) -> None:
        self._log = log
        self._found = found
        self._masters = masters
        self._seal_keys = seal_keys
        self.remarks: list[str] = []

    def run(self, outside: list[str], pinned: PublicKey | None, *, passes_over: bool) -> None:
        """Verify. Raises Broken, Forked."""
        identity = self._log.identity()
        if identity is None:
            self._nothing(is_told_of=bool(outside or pinned or self._seal_keys))
            return
        self._identity = identity
        found = self._found
        found.log_id = identity.log_id.hex()
        found.public_key = verifier_key(identity.log_id, identity.public_key)
        try:
            stored = self._log.keys()
            self._keys = founded_keys(identity.log_id, identity.public_key, identity.epoch, stored)
        except KeysUnfounded as error:
            raise Forked(str(error)) from error
        if pinned is not None and pinned not in self._keys:
            raise Forked("the log is signed with another key than the one it has to be signed with")
        decrypting = None
        if self._masters is not None:
            decrypting = Decrypting(self._log, identity.log_id, self._masters)
        if identity.complete:
            self._follow(self._held(self._outside(outside), passes_over=passes_over), decrypting)
        else:
            self._each_alone(decrypting)
        if decrypting is not None:
            found.decrypted = decrypting.count
            if found.verdict is Verdict.OK and decrypting.missing:
                found.verdict, found.why = Verdict.UNDECRYPTABLE, decrypting.missing

    def _nothing(self, *, is_told_of: bool) -> None:
        if is_told_of:
            self._found.verdict = Verdict.TRUNCATED
            self._found.why = "there is no log, and a checkpoint or a key from outside tells of one"
        else:
            self._found.verdict, self._found.why = Verdict.UNPROVEN, "there is no log"

    def _each_alone(self, decrypting: Decrypting | None) -> None:
        """An excerpt: each entry by itself. What is wrong with one may show; that all is right never does,
        since whoever alters an entry can write the hash beside it.
        """
        self._found.verdict = Verdict.UNPROVEN
        self._found.why = (
            "an excerpt: no chain, no checkpoint and no key vouches for its entries; export without a filter"
        )
        by_id = {segment.segment_id: segment for segment in self._segments()}
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
        segments = self._segments()
        chain = beginning(self._identity.log_id, segments)
        self._found.pruned_through = chain.seq
        by_id = {segment.segment_id: segment for segment in segments}
        own = Comparing(self._own_checkpoints(), "the log's own checkpoint")
        other = Comparing(iter(outside), "a checkpoint from outside")
        links = Comparing(iter(self._keys.links), "the checkpoint where the signing key was changed,")
        seals = ComparingSeals(self._log.seals(), self._identity.log_id, self._seal_keys)
        self._compare(own, other, links, seals, chain)
        for stored in self._log.entries():
            segment = by_id.get(stored.segment)
            if segment is None or segment.pruned is not None:
                raise Broken(f"entry {stored.seq} belongs to no segment that is there", stored.seq)
            entry = chain.check(stored, segment)
            chain.advance(stored)
            self._count(stored)
            if chain.seq == segment.last_seq:
                check_end(chain, segment)
            self._compare(own, other, links, seals, chain)
            if decrypting is not None:
                decrypting.see(stored, entry, segment)
        self._end(chain, segments, (own, other, links), seals)
        if other.count == 0:
            self.remarks.append(
                "without a checkpoint from outside, a shortened log and one rewritten by who holds its keys "
                "cannot be told from a whole one"
            )
        if self._found.checkpointed < chain.seq:
            uncovered = chain.seq - self._found.checkpointed
            self.remarks.append(f"no checkpoint covers the last entries yet: {uncovered}")

    def _end(
        self, chain: Chain, segments: list[Segment], comparing: Sequence[Comparing], seals: ComparingSeals
    ) -> None:
        """Whether the log is as long as all that tells of its length. Raises Broken."""
        found, identity = self._found, self._identity
        found.head = chain.head.hex()
        longest = max(seals.longest(chain.seq), *(each.longest(chain.seq) for each in comparing))
        self._told_by(seals, chain)
        if longest > chain.seq:
            found.verdict = Verdict.TRUNCATED
            found.why = f"the log ends with entry {chain.seq}, and a checkpoint covers {longest}"
            return
        if silent := seals.silent():
            found.verdict = Verdict.TRUNCATED
            found.why = f"there is no seal of sealer {silent[0].hex()}, whose key was given"
            return
        closed_at = max((segment.last_seq or 0 for segment in segments), default=0)
        told = max(identity.seq or 0, closed_at)
        if told > chain.seq:
            found.verdict = Verdict.TRUNCATED
            found.why = f"the log ends with entry {chain.seq}, and by its own account with {told}"
            return
        if identity.seq is not None and (identity.seq, identity.head) != (chain.seq, chain.head):
            raise Broken("the end of the log is not where the log says that it is", chain.seq or None)
        last = segments[-1].segment_id if segments else None
        goes_on_from = (
            chain.peaks.encode() if identity.peaks is None else identity.peaks,
            last if identity.segment is None else identity.segment,
        )
        if goes_on_from != (chain.peaks.encode(), last):
            raise Broken("what the next entry would go on from is not the end of the log", chain.seq or None)

    def _told_by(self, seals: ComparingSeals, chain: Chain) -> None:
        """What the seals say, beside whether they are sound."""
        self._found.sealed = seals.sealed
        if seals.unknown:
            self.remarks.append(f"seals of sealers whose first key was not given: {seals.unknown}")
        if self._seal_keys and seals.sealed < chain.seq:
            self.remarks.append(f"no seal covers the last entries: {chain.seq - seals.sealed}")

    def _segments(self) -> list[Segment]:
        segments = sound_segments(self._log.segments(), self._identity, self._keys)
        self._found.segments = len(segments)
        return segments

    def _own_checkpoints(self) -> Iterator[Checkpoint]:
        for stored in self._log.checkpoints():
            yield self._checked(stored)

    def _outside(self, notes: list[str]) -> list[Checkpoint]:
        """Those of this log, smallest first. Raises Forked where one cannot be of this log's history."""
        checkpoints, of_others = [], 0
        for note in notes:
            try:
                checkpoint = read_note(note)
            except CheckpointMalformed:
                self.remarks.append("a text from outside that is no checkpoint was passed over")
                continue
            if checkpoint.log_id != self._identity.log_id:
                of_others += 1
                continue
            if not self._keys.is_signed(note, checkpoint.size):
                raise Forked(
                    f"the outside's checkpoint of {checkpoint.size} entries is not signed by this log's key"
                )
            checkpoints.append(checkpoint)
        if of_others and not checkpoints:
            raise Forked("the checkpoints from outside are all of another log")
        return sorted(checkpoints, key=lambda each: each.size)

    def _held(self, outside: list[Checkpoint], *, passes_over: bool) -> list[Checkpoint]:
        """Those from outside that are held against the log: not what was accepted, where it is asked."""
        log_id = self._identity.log_id
        accepted = {
            each.digest: each for each in self._log.acceptances() if each.is_signed(log_id, self._keys)
        }
        met = [accepted[digest] for each in outside if (digest := digest_of(each)) in accepted]
        if not met:
            return outside
        entries = sorted({each.seq for each in met})
        told = f"accepted by entry {', '.join(map(str, entries))}, which says who and why"
        if not passes_over:
            self.remarks.append(f"checkpoints from outside that the log does not meet: {len(met)}, {told}")
            return outside
        self.remarks.append(f"checkpoints from outside that were passed over: {len(met)}, {told}")
        return [each for each in outside if digest_of(each) not in accepted]

    def _compare(
        self, own: Comparing, other: Comparing, links: Comparing, seals: ComparingSeals, chain: Chain
    ) -> None:
        found = self._found
        links.compare(chain)
        seals.compare(chain)
        if own.compare(chain):
            found.checkpointed = chain.seq
        if other.compare(chain):
            found.anchored = chain.seq
        found.checkpoints = own.count

    def _checked(self, stored: StoredCheckpoint) -> Checkpoint:
        """One of the log's own. Raises Broken where it was altered."""
        try:
            checkpoint = read_note(stored.note)
        except CheckpointMalformed as error:
            raise Broken(
                f"the checkpoint of {stored.size} entries was altered: {error}", stored.size
            ) from error
        kept = (stored.size, stored.root, stored.head)
        is_alike = (checkpoint.size, checkpoint.root, checkpoint.head) == kept
        is_its = checkpoint.log_id == self._identity.log_id
        if not is_alike or not is_its or not self._keys.is_signed(stored.note, stored.size):
            raise Broken(f"the checkpoint of {stored.size} entries is not as it was signed", stored.size)
        return checkpoint

    def _count(self, stored: StoredEntry) -> None:
        self._found.first = self._found.first or stored.seq
        self._found.last = stored.seq
