"""What has been committed is served: several commits at a time, and nobody is told before it is."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from burgee.layer import Layer
from burgeed.control.events import ControlEvent
from burgeed.control.layer import AdminLayer
from burgeed.control.planning.view import SOURCE
from burgeed.control.protocol import State
from burgeed.control.telling import events_of
from burgeed.revisions.values import Revision
from burgeed.store.layers import LayerStore

PATIENCE: Final = 30.0
"""Seconds that a write waits for being served; composing takes a few hundredths of one."""

FEW: Final = 64
"""Changes that are prepared without a thread, in less time than it takes to hand them to one."""

REMEMBERED: Final = 1000
"""Applications whose outcome is still known to those who wait for it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of serving some commits together.

    Attributes:
        ticket: of the last of them.
        generation: that they are served with.
        flags_changed: keys of the flags whose answers differ by any of them.
    """

    ticket: int
    generation: str
    flags_changed: frozenset[str]


class Applier:
    """Turns states into the admin layer of the store, and revisions into events.

    Args:
        tell: takes the events of what is served now.
    """

    def __init__(self, store: LayerStore, tell: Callable[[Sequence[ControlEvent]], object]) -> None:
        self._store = store
        self._tell = tell
        self._admin = AdminLayer()
        self._state = State(0, {})
        self._untold: list[Revision] = []
        self._leads_on = False
        self._offered = 0
        self._served = 0
        self._running: asyncio.Task[None] | None = None
        self._outcomes: deque[Applied] = deque(maxlen=REMEMBERED)

    @property
    def unreadable(self) -> int:
        """How many entries today's reader refuses."""
        return len(self._admin.unreadable)

    @property
    def behind(self) -> bool:
        """Whether something is committed and not served."""
        return self._served < self._offered

    def offer(self, state: State, revisions: Sequence[Revision] = ()) -> int:
        """Take a newer state, and the revisions that led to it, to be told of.

        Returns:
            A ticket for :meth:`serve`.
        """
        self._state = state
        self._untold += revisions
        # A state that nobody knows the revisions of is built as a whole, and so is the first one.
        self._leads_on = self._leads_on and bool(revisions)
        self._offered += 1
        return self._offered

    async def serve(self, ticket: int) -> Applied | None:
        """Wait until what got the ticket is served.

        Returns:
            What came of it; None where it could not be served, or not in time. It is tried again then.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                while self._served < ticket:
                    if self._running is None:
                        self._running = asyncio.create_task(self._apply())
                    # Cancelling one who waits stops nobody else's.
                    await asyncio.shield(self._running)
        except TimeoutError:
            _log.error("what was written is not served in time", extra={"revision": self._state.revision})
            return None
        except Exception as error:
            _log.error("what was written cannot be served", extra={"error": repr(error)})
            return None
        return next((applied for applied in self._outcomes if applied.ticket >= ticket), None)

    async def serve_all(self) -> None:
        """Wait until everything that is committed is served; where that fails, it is tried again later."""
        if self.behind:
            await self.serve(self._offered)

    async def _apply(self) -> None:
        try:
            ticket, state = self._offered, self._state
            untold, self._untold = self._untold, []
            leads_on, self._leads_on = self._leads_on, True
            try:
                changes = sum(len(revision.changes) for revision in untold)
                if leads_on and changes <= FEW:
                    layer, events = self._prepared(state, untold, leads_on)
                else:
                    layer, events = await asyncio.to_thread(self._prepared, state, untold, leads_on)
                publication = await self._store.take(SOURCE, layer)
            except BaseException:
                self._untold = untold + self._untold
                self._leads_on = False
                raise
            flags_changed = frozenset() if publication is None else publication.flags_changed
            self._served = ticket
            self._outcomes.append(Applied(ticket, str(self._store.snapshot.generation), flags_changed))
        finally:
            self._running = None
        if events:
            self._tell(events)

    def _prepared(
        self, state: State, untold: Sequence[Revision], leads_on: bool
    ) -> tuple[Layer, list[ControlEvent]]:
        """The layer of a state, and what is told of it; in a thread where there may be many thousands.

        Args:
            leads_on: whether the revisions lead to it from the last one.
        """
        events = [event for revision in untold for event in events_of(revision)]
        if not leads_on:
            return self._admin.build(state.entries), events
        keys = dict.fromkeys(change.key for revision in untold for change in revision.changes)
        return self._admin.change(state.entries, keys), events
