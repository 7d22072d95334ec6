"""Following the snapshots as they are published, however slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from burgee.snapshot import Snapshot

CHANGE = "change"
"""The reason of a publication that carries a new generation."""

TIME = "time"
"""The reason of a publication whose snapshot is the old one, answering differently since time passed."""


class Publication(NamedTuple):
    """A snapshot that subscribers should look at.

    Attributes:
        flags_changed: keys of the flags whose answers may differ from what was published before.
        reason: ``change`` or ``time``.
    """

    snapshot: Snapshot
    flags_changed: frozenset[str]
    reason: str

    def over(self, earlier: Publication) -> Publication:
        """This one, for someone who never saw the earlier one."""
        return Publication(
            self.snapshot,
            self.flags_changed | earlier.flags_changed,
            CHANGE if CHANGE in (self.reason, earlier.reason) else TIME,
        )


class Subscription:
    """An asynchronous iterator of publications for one reader.

    It holds one publication at most: what the reader has not fetched yet is merged into one, with the
    newest snapshot and every flag that changed on the way.
    """

    def __init__(self, forget: Callable[[Subscription], None]) -> None:
        self._forget = forget
        self._pending: Publication | None = None
        self._closed = False
        self._wake = asyncio.Event()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Publication:
        while self._pending is None and not self._closed:
            self._wake.clear()
            await self._wake.wait()
        if self._pending is None:
            raise StopAsyncIteration
        publication, self._pending = self._pending, None
        return publication

    def offer(self, publication: Publication) -> None:
        """Put a publication before the reader; after :meth:`close`, nothing happens."""
        if not self._closed:
            self._pending = publication.over(self._pending) if self._pending else publication
            self._wake.set()

    def close(self) -> None:
        """End the iteration once what is pending has been fetched."""
        self._closed = True
        self._forget(self)
        self._wake.set()
