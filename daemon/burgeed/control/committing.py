"""One transaction of writes: their revisions, their changes, their audit entries; all of them or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

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


class RefusedTogether(Exception):
    """One of several writes cannot be; which one is seen when each has a transaction of its own."""


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


class Write(NamedTuple):
    """What one request leaves.

    Attributes:
        revision: None where only its key is remembered.
        write_id: random text by which the revision is found again if its commit fails.
        events: told to the audit.
    """

    revision: Revision | None = None
    write_id: str = ""
    events: tuple[AuditEvent, ...] = ()
    remembered: Remembered | None = None


class Committer:
    """Writes revisions, and says truthfully what became of them.

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

    async def commit(self, writes: Sequence[Write], last: tuple[int, str]) -> None:
        """Write all of these; they are on disk when this returns.

        Args:
            writes: at least one; their revisions follow one another.
            last: number and write id of the revision that they were planned upon.

        Raises:
            NumberTaken, KeyTaken: another daemon was faster: nothing was written.
            RefusedTogether: nothing was written; the others may be without one of them.
            Unwritten: nothing was written, nor will be.
            Unknown: it cannot be told.
        """

        def work(transaction: Transaction) -> None:
            newer = reading.since(transaction, *last)
            if newer is None or newer.revisions or newer.is_rewritten:
                raise writing.NumberTaken(f"revision {last[0]} is not the last one as it was read")
            for write in writes:
                if write.remembered is not None:
                    write.remembered.put(transaction)
                if write.revision is not None:
                    writing.append(transaction, write.revision, write.write_id)
            events = [event for write in writes for event in write.events]
            if events:
                self._recorder.append(transaction, events)

        try:
            await self._database.write(work)
        except OutcomeUnknown as error:
            _log.warning("a commit failed: looking whether it was one", extra={"error": str(error)})
            # All of them are there or none: one tells of all.
            written = next((write.write_id for write in writes if write.revision is not None), None)
            if written is None or not await self._was_written(written):
                raise Unwritten(f"the store failed, and nothing was written: {error}") from error
        except (writing.NumberTaken, KeyTaken):
            raise
        except DatabaseUnavailable as error:
            raise unwritten(error) from error
        except Exception as error:
            if len(writes) > 1:
                raise RefusedTogether from error
            raise unwritten(error) if isinstance(error, DatabaseError) else error from error

    async def read(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """What the database has. Raises Unwritten where it cannot be read."""
        try:
            return await self._database.read(work)
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
