"""One transaction of a write: its revision, its changes, its audit entries; all of them or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from burgeed.audit.event import AuditEvent
from burgeed.audit.recorder import Recorder
from burgeed.clock import Clock
from burgeed.control.errors import Unknown, Unwritten
from burgeed.database.errors import DatabaseError, DatabaseUnavailable, OutcomeUnknown, WriteRefused
from burgeed.database.protocol import Database, Transaction
from burgeed.revisions import idempotency, reading, writing
from burgeed.revisions.idempotency import Known
from burgeed.revisions.values import Revision

LOOKS: Final = 5
"""How often it is looked whether a commit that failed was one."""

FIRST_WAIT: Final = 0.1
"""Seconds at most before the second look; twice as many before each further one."""

Outcome = TypeVar("Outcome")

_log = logging.getLogger(__name__)


class KeyTaken(WriteRefused):
    """Another daemon had a request with the same Idempotency-Key meanwhile."""


class Remembered:
    """An Idempotency-Key to be put down with the write."""

    __slots__ = ("key", "known", "now", "principal")

    def __init__(self, principal: str, key: str, known: Known, now: float) -> None:
        self.principal, self.key, self.known, self.now = principal, key, known, now

    def put(self, transaction: Transaction) -> None:
        """Put it down. Raises KeyTaken."""
        if idempotency.get(transaction, self.principal, self.key, self.now) is not None:
            raise KeyTaken(self.key)
        idempotency.put(transaction, self.principal, self.key, self.now, self.known)


class Committer:
    """Writes revisions, and says truthfully what became of each.

    Args:
        random: a number in [0, 1), for the waits between looks.
    """

    def __init__(
        self, database: Database, recorder: Recorder, clock: Clock, random: Callable[[], float]
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._clock = clock
        self._random = random

    async def commit(
        self,
        revision: Revision,
        write_id: str,
        events: Sequence[AuditEvent],
        remembered: Remembered | None = None,
    ) -> None:
        """Write a revision; it is on disk when this returns.

        Raises:
            NumberTaken, KeyTaken: another daemon was faster: nothing was written.
            Unwritten: nothing was written, nor will be.
            Unknown: it cannot be told.
        """

        def work(transaction: Transaction) -> None:
            if remembered is not None:
                remembered.put(transaction)
            writing.append(transaction, revision, write_id)
            self._recorder.append(transaction, events)

        try:
            await self._written(work)
        except OutcomeUnknown as error:
            _log.warning("a commit failed: looking whether it was one", extra={"error": str(error)})
            if not await self._was_written(write_id):
                raise Unwritten(f"the store failed, and nothing was written: {error}") from error

    async def remember(self, remembered: Remembered) -> None:
        """Put a key down that changed nothing. Raises KeyTaken, Unwritten."""
        try:
            await self._written(remembered.put)
        except OutcomeUnknown as error:
            raise Unwritten(f"the store failed: {error}") from error

    async def read(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """What the database has. Raises Unwritten where it cannot be read."""
        try:
            return await self._database.read(work)
        except DatabaseError as error:
            raise unwritten(error) from error

    async def _written(self, work: Callable[[Transaction], None]) -> None:
        try:
            await self._database.write(work)
        except (OutcomeUnknown, writing.NumberTaken, KeyTaken):
            raise
        except DatabaseError as error:
            raise unwritten(error) from error

    async def _was_written(self, write_id: str) -> bool:
        """Look in a transaction that writes: it comes after the one that failed, whatever is left of that."""
        why = ""
        for attempt in range(LOOKS):
            if attempt:
                await self._clock.sleep(self._random() * FIRST_WAIT * 2**attempt)
            try:
                found = await self._database.write(lambda transaction: reading.written(transaction, write_id))
                return found is not None
            except DatabaseError as error:
                why = str(error)
        raise Unknown(
            f"the store failed while committing, and cannot be read: {why}; look before trying again"
        )


def unwritten(error: DatabaseError) -> Unwritten:
    """The refusal of a database, or of the audit, as the control plane tells it."""
    full = isinstance(error, DatabaseUnavailable) and error.trouble == "full"
    what = "" if isinstance(error, WriteRefused) else "the store cannot be used: "
    return Unwritten(f"{what}{error}", full=full)
