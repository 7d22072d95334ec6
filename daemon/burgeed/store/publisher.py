"""From the store to everyone else: the snapshot's bytes, its file, the head, and then the event streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any, NamedTuple

from burgee.generation import Generation
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import Written, write
from burgeed.clock import Clock, SystemClock
from burgeed.store.layers import LayerStore
from burgeed.store.sharing import RETRY, Sharing
from burgeed.store.subscription import CHANGE, Publication, Subscription

LONGEST_BEHIND = 5.0
"""Seconds that who wants everything published waits for it."""

SHORTEST_REST, LONGEST_REST = 0.02, 0.05
"""Seconds between two publications: a generation that comes alone is published at once, and of those that
follow one another some are left out, so that whoever makes them has the most of the time.
"""

_log = logging.getLogger(__name__)


class Published(NamedTuple):
    """What the event streams tell of.

    Attributes:
        data: the snapshot's bytes; None where they could not be written.
    """

    snapshot: Snapshot
    data: bytes | None

    @property
    def generation(self) -> Generation:
        """The snapshot's."""
        return self.snapshot.generation


class Publisher:
    """Follows the store, always behind it, and tells its own subscribers what readers can see by then.

    A generation that the store replaced before its turn came is left out; what changed with it is told with
    the next one; after each, publishing rests for a moment. Evaluations wait for none of it: they are
    answered from the store.

    Args:
        sharing: shares files; None shares none.
        clock: of the rests; the machine's where none is given.
        needs_daemon: keys of the flags of a snapshot that only a daemon can answer.
    """

    def __init__(
        self,
        store: LayerStore,
        *,
        sharing: Sharing | None = None,
        needs_daemon: Callable[[Snapshot], frozenset[str]] = lambda snapshot: frozenset(),
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._sharing = sharing
        self._needs_daemon = needs_daemon
        self._written: Written | None = None
        self._published: Published | None = None
        self._first = asyncio.Event()
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    @property
    def published(self) -> Published | None:
        """What is published now; None before the first time."""
        return self._published

    async def first(self, seconds: float) -> Published | None:
        """What is published; before the first time, wait so long for it, and return None where it did not
        come.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._first.wait()
        return self._published

    def subscribe(self) -> Subscription:
        """Follow what is published from now on; the caller closes it."""
        subscription = Subscription(self._subscriptions.discard)
        if self._closed:
            subscription.close()
        else:
            self._subscriptions.add(subscription)
        return subscription

    async def run(self) -> None:
        """Publish until the store is closed or this is cancelled. May be called once."""
        earlier = _everything(self._store.snapshot) if self._store.ready else None
        followed = self._store.subscribe()
        beating = None
        try:
            if self._sharing is not None:
                beating = asyncio.create_task(self._sharing.keep_beating())
                await self._sharing.open()
            if earlier is not None:
                await self._publish(earlier)
            await self._follow(followed)
        finally:
            if beating is not None:
                beating.cancel()
            followed.close()
            self._closed = True
            for subscription in list(self._subscriptions):
                subscription.close()

    async def close(self) -> None:
        """Give back what :meth:`run` opened, once it has ended."""
        if self._sharing is not None:
            await self._sharing.close()

    async def forget_older(self) -> None:
        """Leave no files but that of what the store serves now, once it is published, or after a while."""
        if self._sharing is None:
            return
        with suppress(TimeoutError), closing(self.subscribe()) as followed:
            async with asyncio.timeout(LONGEST_BEHIND):
                while self._is_behind() and not self._closed:
                    await anext(followed, None)
        await self._sharing.forget_older()

    def _is_behind(self) -> bool:
        published = self._published
        return published is None or published.generation != self._store.snapshot.generation

    def report(self) -> dict[str, Any]:
        """What is published and where files of it are, as JSON has it."""
        published, sharing = self._published, self._sharing
        return {
            "generation": None if published is None else str(published.generation),
            "bytes": None if published is None or published.data is None else len(published.data),
            "files": None if sharing is None else sharing.report(),
        }

    async def _follow(self, followed: Subscription) -> None:
        while True:
            try:
                async with asyncio.timeout(None if self._sharing is None else RETRY):
                    publication = await anext(followed)
            except TimeoutError:
                if self._sharing is not None:
                    await self._sharing.look_after()
            except StopAsyncIteration:
                return
            else:
                began = self._clock.monotonic()
                await self._publish(publication)
                worked = self._clock.monotonic() - began
                await self._clock.sleep(min(max(worked, SHORTEST_REST), LONGEST_REST))

    async def _publish(self, publication: Publication) -> None:
        snapshot, before = publication.snapshot, self._published
        if before is None or before.generation != snapshot.generation:
            data = await asyncio.to_thread(self._encode, snapshot)
            if self._sharing is not None:
                await self._sharing.share(snapshot.generation, data)
            self._published = Published(snapshot, data)
        elif before.snapshot is not snapshot:
            self._published = before._replace(snapshot=snapshot)
        self._first.set()
        for subscription in list(self._subscriptions):
            subscription.offer(publication)

    def _encode(self, snapshot: Snapshot) -> bytes | None:
        """The snapshot's bytes; None after a fault of our own, which costs readers the file and nobody an
        answer.
        """
        try:
            self._written = write(snapshot, previous=self._written, needs_daemon=self._needs_daemon(snapshot))
        except Exception as error:
            _log.error("the snapshot cannot be written as bytes", extra={"error": repr(error)})
            self._written = None
            return None
        return self._written.data


def _everything(snapshot: Snapshot) -> Publication:
    """The publication of a snapshot for those who have seen none."""
    sets = snapshot.flag_sets.values()
    keys = frozenset(key for flag_set in sets for key in (*flag_set.flags, *flag_set.leaves))
    return Publication(snapshot, keys, CHANGE)
