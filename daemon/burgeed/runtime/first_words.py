"""What the daemon waits for before it says that it serves."""

from __future__ import annotations

import asyncio

from burgeed.store.layers import LayerStore
from burgeed.store.publisher import Publisher
from burgeed.store.status import SourceStatuses

PATIENCE = 5.0
"""Seconds that the line of JSON waits for every source's first word, so that who reads it finds flags."""


class FirstWords:
    """Waits until every source has spoken once, whatever it said."""

    def __init__(self) -> None:
        self._spoken = asyncio.Event()

    def hear(self, statuses: SourceStatuses) -> None:
        """Look at the sources after one of them spoke."""
        if all(status.state != "waiting" for status in statuses.all()):
            self._spoken.set()

    async def wait(self, store: LayerStore, publisher: Publisher, stopping: asyncio.Event) -> None:
        """Wait for every source to speak and for the first snapshot where there is one to come, for a while,
        unless told to stop.
        """

        async def published() -> None:
            await self._spoken.wait()
            if store.ready:
                await publisher.first(PATIENCE)

        waits = [asyncio.ensure_future(each) for each in (published(), stopping.wait())]
        try:
            await asyncio.wait(waits, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
