"""The audit as the admin API sees it: one class for reading, proving, pruning, erasing and lone events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from burgeed.audit import erasure, retention
from burgeed.audit.checkpoints import Checkpoints
from burgeed.audit.errors import NotPermitted
from burgeed.audit.event import AuditEvent
from burgeed.audit.journal import Journal
from burgeed.audit.modes import DAY, Privileged, refusal
from burgeed.audit.reader import AuditReader
from burgeed.audit.records import AuditFilter, AuditPage, EraseOutcome, PruneOutcome, Requester
from burgeed.audit.rotation import rewrap
from burgeed.audit.throttle import Throttle
from burgeed.clock import Clock
from burgeed.database.errors import DatabaseError
from burgeed.database.protocol import Database

_FLUSH_INTERVAL = 1.0
_CLOSING_DEADLINE = 5.0

_log = logging.getLogger(__name__)


class AuditLog:
    """What can be asked of the log beside appending within a transaction.

    Args:
        journal: the one that appends within transactions too.
        checkpoints: what makes them.
        retention_days: entries that are younger are never pruned.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        checkpoints: Checkpoints,
        clock: Clock,
        *,
        retention_days: int | None = None,
    ) -> None:
        self.journal = journal
        self.checkpoints = checkpoints
        self._database = database
        self._clock = clock
        self._retention_days = retention_days or journal.mode.least_retention
        self._reader = AuditReader(database, journal.keys.masters, journal.subjects)
        self._throttle = Throttle(clock)

    async def run(self) -> None:
        """Make checkpoints, and write the sums of lone events, until cancelled. Bounded at the end."""
        summing = asyncio.create_task(self._flush_again_and_again(), name="audit-sums")
        making = asyncio.create_task(self.checkpoints.run(), name="audit-checkpoints")
        try:
            await asyncio.wait({summing, making}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # One after the other: the last checkpoint covers the last sums.
            for task in (summing, making):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        for task in (summing, making):
            # Neither ends by itself but by a failure, which is this one's too.
            if not task.cancelled():
                task.result()

    async def search(self, which: AuditFilter, limit: int, cursor: int | None = None) -> AuditPage:
        """Records, newest first; see :meth:`AuditReader.search`."""
        return await self._reader.search(which, limit, cursor)

    def export(self, which: AuditFilter, form: Literal["jsonl", "csv"]) -> AsyncIterator[str]:
        """Lines, each with its line feed; see :meth:`AuditReader.export`."""
        return self._reader.export(which, form)

    async def checkpoint(self) -> str | None:
        """The latest signed checkpoint, C2SP text; None where there is none. Raises DatabaseUnavailable."""
        return await self.checkpoints.latest()

    async def prune(self, requester: Requester, *, before: float | None = None) -> PruneOutcome:
        """Drop whole segments older than the retention, or than ``before`` where that is earlier.

        Args:
            before: Unix seconds.

        Raises:
            Held: a legal hold forbids it.
            NotPermitted: the mode asks for a reason, or for a second person.
            AuditUnavailable, DatabaseUnavailable, OutcomeUnknown: nothing was pruned, or it is not known.
        """
        self._permit(requester, "prune")
        kept_since = self._clock.wall() - self._retention_days * DAY
        until = kept_since if before is None else min(before, kept_since)
        outcome = await self._database.write(
            lambda transaction: retention.prune(
                transaction, self.journal, requester, round(until * 1_000_000)
            )
        )
        await self._cover()
        return outcome

    async def erase(self, requester: Requester, kind: str, name: str, legal_basis: str) -> EraseOutcome:
        """Make one subject's personal data unreadable for ever, by deleting its key.

        Args:
            kind: ``person`` for actors, else the level whose scope it is: ``customer``, ``organization``.
            name: as it was recorded.
            legal_basis: kept in the entry that tells of the erasure; name no person in it.

        Raises:
            Held, NotPermitted, AuditUnavailable, DatabaseUnavailable, OutcomeUnknown: as for :meth:`prune`.
        """
        self._permit(requester, "erase")
        outcome = await self._database.write(
            lambda transaction: erasure.erase(transaction, self.journal, requester, kind, name, legal_basis)
        )
        await self._cover()
        await self._scrub("audit_subjects")
        return outcome

    async def hold(self, requester: Requester, name: str) -> bool:
        """Put a legal hold on the whole log: nothing is pruned or erased until it is released.

        Returns:
            Whether there was none of that name. Raises as :meth:`prune`.
        """
        return await self._database.write(
            lambda transaction: retention.hold(transaction, self.journal, requester, name)
        )

    async def release(self, requester: Requester, name: str) -> bool:
        """End a legal hold; whether there was one of that name. Raises as :meth:`prune`."""
        return await self._database.write(
            lambda transaction: retention.release(transaction, self.journal, requester, name)
        )

    async def rewrap(self, requester: Requester) -> int:
        """Wrap with the journal's master key what its former ones wrap; how many keys.

        Raises as :meth:`prune`.
        """
        count = await self._database.write(lambda transaction: rewrap(transaction, self.journal, requester))
        await self._cover()
        return count

    async def append_alone(self, events: Sequence[AuditEvent]) -> None:
        """Record events that belong to no other transaction: denied attempts, reads of the audit.

        Of one action and actor only so many a second become entries; the rest are counted, and told by one
        entry whose detail has the count.

        Raises:
            AuditUnavailable, DatabaseUnavailable, OutcomeUnknown: they are not on disk, or it is not known.
        """
        await self._append(self._throttle.admit(events))

    def report(self) -> dict[str, Any]:
        """The mode, the retention and the state of checkpoints and anchors, as JSON has it."""
        return {
            "mode": self.journal.mode.name,
            "retentionDays": self._retention_days,
            "checkpoint": self.checkpoints.report(),
        }

    async def _append(self, events: list[AuditEvent]) -> None:
        if events:
            await self._database.write(lambda transaction: self.journal.append(transaction, events))

    def _permit(self, requester: Requester, operation: Privileged) -> None:
        """Raise NotPermitted where the mode asks for more; the route has seen who they are."""
        why = refusal(
            self.journal.mode,
            actor=requester.actor,
            person=requester.actor,
            uid=0,
            token_id=requester.actor,
            over_tcp=False,
            reason=requester.reason,
            operation=operation,
            second=requester.second,
            synchronised=self.journal.clock_state(),
        )
        if why is not None:
            raise NotPermitted(why)

    async def _scrub(self, table: str) -> None:
        try:
            await self._database.scrub(table)
        except DatabaseError as error:
            _log.warning(
                "what was deleted may be left in the database's files until the daemon ends",
                extra={"why": str(error)},
            )

    async def _cover(self) -> None:
        """Sign what was just done; it is done, whether or not that succeeds now."""
        try:
            await self.checkpoints.make()
        except DatabaseError as error:
            _log.warning("no checkpoint of the audit can be made", extra={"why": str(error)})

    async def _flush_again_and_again(self) -> None:
        try:
            while True:
                await self._clock.sleep(_FLUSH_INTERVAL)
                await self._flush(self._throttle.due())
        finally:
            try:
                async with asyncio.timeout(_CLOSING_DEADLINE):
                    await self._flush(self._throttle.rest())
            except TimeoutError:
                _log.warning("sums of denied attempts are not in the audit: the database does not answer")

    async def _flush(self, events: list[AuditEvent]) -> None:
        try:
            await self._append(events)
        except DatabaseError as error:
            lost = sum(int(event.detail["count"]) for event in events)
            _log.warning("denied attempts are not in the audit", extra={"why": str(error), "count": lost})
