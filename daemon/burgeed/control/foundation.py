"""What the sources deliver, put down as it changes, so that any past moment can be evaluated again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from burgee.layer import Layer
from burgeed.audit.event import AuditEvent
from burgeed.audit.recorder import Recorder
from burgeed.clock import Clock
from burgeed.control.planning.view import SOURCE
from burgeed.database.errors import DatabaseError
from burgeed.database.protocol import Database, Transaction
from burgeed.jitter import full_jitter
from burgeed.revisions import foundations
from burgeed.revisions.foundations import Foundation
from burgeed.store.layers import LayerStore

LONGEST_WAIT: Final = 30.0
"""Seconds at most before a foundation that could not be put down is tried again."""

NAMED: Final = 100
"""Flags that an audit entry of a generation names; the others are counted."""

_log = logging.getLogger(__name__)


class FoundationRecord:
    """Follows the store: each change of the sources is put down and recorded.

    Args:
        revision: the present one.
        random: a number in [0, 1), for the jitter of waits.
    """

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        store: LayerStore,
        clock: Clock,
        *,
        revision: Callable[[], int],
        random: Callable[[], float],
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._store = store
        self._clock = clock
        self._revision = revision
        self._random = random
        self._put_down: tuple[Layer, ...] | None = None
        self._flags: frozenset[str] = frozenset()
        self._since: float | None = None
        self._failures = 0

    async def follow(self) -> None:
        """Until the store is closed, or this is cancelled."""
        subscription = self._store.subscribe()
        try:
            if self._store.ready:
                await self._put()
            while True:
                wait = None
                if self._failures:
                    wait = full_jitter(self._random, self._failures, 0.5, LONGEST_WAIT)
                try:
                    async with asyncio.timeout(wait):
                        publication = await anext(subscription)
                except TimeoutError:
                    pass
                except StopAsyncIteration:
                    return
                else:
                    self._flags |= publication.flags_changed
                await self._put()
        finally:
            subscription.close()

    async def _put(self) -> None:
        """Put down what lies beneath, where it has changed since the last time."""
        layers = self._store.beneath(SOURCE)
        if self._put_down is not None and _are_same(layers, self._put_down):
            self._flags = frozenset()
            return
        at = self._clock.wall()
        doubtful_since, self._since = self._since, at if self._since is None else self._since
        foundation = Foundation(layers, self._store.fixed, self._store.fractional_version)
        event = self._event(at)
        try:
            packed = await asyncio.to_thread(foundations.pack, foundation)

            def work(transaction: Transaction) -> None:
                if foundations.record(transaction, packed, at, doubtful_since):
                    self._recorder.append(transaction, [event])

            await self._database.write(work)
        except DatabaseError as error:
            if not self._failures:
                _log.warning("what lies beneath cannot be put down", extra={"error": str(error)})
            self._failures += 1
            return
        self._put_down, self._since, self._failures, self._flags = layers, None, 0, frozenset()

    def _event(self, at: float) -> AuditEvent:
        flags = sorted(self._flags)
        detail = {
            "generation": str(self._store.snapshot.generation),
            "sources": [layer.source for layer in self._store.beneath(SOURCE)],
            "flags": flags[:NAMED],
            "count": len(flags),
        }
        return AuditEvent("generation", at, "burgeed", revision=self._revision() or None, detail=detail)


def _are_same(one: Sequence[Layer], other: Sequence[Layer]) -> bool:
    return len(one) == len(other) and all(each is that for each, that in zip(one, other, strict=True))
