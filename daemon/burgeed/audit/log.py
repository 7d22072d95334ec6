"""The audit as the admin API sees it: one class for reading, proving, pruning, erasing and lone events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from burgeed.audit import erasure, retention
from burgeed.audit.accepting import AcceptOutcome, accept
from burgeed.audit.checkpoints import Checkpoints
from burgeed.audit.erasure import Reach
from burgeed.audit.errors import NotPermitted
from burgeed.audit.event import AuditEvent
from burgeed.audit.journal import Journal
from burgeed.audit.modes import DAY, Privileged, refusal_of_operation
from burgeed.audit.reader import AuditReader
from burgeed.audit.records import AuditFilter, AuditPage, EraseOutcome, PruneOutcome, Requester
from burgeed.audit.rotation import RotateOutcome, rewrap, rotate_signing
from burgeed.audit.throttle import Throttle
from burgeed.clock import Clock
from burgeed.database.errors import DatabaseError
from burgeed.database.protocol import Database, Transaction
from burgeed.signing.keys import PrivateKey

LATE = 120.0
"""Seconds behind which an anchor is late: a checkpoint is made each minute."""

_FLUSH_INTERVAL = 1.0
_CLOSING_DEADLINE = 5.0

_log = logging.getLogger(__name__)


class AuditLog:
    """What can be asked of the log beside appending within a transaction.

    Args:
        journal: the one that appends within transactions too.
        checkpoints: what makes them.
        retention_days: entries that are younger are never pruned.
        reach: how far erasing goes beside the log; None keeps it to the log.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        checkpoints: Checkpoints,
        clock: Clock,
        *,
        retention_days: int | None = None,
        reach: Reach | None = None,
    ) -> None:
        self.journal = journal
        self.reach = reach
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

    async def prune(
        self, requester: Requester, *, before: float | None = None, dry_run: bool = False
    ) -> PruneOutcome:
        """Drop whole segments older than the retention, or than ``before`` where that is earlier.

        Args:
            before: Unix seconds.
            dry_run: tell what would go, and change nothing.

        Raises:
            Held: a legal hold forbids it.
            NotPermitted: the mode asks for a reason, or for a second person.
            AuditUnavailable, DatabaseUnavailable, OutcomeUnknown: nothing was pruned, or it is not known.
        """
        self._permit(requester, "prune")
        kept_since = self._clock.wall() - self._retention_days * DAY
        until = kept_since if before is None else min(before, kept_since)
        moment = round(until * 1_000_000)
        if dry_run:
            return await self._database.read(lambda transaction: retention.prunable(transaction, moment))
        outcome = await self._database.write(
            lambda transaction: retention.prune(transaction, self.journal, requester, moment)
        )
        await self._cover()
        return outcome

    async def erase(
        self, requester: Requester, kind: str, name: str, legal_basis: str, *, dry_run: bool = False
    ) -> EraseOutcome:
        """Make one subject's personal data unreadable for ever: its key is deleted, and where the name stood
        in the clear a pseudonym stands.

        Args:
            kind: ``person`` for actors, else the level whose scope it is: ``customer``, ``organization``.
            name: as it was recorded.
            legal_basis: kept in the entry that tells of the erasure; name no person in it.
            dry_run: tell what would go, and change nothing; there is no pseudonym then.

        Raises:
            InForce: what is in force names the subject.
            Held, NotPermitted, AuditUnavailable, DatabaseUnavailable, OutcomeUnknown: as for :meth:`prune`.
        """
        self._permit(requester, "erase")
        reach = self.reach
        beside = erasure.nothing_beside if reach is None else await reach.prepare(kind, name)

        def work(transaction: Transaction) -> EraseOutcome:
            return erasure.erase(transaction, self.journal, requester, kind, name, legal_basis, beside)

        if dry_run:
            return await erasure.rehearsed(self._database, work)
        outcome = await self._database.write(work)
        await self._cover()
        if not outcome.found:
            return outcome
        left = await self._scrub("audit_subjects", *(() if reach is None else reach.tables))
        if reach is not None:
            await reach.finish()
        return replace(outcome, left=(*outcome.left, *left))

    async def hold(self, requester: Requester, name: str) -> bool:
        """Put a legal hold on the whole log: nothing is pruned or erased until it is released.

        Returns:
            Whether there was none of that name. Raises as :meth:`prune`.
        """
        is_new = await self._database.write(
            lambda transaction: retention.hold(transaction, self.journal, requester, name)
        )
        await self._cover()
        return is_new

    async def release(self, requester: Requester, name: str) -> bool:
        """End a legal hold; whether there was one of that name. Raises as :meth:`prune`."""
        was_held = await self._database.write(
            lambda transaction: retention.release(transaction, self.journal, requester, name)
        )
        await self._cover()
        return was_held

    async def holds(self) -> list[str]:
        """The names of the legal holds. Raises DatabaseUnavailable."""
        return await self._database.read(retention.holds)

    async def rewrap(self, requester: Requester) -> int:
        """Wrap with the journal's master key what its former ones wrap; how many keys.

        Raises as :meth:`prune`.
        """
        count = await self._database.write(lambda transaction: rewrap(transaction, self.journal, requester))
        await self._cover()
        return count

    async def rotate_signing(self, requester: Requester, successor: PrivateKey) -> RotateOutcome:
        """Have another key sign from here on, see :mod:`burgeed.audit.rotation`. Raises as :meth:`prune`."""
        outcome = await self._database.write(
            lambda transaction: rotate_signing(transaction, self.journal, requester, successor)
        )
        await self._cover()
        return outcome

    async def accept(self, requester: Requester) -> AcceptOutcome:
        """Go on with the log, whatever was kept that it does not meet; seals go on with a new key.

        Raises:
            KeyUnusable: it is done, and the sealing key cannot be made anew.
            AuditUnavailable, DatabaseUnavailable, OutcomeUnknown: as for :meth:`prune`.
        """
        sealer = self.checkpoints.sealer
        outcome = await self._database.write(
            lambda transaction: accept(transaction, self.journal, requester, sealer)
        )
        if outcome.seq:
            if sealer is not None:
                await asyncio.to_thread(sealer.begin_anew)
            await self._cover()
        return outcome

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
            "distrust": self.journal.witness.why or None,
            "checkpoint": self.checkpoints.report(),
        }

    def degraded(self) -> Iterator[str]:
        """What somebody has to see to, without a name."""
        if self.journal.witness.why:
            yield "the audit is not the one that was signed: nothing can be set at run time"
        if self.checkpoints.why:
            yield "no checkpoint of the audit can be made"
        if not self.checkpoints.healthy:
            yield "an anchor does not take the audit's checkpoints"
        longest = self.journal.mode.longest_anchor_lag
        if longest is not None and self.checkpoints.lag > min(longest, LATE):
            yield f"no anchor covers the audit's last {self.checkpoints.lag:.0f} s"
        if self.journal.clock_state() is False:
            yield "the machine's clock is not synchronised"

    async def _append(self, events: list[AuditEvent]) -> None:
        if events:
            await self._database.write(lambda transaction: self.journal.append(transaction, events))

    def _permit(self, requester: Requester, operation: Privileged) -> None:
        """Raise NotPermitted where the mode asks for more; who they are was seen where they came in."""
        why = refusal_of_operation(
            self.journal.mode,
            operation,
            actor=requester.actor,
            reason=requester.reason,
            second=requester.second,
            synchronised=self.journal.clock_state(),
        )
        if why is not None:
            raise NotPermitted(why)

    async def _scrub(self, *tables: str) -> list[str]:
        """Where something is left, for a person."""
        try:
            await self._database.scrub(*tables)
            return []
        except DatabaseError as error:
            _log.warning(
                "what was deleted may be left in the database's files until something is erased again",
                extra={"why": str(error)},
            )
            return ["the database's files, which could not be written anew"]

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
