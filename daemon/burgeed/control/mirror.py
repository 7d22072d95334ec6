"""What the database has, in memory: it may be behind for a moment, and never ahead."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from burgeed.control.protocol import State
from burgeed.database.protocol import Database, Transaction
from burgeed.revisions import reading
from burgeed.revisions.reading import AT_ONCE, Newer
from burgeed.revisions.values import Entry, Revision

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

    async def load(self) -> int:
        """Read everything. Returns the ticket of the offer. Raises DatabaseError."""
        loaded = await self._database.read(reading.load)
        self.state, self._write_id = State(loaded.number, loaded.entries), loaded.write_id
        return self._offer(self.state, ())

    async def catch_up(self) -> None:
        """Take over what other daemons wrote; not beside :meth:`advance`. Raises DatabaseError."""
        while True:
            newer = await self._newer()
            if newer is None:
                # Restored from a copy, or put in another's place: it is the truth all the same.
                _log.error(
                    "the store has another history than before: read anew",
                    extra={"revision": self.state.revision},
                )
                await self.load()
                return
            if newer.revisions:
                self.advance(newer.revisions, newer.write_id)
            if len(newer.revisions) < AT_ONCE:
                return

    def advance(self, revisions: Sequence[Revision], write_id: str) -> int:
        """Take over revisions that are in the database. Returns the ticket of the offer.

        Args:
            revisions: those that follow the state's, in order; at least one.
            write_id: of the last of them.
        """
        entries = dict(self.state.entries)
        for revision in revisions:
            for change in revision.changes:
                entries.pop(change.key, None)
                if change.after is not None:
                    entries[change.key] = Entry(change.key, change.after, revision.number)
        self.state, self._write_id = State(revisions[-1].number, entries), write_id
        return self._offer(self.state, revisions)

    async def _newer(self) -> Newer | None:
        number, write_id = self.state.revision, self._write_id

        def work(transaction: Transaction) -> Newer | None:
            return reading.since(transaction, number, write_id)

        return await self._database.read(work)
