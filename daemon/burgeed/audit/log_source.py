"""A log to be verified, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from burgeed.audit.acceptance import Acceptance
from burgeed.audit.chain import StoredEntry
from burgeed.audit.seals import Seal
from burgeed.audit.segments import Segment
from burgeed.audit.signing_keys import StoredKey
from burgeed.signing.keys import PublicKey


@dataclass(frozen=True, slots=True)
class Identity:
    """What the log says of itself.

    Attributes:
        public_key: that its checkpoints and headers are signed with now.
        epoch: of that key; None where that is not known.
        seq, head: its end, as kept beside the entries; None where none is kept.
        peaks, segment: likewise, what the next entry goes on from: the Merkle tree's peaks, the open segment.
        complete: whether all entries are there, so that they form a chain.
    """

    log_id: bytes
    public_key: PublicKey
    seq: int | None = None
    head: bytes | None = None
    complete: bool = True
    epoch: int | None = None
    peaks: bytes | None = None
    segment: int | None = None


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint as it is kept: the note, and what stands beside it."""

    size: int
    root: bytes
    head: bytes
    note: str


@dataclass(frozen=True, slots=True)
class StoredSubject:
    """A subject's key as it is kept; ``wrapped_key`` is None once it is erased."""

    master_id: str
    wrapped_key: bytes | None


class LogSource(Protocol):
    """Reads one consistent state of a log, and never writes.

    Its methods raise Broken for what cannot have been written by an audit, and AuditError where there is
    nothing that can be read.
    """

    def identity(self) -> Identity | None:
        """What the log says of itself; None where there is no log."""
        ...

    def segments(self) -> Iterator[Segment]:
        """Their headers, in order."""
        ...

    def checkpoints(self) -> Iterator[StoredCheckpoint]:
        """By size, smallest first."""
        ...

    def keys(self) -> Sequence[StoredKey]:
        """The signing keys in order; none where the key never changed."""
        ...

    def seals(self) -> Iterator[Seal]:
        """By size, then by sealer and number."""
        ...

    def acceptances(self) -> Sequence[Acceptance]:
        """Checkpoints that somebody said the log goes on without."""
        ...

    def entries(self) -> Iterator[StoredEntry]:
        """In order, a few at a time in memory."""
        ...

    def subject(self, subject_id: bytes) -> StoredSubject | None:
        """A subject's key; None where there is none."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
