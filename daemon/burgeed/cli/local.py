"""Reading definitions in this command's own run, by the same sources and the same reader as the daemon's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from burgee.bucket import FractionalVersion
from burgee.composition import compose
from burgee.expectations.expectation import Expectation
from burgee.fault import Fault
from burgee.flag import Origin
from burgee.generation import Generation
from burgee.layer import Layer
from burgee.snapshot import Snapshot
from burgee.wire.layer import LayerAssembler
from burgeed.clock import Clock
from burgeed.reading.messages import SourceFile
from burgeed.reading.process import ReaderProcess, Reading
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
    """Sources that were read once, and can still say where their values stand.

    Args:
        reader: what read them.
        fractional_version: the generation of flagd's ``fractional`` for documents that do not say.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        words: Sequence[FirstWord],
        reader: RememberingReader,
        fractional_version: FractionalVersion = 2,
    ) -> None:
        self._reader = reader
        self._sources = {source.name: source for source in sources}
        self.words = tuple(words)
        self._fractional_version = fractional_version

    @property
    def layers(self) -> list[Layer]:
        """Those of the accepted ones, later ones on top."""
        return [word.layer for word in self.words if word.layer is not None]

    def snapshot(self) -> Snapshot:
        """What the accepted ones compose to."""
        generation = Generation("local", 1)
        return compose(self.layers, generation=generation, fractional_version=self._fractional_version)

    async def positions(self, origins: Iterable[Origin]) -> dict[Origin, tuple[int, int]]:
        """Line and column of those origins that can be found."""
        found: dict[Origin, tuple[int, int]] = {}
        by_file: dict[tuple[str, str], list[Origin]] = {}
        for origin in origins:
            if origin.source in self._sources and origin.file is not None:
                by_file.setdefault((origin.source, origin.file), []).append(origin)
        for (source, file), within in by_file.items():
            positions = await self._sources[source].locate(file, [origin.path for origin in within])
            found |= {origin: at for origin, at in zip(within, positions, strict=True) if at is not None}
        return found

    async def expectations(self) -> list[Expectation]:
        """What the ``tests`` of the accepted ones expect, in the sources' order.

        Raises:
            ReaderFailed: the reader could not finish with one.
        """
        found: list[Expectation] = []
        for word in self.words:
            if word.source in self._reader.accepted:
                found += await self._reader.expectations(word.source, self._reader.accepted[word.source])
        return found


class RememberingReader(ReaderProcess):
    """A reader that keeps what it accepted, by source."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: dict[str, tuple[SourceFile, ...]] = {}

    async def read(
        self, source: str, files: Sequence[SourceFile], previous: LayerAssembler | None = None
    ) -> Reading:
        """See ReaderProcess."""
        reading = await super().read(source, files, previous)
        self.accepted[source] = tuple(files)
        return reading


@asynccontextmanager
async def read_sources(
    settings: Sequence[SourceSetting], clock: Clock, *, fractional_version: FractionalVersion = 2
) -> AsyncIterator[LocalSources]:
    """Read every source once, side by side.

    Args:
        fractional_version: see :class:`LocalSources`.

    Raises:
        ValueError: a URI is of no known kind.
        TimeoutError: a source said nothing.
    """
    reader = RememberingReader()
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
        yield LocalSources(sources, words, reader, fractional_version)


async def _cancel(follower: asyncio.Future[list[None]]) -> None:
    follower.cancel()
    try:
        await follower
    except asyncio.CancelledError:
        pass
