"""The control plane as the server sees it; :mod:`burgeed.control.plane` is the one that is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from burgee.layer import Layer
from burgee.snapshot import Snapshot
from burgeed.control.request import WriteOutcome, WriteRequest
from burgeed.database.protocol import Database
from burgeed.revisions.values import Change, Entry, EntryKey, Revision


@dataclass(frozen=True, slots=True)
class State:
    """Everything that is set at run time, as of one revision. Immutable: a later write makes a new one.

    Attributes:
        revision: the last one; 0 before the first.
    """

    revision: int
    entries: Mapping[EntryKey, Entry]


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which revisions; empty and None ask for nothing in particular.

    Attributes:
        since, until: Unix seconds, half-open [since, until).
        before: revisions with a lower number only: where the page before ended.
    """

    flag_set: str | None = None
    flag_key: str = ""
    level: str = ""
    scope: str = ""
    actor: str = ""
    action: str = ""
    since: float | None = None
    until: float | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What was served at an earlier time.

    Attributes:
        snapshot: composed as it was; its generation is none.
        at: Unix seconds: evaluate it with this as now.
        revision: the last one by then.
        exact: whether the layers beneath were recorded then; else today's stand in for them.
    """

    snapshot: Snapshot
    at: float
    revision: int
    exact: bool


class ControlPlane(Protocol):
    """Reads are of memory but for the history; writes are acknowledged when they are on disk and served."""

    @property
    def state(self) -> State:
        """What is set now."""
        ...

    @property
    def database(self) -> Database:
        """Where tokens and the audit are kept too."""
        ...

    def report(self) -> dict[str, Any]:
        """How it stands, as JSON has it."""
        ...

    def beneath(self) -> tuple[Layer, ...]:
        """The layers of the sources, bottom first, as they are now."""
        ...

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Plan, check, commit with its audit entries, serve. Raises ControlError."""
        ...

    async def revision(self, number: int) -> Revision:
        """One revision. Raises NotFound, Unwritten where the store cannot be read."""
        ...

    async def history(self, which: HistoryFilter, limit: int) -> Sequence[Revision]:
        """Revisions, newest first. Raises Unwritten where the store cannot be read."""
        ...

    async def difference(self, earlier: int, later: int) -> tuple[Change, ...]:
        """What differs between two revisions, each entry once. Raises NotFound, Unwritten."""
        ...

    async def past(self, *, at: float | None = None, revision: int | None = None) -> Past:
        """What was served at a time, or right after a revision. Raises NotFound, Unwritten."""
        ...
