"""The control plane: writes in the order in which they came, reads of memory, never ahead of the database."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from burgee.layer import Layer
from burgeed.audit.recorder import Recorder
from burgeed.clock import Clock
from burgeed.control import recall
from burgeed.control.applying import Applier
from burgeed.control.beneath import Beneath
from burgeed.control.committing import Committer
from burgeed.control.deciding import Demands
from burgeed.control.errors import NotFound, Unwritten
from burgeed.control.events import ControlEvent
from burgeed.control.foundation import FoundationRecord
from burgeed.control.keeping import keep_last_known, serve_last_known
from burgeed.control.last_known import LastKnownState
from burgeed.control.mirror import Mirror
from burgeed.control.planning.view import SOURCE, View
from burgeed.control.protocol import HistoryFilter, Past, State
from burgeed.control.request import WriteOutcome, WriteRequest
from burgeed.control.request_check import check_request
from burgeed.control.writing import Writing
from burgeed.database.errors import DatabaseError, DatabaseUnavailable, OutcomeUnknown
from burgeed.database.protocol import Database, Transaction
from burgeed.jitter import full_jitter
from burgeed.revisions import reading
from burgeed.revisions.foundations import Foundation
from burgeed.revisions.reading import About
from burgeed.revisions.values import Change, Revision
from burgeed.store.layers import LayerStore

WAITING_LIMIT: Final = 1000
"""Writes that wait for their turn or are under way."""

FOLLOWED_EVERY: Final = 1.0
"""Seconds at most between two looks for what other daemons wrote."""

LONGEST_WAIT: Final = 10.0
"""Seconds at most before the database is tried again, with full jitter; and for writes when it closes."""

RANDOM: Final = secrets.SystemRandom().random

_log = logging.getLogger(__name__)


class Plane:
    """See :class:`burgeed.control.protocol.ControlPlane`.

    Args:
        database: open, with the tables of :mod:`burgeed.revisions.schema` and those of the audit.
        store: has ``admin`` as its topmost source, a required one: nothing is served before :meth:`open`.
        tell: takes events once what they tell of is served, and numbers them.
        demands: what else must hold for a write.
        last_known: keeps the state for a start while the database is away; None keeps none.
        random: a number in [0, 1), for the jitter of waits.
        write_id: random text that no other write has.
    """

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        store: LayerStore,
        clock: Clock,
        *,
        tell: Callable[[Sequence[ControlEvent]], object],
        demands: Demands = lambda request, plan: None,
        last_known: LastKnownState | None = None,
        random: Callable[[], float] = RANDOM,
        write_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._last_known = last_known
        self._random = random
        self._committer = Committer(database, recorder, clock, random)
        self._applier = Applier(store, tell)
        self._mirror = Mirror(database, self._applier.offer)
        self._foundation = FoundationRecord(
            database, recorder, store, clock, revision=lambda: self.state.revision, random=random
        )
        self._beneath = Beneath(())
        self._opened = False
        self._turn = asyncio.Lock()
        self._writing = Writing(
            self._committer,
            self._mirror,
            clock,
            turn=self._turn,
            check=self._need_ready,
            view=self._view,
            demands=demands,
            random=random,
            write_id=write_id,
        )
        self._writes: set[asyncio.Task[WriteOutcome]] = set()
        self._trouble = ""

    @property
    def state(self) -> State:
        """What is set now."""
        return self._mirror.state

    @property
    def database(self) -> Database:
        """Where tokens and the audit are kept too."""
        return self._database

    def beneath(self) -> tuple[Layer, ...]:
        """The layers of the sources, bottom first, as they are now."""
        return self._store.beneath(SOURCE)

    async def open(self) -> None:
        """Read what is set and serve it; while the database is unavailable, try again and again."""
        attempt = 0
        while not self._opened:
            try:
                async with self._turn:
                    await self._mirror.load()
            except (DatabaseUnavailable, OutcomeUnknown) as error:
                if attempt == 0 and self._last_known is not None:
                    await serve_last_known(self._last_known, self._applier)
                await self._complain(error, attempt)
                attempt += 1
            else:
                self._opened, self._trouble = True, ""
        await self._applier.serve_all()

    async def follow(self) -> None:
        """Take over what other daemons write, and put down what lies beneath; until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_database())
            group.create_task(self._foundation.follow())
            if self._last_known is not None:
                group.create_task(keep_last_known(self._last_known, self._clock, self._readable_state))

    async def close(self) -> None:
        """Let the writes under way end; later ones are refused. The database is closed by its owner."""
        self._opened = False
        if self._writes:
            await asyncio.wait(set(self._writes), timeout=LONGEST_WAIT)

    def report(self) -> dict[str, Any]:
        """How it stands, as JSON has it."""
        return {
            "revision": self.state.revision,
            "entries": len(self.state.entries),
            "unreadable": self._applier.unreadable,
            "served": not self._applier.behind,
            "trouble": self._trouble,
            "store": self._database.report(),
        }

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Plan, check, commit with its audit entries, serve. Raises ControlError.

        Whoever stops waiting for it does not stop it.
        """
        check_request(request)
        if len(self._writes) >= WAITING_LIMIT:
            raise Unwritten(f"{WAITING_LIMIT} writes wait already")
        task = asyncio.create_task(self._write(request))
        self._writes.add(task)
        task.add_done_callback(self._is_over)
        return await asyncio.shield(task)

    async def revision(self, number: int) -> Revision:
        """One revision. Raises NotFound, Unwritten where the store cannot be read."""
        found = await self._committer.read(lambda transaction: reading.revision(transaction, number))
        if found is None:
            raise NotFound(f"there is no revision {number}; the last one is {self.state.revision}")
        return found

    async def history(self, which: HistoryFilter, limit: int) -> Sequence[Revision]:
        """Revisions, newest first. Raises Unwritten where the store cannot be read."""
        asked = asdict(which)
        entry = (asked.pop(name) or None for name in ("flag_key", "level", "scope"))
        about = About(asked.pop("flag_set"), None, *entry)
        return await self._committer.read(
            lambda transaction: reading.history(transaction, limit, about=about, **asked)
        )

    async def difference(self, earlier: int, later: int) -> tuple[Change, ...]:
        """What differs between two revisions, each entry once. Raises NotFound, Unwritten."""

        def work(transaction: Transaction) -> tuple[Change, ...]:
            recall.need_revisions(transaction, earlier, later)
            return reading.difference(transaction, earlier, later)

        return await self._committer.read(work)

    async def past(self, *, at: float | None = None, revision: int | None = None) -> Past:
        """What was served at a time, or right after a revision; with both, what was set right after the
        revision, at that time. Raises NotFound, Unwritten.
        """
        layers = self.beneath()
        work = recall.recalling([layer.source for layer in layers], self._clock.wall(), at, revision)
        today = Foundation(layers, self._store.fixed, self._store.fractional_version)
        return await recall.past(await self._committer.read(work), today)

    def _is_over(self, task: asyncio.Task[WriteOutcome]) -> None:
        self._writes.discard(task)
        if not task.cancelled():
            # Asked for, so that nobody complains of one whose asker went away.
            task.exception()

    async def _write(self, request: WriteRequest) -> WriteOutcome:
        outcome, ticket = await self._writing.carry_out(request)
        if outcome.dry_run:
            return outcome
        if ticket is None:
            flags_changed = None if outcome.replayed else frozenset[str]()
            generation = str(self._store.snapshot.generation)
            return replace(outcome, flags_changed=flags_changed, generation=generation)
        applied = await self._applier.serve(ticket)
        if applied is None:
            return replace(outcome, warnings=(*outcome.warnings, "it is written, and not served yet"))
        return replace(outcome, flags_changed=applied.flags_changed, generation=applied.generation)

    def _need_ready(self) -> None:
        if not self._opened:
            raise Unwritten("the store has not been read yet, or is being closed")
        if not self._store.ready:
            awaited = ", ".join(sorted(self._store.awaited))
            raise Unwritten(f"not every source has delivered: {awaited}; nothing can be checked before")

    def _view(self) -> View:
        layers = self.beneath()
        if not self._beneath.is_of(layers):
            self._beneath = Beneath(layers)
        return View(self.state, self._beneath, self._clock.wall())

    def _readable_state(self) -> State | None:
        return self.state if self._opened else None

    async def _follow_database(self) -> None:
        attempt = 0
        while True:
            try:
                await self._database.changed(FOLLOWED_EVERY)
                async with self._turn:
                    await self._mirror.catch_up()
            except DatabaseError as error:
                await self._complain(error, attempt)
                attempt += 1
            else:
                attempt, self._trouble = 0, ""
            await self._applier.serve_all()

    async def _complain(self, error: DatabaseError, attempt: int) -> None:
        """Say once what is the matter, and wait with full jitter."""
        if not self._trouble:
            _log.warning("the store cannot be read: trying again", extra={"error": str(error)})
        self._trouble = str(error)
        await self._clock.sleep(full_jitter(self._random, attempt, 0.1, LONGEST_WAIT))
