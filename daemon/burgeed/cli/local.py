"""Reading definitions in this command's own run, by the same sources and the same reader as the daemon's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from burgee.composition import compose
from burgee.fault import Fault
from burgee.flag import Origin
from burgee.layer import Layer
from burgee.snapshot import Generation, Snapshot
from burgeed.clock import Clock
from burgeed.reading.process import ReaderProcess
from burgeed.settings.model import SourceSetting
from burgeed.sources.protocol import Source
from burgeed.sources.uri import from_uri

LONGEST_WAIT = 60.0
"""Seconds for a source's first word."""


@dataclass(slots=True)
class FirstWord:
    """What a source said first; a sink that keeps it.

    Attributes:
        layer: None where the content was rejected or absent.
        why: what is the matter with an absent one.
    """

    source: str
    layer: Layer | None = None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    why: str = ""
    spoken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def accepted(self) -> bool:
        """Whether it delivered."""
        return self.layer is not None

    def delivered(self, layer: Layer, warnings: tuple[Fault, ...]) -> None:
        """See Sink."""
        if not self.spoken.is_set():
            self.layer, self.warnings = layer, warnings
            self.spoken.set()

    def rejected(self, faults: tuple[Fault, ...]) -> None:
        """See Sink."""
        if not self.spoken.is_set():
            self.faults = tuple(fault for fault in faults if fault.severity == "error")
            self.warnings = tuple(fault for fault in faults if fault.severity == "warning")
            self.spoken.set()

    def absent(self, why: str) -> None:
        """See Sink."""
        if not self.spoken.is_set():
            self.why = why
            self.spoken.set()


class LocalSources:
    """Sources that were read once, and can still say where their values stand."""

    def __init__(self, sources: Sequence[Source], words: Sequence[FirstWord]) -> None:
        self._sources = {source.name: source for source in sources}
        self.words = tuple(words)

    def snapshot(self) -> Snapshot:
        """What the accepted ones compose to."""
        layers = [word.layer for word in self.words if word.layer is not None]
        return compose(layers, generation=Generation("local", 1))

    async def positions(self, origins: Iterable[Origin]) -> dict[Origin, tuple[int, int]]:
        """Line and column of those origins that can be found."""
        found: dict[Origin, tuple[int, int]] = {}
        for origin in origins:
            source = self._sources.get(origin.source)
            if source is not None and origin.file is not None:
                [position] = await source.locate(origin.file, [origin.path])
                if position is not None:
                    found[origin] = position
        return found


@asynccontextmanager
async def read_sources(settings: Sequence[SourceSetting], clock: Clock) -> AsyncIterator[LocalSources]:
    """Read every source once, side by side.

    Raises:
        ValueError: a URI is of no known kind.
        TimeoutError: a source said nothing.
    """
    reader = ReaderProcess()
    async with AsyncExitStack() as stack:
        await reader.start()
        stack.push_async_callback(reader.close)
        sources = [from_uri(setting.uri, reader=reader, clock=clock) for setting in settings]
        words = [FirstWord(source.name) for source in sources]
        follower = asyncio.gather(*(source.follow(word) for source, word in zip(sources, words, strict=True)))
        stack.push_async_callback(_cancel, follower)
        async with asyncio.timeout(LONGEST_WAIT):
            for word in words:
                await word.spoken.wait()
        yield LocalSources(sources, words)


async def _cancel(follower: asyncio.Future[list[None]]) -> None:
    follower.cancel()
    try:
        await follower
    except asyncio.CancelledError:
        pass
