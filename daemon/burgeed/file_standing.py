"""How content that is followed in files stands: used, or kept although what is there now cannot be."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from burgee.instant import instant_text
from burgeed.clock import Clock

POLL = 0.5
"""Seconds between two looks. What two looks in a row find alike is no longer being written."""


@dataclass(slots=True)
class FileStanding:
    """The standing of some files, and what wakes who follows them.

    Attributes:
        state: ``live`` when what is there is used; ``rejected`` when it cannot be, so that what was read
            before is used on.
        since: when it came into that state, in Unix seconds.
        why: what is the matter with what is there.
        last_loaded: when what is used was read, in Unix seconds.
    """

    clock: Clock
    woken: asyncio.Event
    state: Literal["live", "rejected"]
    since: float
    why: str = "it has not been read yet"
    last_loaded: float = 0.0

    @classmethod
    def unread(cls, clock: Clock) -> FileStanding:
        """Before anything was read."""
        return cls(clock, asyncio.Event(), "rejected", clock.wall())

    async def wait(self) -> None:
        """Until the next look is due, or somebody wakes."""
        try:
            async with asyncio.timeout(POLL):
                await self.woken.wait()
        except TimeoutError:
            pass
        self.woken.clear()

    def takes(self, *, is_other: bool) -> None:
        """What is there is used; ``is_other`` than what was."""
        now = self.clock.wall()
        if self.state != "live":
            self.state, self.since = "live", now
        self.why = ""
        if is_other:
            self.last_loaded = now

    def objects(self, why: str) -> bool:
        """What is there cannot be used. Returns whether that is news: each reason in a row is told once."""
        if (self.state, self.why) == ("rejected", why):
            return False
        if self.state != "rejected":
            self.state, self.since = "rejected", self.clock.wall()
        self.why = why
        return True

    def report(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "state": self.state,
            "since": instant_text(self.since),
            "why": self.why,
            "lastLoaded": instant_text(self.last_loaded),
        }
