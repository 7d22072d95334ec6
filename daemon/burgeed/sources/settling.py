"""Decides when what stands in a file is whole, and so may be read.

Half a definition is often a valid one with fewer flags, so no parser can tell. What can be told is
whether a writer has the file open (a lease), or else whether the file has been the same for a while.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable
from typing import NamedTuple

from burgeed.file_state import FileState
from burgeed.sources.lease import Writer
from burgeed.sources.signature import named_after_written
from burgeed.sources.taking import Busy, Taken, Unreadable, signature_of, take

QUIET = 0.1
"""Seconds between two equal reads that make content whole where the writers are unknown."""

OPEN_BUT_QUIET = 30.0
"""Seconds without a change after which content counts as whole although a writer keeps it open."""

YOUNG = 1.0
"""Seconds after a change in which the content is read again at each look.

Two changes within one tick of the file system's clock can leave one signature.
"""


class State(enum.Enum):
    """How a file stands."""

    WHOLE = "whole"
    UNSETTLED = "unsettled"
    EMPTY = "empty"
    MISSING = "missing"
    UNREADABLE = "unreadable"


class Content(NamedTuple):
    """A whole content, and the signature of the file that it was taken from."""

    data: bytes
    digest: bytes
    signature: FileState


class _Candidate(NamedTuple):
    """What the file held when last looked at, and when that was first read, on the monotonic clock."""

    signature: FileState
    digest: bytes
    since: float


class SettlingFile:
    """One file, and what is known of it between looks.

    Attributes:
        state: as of the last look.
        content: the last whole content that was not empty; stays through every other state.
        trouble: why the file is unreadable; None unless it is.
        since: when the state came to be what it is, on the monotonic clock.

    Args:
        path: symbolic links are followed.
        limit: the most bytes that are read.
        monotonic: the monotonic clock, in seconds; called in whichever thread looks.
    """

    def __init__(self, path: str, limit: int, monotonic: Callable[[], float]) -> None:
        self.path = path
        self.state = State.MISSING
        self.content: Content | None = None
        self.trouble: Unreadable | None = None
        self.since: float | None = None
        self._limit = limit
        self._monotonic = monotonic
        self._candidate: _Candidate | None = None

    @property
    def signature(self) -> FileState | None:
        """What the file looked like at the last look; None if it could not be looked at."""
        return self._candidate.signature if self._candidate else None

    def look(self, *, afresh: bool = False) -> None:
        """Look at the file, and read it if something may have happened to it.

        Args:
            afresh: read it even though its signature says that nothing happened.
        """
        state = self._look(self._monotonic(), afresh)
        if state is not self.state or self.since is None:
            self.state, self.since = state, self._monotonic()

    def still(self) -> bool:
        """Tell whether the file, if it was whole or gone at the last look, is now as it was then."""
        if self.state in (State.UNSETTLED, State.UNREADABLE):
            return True
        try:
            return signature_of(self.path) == self.signature
        except Unreadable:
            return False

    def _look(self, now: float, afresh: bool) -> State:
        self.trouble = None
        try:
            known = self._candidate
            if (
                known is not None
                and not afresh
                and self.state in (State.WHOLE, State.EMPTY)
                and now - known.since >= YOUNG
                and signature_of(self.path) == known.signature
            ):
                return self.state
            taken = take(self.path, self._limit)
        except Busy:
            self._candidate = None
            return State.UNSETTLED
        except Unreadable as trouble:
            self._candidate = None
            self.trouble = trouble
            return State.UNREADABLE
        if taken is None:
            self._candidate = None
            return State.MISSING
        return self._judge(taken, now)

    def _judge(self, taken: Taken, asked: float) -> State:
        digest = hashlib.sha256(taken.content).digest()
        before = self._candidate
        if before is None or (before.signature, before.digest) != (taken.signature, digest):
            # Between two reads lies the time from after the one to before the other, however long each
            # took or had to wait for its thread.
            self._candidate = before = _Candidate(taken.signature, digest, self._monotonic())
        empty = not taken.content.strip()
        known = self.content is not None and self.content.digest == digest
        if not known and not self._is_whole(taken, empty, asked - before.since):
            return State.UNSETTLED
        if empty:
            return State.EMPTY
        if known and self.content is not None:
            self.content = self.content._replace(signature=taken.signature)
        else:
            self.content = Content(taken.content, digest, taken.signature)
        return State.WHOLE

    def _is_whole(self, taken: Taken, empty: bool, unchanged: float) -> bool:
        if taken.writer is Writer.NONE:
            return True
        if taken.writer is Writer.OPEN:
            return unchanged >= OPEN_BUT_QUIET
        another = self.content is None or self.content.signature.identity != taken.signature.identity
        if another and not empty and named_after_written(self.path, taken.signature):
            return True
        return unchanged >= QUIET
