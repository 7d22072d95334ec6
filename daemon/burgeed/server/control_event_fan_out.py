"""Telling many streams of control-plane events the same thing in one go: framed once, written to each."""

from __future__ import annotations

import asyncio
from typing import Final

from burgeed.clock import Clock
from burgeed.server.control_event_streams import ControlEventStream, Shared
from burgeed.server.errors import log_unexpected

AT_ONCE: Final = 100
"""Streams written to before others get their turn."""


class ControlFanOut:
    """Takes on streams that have something to hear, and tells those that read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[ControlEventStream] = []
        self._running: asyncio.Task[None] | None = None

    def add(self, stream: ControlEventStream) -> None:
        """Tell this one soon, with all others that are added meanwhile."""
        self._waiting.append(stream)
        if self._running is None:
            self._running = asyncio.create_task(self._tell_all())

    async def _tell_all(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                shared: Shared = {}
                for number, stream in enumerate(waiting, start=1):
                    self._tell(stream, shared)
                    if number % AT_ONCE == 0:
                        await self._clock.sleep(0)
        finally:
            self._running = None

    def _tell(self, stream: ControlEventStream, shared: Shared) -> None:
        try:
            stream.tell_at_once(shared)
        except Exception as exception:
            log_unexpected("a stream of the control plane failed", exception)
            stream.cut_off()
