"""What the database has, in memory: it may be behind for a moment, and never ahead."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from burgeed.control.protocol import State
from burgeed.database.protocol import Database, Transaction
from burgeed.revisions import reading
from burgeed.revisions.reading import AT_ONCE, Newer
from burgeed.revisions.values import Entry, Revision

Asked = TypeVar("Asked")

_log = logging.getLogger(__name__)


class Mirror:
    """The state as of the last revision that was read or written.

    Args:
        offer: takes each newer state with the revisions that led to it, none where they are not known.

    Attributes:
        state: everything that is set.
    """

    def __init__(self, database: Database, offer: Callable[[State, Sequence[Revision]], int]) -> None:
        self._database = database
        self._offer = offer
        self._write_id = ""
        self.state = State(0, {})

    @property
    def last(self) -> tuple[int, str]:
        """Number and write id of the last revision that the state has."""
        return self.state.revision, self._write_id

    async def load(self) -> int:
        """Read everything. Returns the ticket of the offer. Raises DatabaseError."""
        loaded = await self._database.read(reading.load)
        self.state, self._write_id = State(loaded.number, loaded.entries), loaded.write_id
        return self._offer(self.state, ())

    async def catch_up(self) -> None:
        """Take over what other daemons wrote; not beside :meth:`take`. Raises DatabaseError."""
        await self.catch_up_asking(lambda transaction: None)

    async def catch_up_asking(self, ask: Callable[[Transaction], Asked]) -> Asked:
        """The same, and what the database answers about that very state."""
        while True:
            last = self.last

            def work(
                transaction: Transaction, last: tuple[int, str] = last
            ) -> tuple[Newer | None, Asked | None]:
                newer = reading.since(transaction, *last)
                return newer, None if _is_part(newer) else ask(transaction)

            newer, answer = await self._database.read(work)
            if newer is None:
                # Restored from a copy, or put in another's place: it is the truth all the same.
                _log.error(
                    "the store has another history than before: read anew",
                    extra={"revision": self.state.revision},
                )
                await self.load()
            elif newer.is_rewritten:
                # Who is erased stands there under another name than in the state.
                await self.load()
            elif newer.revisions:
                self._advance(newer.revisions, newer.write_id)
            if not _is_part(newer):
                return answer  # type: ignore[return-value]

    def take(self, state: State, revisions: Sequence[Revision], write_id: str) -> int:
        """Take over a state that is in the database. Returns the ticket of the offer.

        Args:
            revisions: those that lead from the last state to this one, in order; at least one.
            write_id: of the last of them.
        """
        self.state, self._write_id = state, write_id
        return self._offer(state, revisions)

    def _advance(self, revisions: Sequence[Revision], write_id: str) -> None:
        entries = dict(self.state.entries)
        for revision in revisions:
            for change in revision.changes:
                entries.pop(change.key, None)
                if change.after is not None:
                    entries[change.key] = Entry(change.key, change.after, revision.number)
        self.take(State(revisions[-1].number, entries), revisions, write_id)


def _is_part(newer: Newer | None) -> bool:
    """Whether there may be more than was read."""
    return newer is None or newer.is_rewritten or len(newer.revisions) >= AT_ONCE
