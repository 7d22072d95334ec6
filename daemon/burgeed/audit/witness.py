"""Comparing a log with checkpoints that were kept beside it, before anything is added to it.

What is compared is the hash of an entry: as each has that of the one before it, one says whether all entries
up to it are those that the checkpoint was made of. It takes one look into the database for hundreds of
checkpoints; the whole log is for ``burgee audit verify``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from burgeed.audit.acceptance import accepted_digests, digest_of
from burgeed.audit.anchor import read_latest_anchored
from burgeed.audit.checkpoint import Checkpoint, CheckpointMalformed, read_note
from burgeed.audit.entry import entry_hash
from burgeed.audit.errors import AuditError, AuditUnavailable
from burgeed.audit.head import Head
from burgeed.audit.remembered import RememberedCheckpoint
from burgeed.database.protocol import Transaction

REMEDY = "`burgee audit verify` tells more, and `burgee audit accept` goes on with the log as it is"

_AT_ONCE = 400
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint that was kept.

    Attributes:
        place: where, for a person.
        checkpoint: None where what was kept there is none.
    """

    place: str
    checkpoint: Checkpoint | None


class Witness:
    """What a log has to meet.

    Args:
        remembered: what this daemon made last; None remembers nothing.
        anchors: files of anchors.

    Attributes:
        why: why nothing may be added to the log, for a person; empty while it is met or was not compared.
        newest: what was made last; the log has to go on meeting it.
    """

    def __init__(self, remembered: RememberedCheckpoint | None = None, anchors: Sequence[Path] = ()) -> None:
        self._remembered = remembered
        self._anchors = anchors
        self._kept: list[Kept] = []
        self.newest: Checkpoint | None = None
        self.why = ""

    def recall(self) -> None:
        """Read what was kept: once, before the log is opened. Blocks as long as the anchors' disks do.

        An anchor that cannot be read now is told in the daemon's log, and not compared.
        """
        self._kept = [*self._kept, *self._recall_own()]
        for path in self._anchors:
            self._kept = [*self._kept, *self._recall_anchored(path)]

    def check(self, transaction: Transaction, head: Head | None) -> None:
        """Before anything is added: see whether the log meets all that was kept, and is as long as it was.

        Args:
            head: the log's end, as this transaction has it.

        Raises:
            AuditUnavailable: it does not, or is not.
        """
        newest = self.newest
        is_long_enough = newest is None or (head is not None and head.seq >= newest.size)
        if self._kept or self.why or not is_long_enough:
            self.compare(transaction, head, newest)
        if self.why:
            raise AuditUnavailable(self.why)

    def compare(self, transaction: Transaction, head: Head | None, newest: Checkpoint | None) -> None:
        """Find :attr:`why` anew.

        Args:
            newest: as it was before the transaction began: what is made meanwhile it cannot see.
        """
        unmet = self.unmet(transaction, head, newest)
        why = ""
        if unmet:
            others = f" (and {len(unmet) - 1} more)" if len(unmet) > 1 else ""
            why = f"{unmet[0][1]}{others}: {REMEDY}"
        if why and not self.why:
            _log.error("the audit is not the one that was signed: nothing is written", extra={"why": why})
        if self.why and not why:
            _log.warning("the audit is the one that was signed again: writes are taken")
        self.why = why

    def unmet(
        self, transaction: Transaction, head: Head | None, newest: Checkpoint | None = None
    ) -> list[tuple[Kept, str]]:
        """What was kept and is not met, and why, without what was accepted. What is met is forgotten."""
        before = self._kept
        kept = before if newest is None else [*before, Kept("this daemon", newest)]
        if not kept:
            return []
        hashes = _hashes(transaction, {each.checkpoint.size for each in kept if each.checkpoint is not None})
        found = [(each, why) for each in kept if (why := _why(each, head, hashes))]
        if found and head is not None:
            accepted = accepted_digests(transaction, head)
            found = [each for each in found if digest_of(each[0].checkpoint) not in accepted]
        if self._kept is before:
            self._kept = [each for each, _ in found if each.checkpoint is None or each.checkpoint != newest]
        return found

    def accept(self) -> None:
        """From here on, nothing that was kept until now is held against the log."""
        self._kept, self.newest, self.why = [], None, ""

    def remember(self, note: str) -> None:
        """Take a checkpoint that was made just now and is on disk. Blocks."""
        self.newest = read_note(note)
        if self._remembered is None:
            return
        try:
            self._remembered.write(note)
        except OSError as error:
            _log.warning("the audit's checkpoint cannot be kept", extra={"why": str(error)})

    def _recall_own(self) -> Iterator[Kept]:
        if self._remembered is None:
            return
        place = str(self._remembered.path)
        try:
            note = self._remembered.read()
            if note is not None:
                yield Kept(place, read_note(note))
        except (AuditError, CheckpointMalformed):
            yield Kept(place, None)

    def _recall_anchored(self, path: Path) -> Iterator[Kept]:
        try:
            for note in read_latest_anchored(path):
                yield Kept(f"anchor {path}", read_note(note))
        except (AuditError, CheckpointMalformed) as error:
            _log.warning("the audit is not compared with an anchor", extra={"why": str(error)})


def _why(kept: Kept, head: Head | None, hashes: tuple[dict[int, bytes], int]) -> str:
    """Why a log does not meet a checkpoint; empty where it does, or where nobody can say."""
    checkpoint, place = kept.checkpoint, kept.place
    if checkpoint is None:
        return f"what {place} keeps is no checkpoint"
    covered = f"a checkpoint of {checkpoint.size} entries"
    if head is None:
        return f"there is no audit log, and {place} keeps {covered}"
    if checkpoint.log_id != head.log_id:
        return f"the audit log was replaced: {place} keeps {covered} of another one"
    if checkpoint.size > head.seq:
        return f"the audit log ends with entry {head.seq}, and {place} keeps {covered}: it was shortened"
    found, pruned_through = hashes
    if checkpoint.size not in found and checkpoint.size <= pruned_through:
        # There is nothing left to compare it with.
        return ""
    if found.get(checkpoint.size) != checkpoint.head:
        return f"the audit log was rewritten: {place} keeps {covered} of another history"
    return ""


def _hashes(transaction: Transaction, sizes: set[int]) -> tuple[dict[int, bytes], int]:
    """The hash of the last of so many entries, for each size, and through which entry the log is pruned.

    It is the hash of the entry's bytes, not what stands beside them.
    """
    found: dict[int, bytes] = {}
    ordered = sorted(sizes)
    for at in range(0, len(ordered), _AT_ONCE):
        some = ordered[at : at + _AT_ONCE]
        places = ", ".join("?" * len(some))
        rows = transaction.execute(f"SELECT seq, entry FROM audit_entries WHERE seq IN ({places})", some)
        found |= {seq: entry_hash(bytes(encoded)) for seq, encoded in rows}
    pruned = transaction.execute(
        "SELECT first_seq + size - 1, head FROM audit_segments WHERE pruned IS NOT NULL"
    )
    found |= {last: bytes(digest) for last, digest in pruned}
    return found, max((last for last, _ in pruned), default=0)
