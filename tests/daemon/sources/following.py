"""What the tests of sources share: documents that show which they are, and a sink that remembers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from burgee.fault import Fault
from burgee.fault import Path as DocumentPath
from burgee.layer import Layer
from burgee.wire.layer import LayerAssembler
from burgeed.clock import SystemClock
from burgeed.reading.messages import SourceFile
from burgeed.reading.process import ReaderProcess, Reading
from burgeed.sources.file import FileSource

SOON = 10.0
"""Seconds within which a change must be served, on a machine that runs other tests meanwhile."""


def document(mark: str, *, flags: int = 3, prefix: str = "flag") -> str:
    """A YAML definition whose every flag serves ``mark``; each block of its lines alone is one as well."""
    lines = ["flags:"]
    for number in range(flags):
        lines += [
            f"  {prefix}-{number}:",
            f"    variants: {{{mark}: '{mark}', z: z}}",
            f"    defaultVariant: {mark}",
        ]
    return "\n".join(lines) + "\n"


def marks(layer: Layer) -> dict[str, str | None]:
    """The mark that each flag of a layer serves."""
    return {key: flag.default_variant for found in layer.definitions for key, flag in found.flags.items()}


def whole(mark: str, *, flags: int = 3, prefix: str = "flag") -> dict[str, str]:
    """What :func:`marks` gives for all of :func:`document`."""
    return {f"{prefix}-{number}": mark for number in range(flags)}


class Recorder:
    """A sink that remembers what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def delivered(self, layer: Layer, warnings: tuple[Fault, ...]) -> None:
        self.told.append(("delivered", layer))

    def rejected(self, faults: tuple[Fault, ...]) -> None:
        self.told.append(("rejected", faults))

    def absent(self, why: str) -> None:
        self.told.append(("absent", why))

    def all(self, kind: str) -> list[Any]:
        return [what for told, what in self.told if told == kind]

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told]

    @property
    def state(self) -> str:
        return self.told[-1][0] if self.told else "waiting"

    @property
    def served(self) -> dict[str, str | None]:
        layers = self.all("delivered")
        return marks(layers[-1]) if layers else {}

    async def serves(self, expected: Mapping[str, str], *, within: float = SOON) -> float:
        """Wait until the source stands as delivered with this content; return after how many seconds."""
        return await eventually(
            lambda: self.state == "delivered" and self.served == expected,
            within,
            lambda: f"told {self.told[-3:]}",
        )

    async def comes_to(self, state: str, *, within: float = SOON + 1.0) -> Any:
        """Wait until the source stands so; return what it was told with it."""
        await eventually(lambda: self.state == state, within, lambda: f"told {self.told[-3:]}")
        return self.told[-1][1]


class RecordingReader:
    """Passes everything on to a reader, and remembers what it was given."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.given: list[tuple[SourceFile, ...]] = []

    async def read(
        self, source: str, files: Sequence[SourceFile], previous: LayerAssembler | None = None
    ) -> Reading:
        self.given.append(tuple(files))
        reading: Reading = await self._reader.read(source, files, previous)
        return reading

    async def locate(self, file: SourceFile, paths: Sequence[DocumentPath]) -> list[tuple[int, int] | None]:
        found: list[tuple[int, int] | None] = await self._reader.locate(file, paths)
        return found


class Following:
    """A source at work, with its sink and its reader."""

    def __init__(
        self, source: FileSource, sink: Recorder, reader: RecordingReader, task: asyncio.Task[None]
    ) -> None:
        self.source = source
        self.sink = sink
        self.reader = reader
        self.task = task


@contextlib.asynccontextmanager
async def a_reader() -> AsyncIterator[ReaderProcess]:
    """A real reader process."""
    reader = ReaderProcess()
    await reader.start()
    try:
        yield reader
    finally:
        await reader.close()


@contextlib.asynccontextmanager
async def followed(path: Path | str, reader: Any, **options: Any) -> AsyncIterator[Following]:
    """Follow a path as the daemon does; at the end the source must still be at it."""
    recording = RecordingReader(reader)
    source = FileSource(str(path), str(path), reader=recording, clock=SystemClock(), **options)
    sink = Recorder()
    task = asyncio.create_task(source.follow(sink))
    try:
        yield Following(source, sink, recording, task)
        assert not task.done(), "follow ended by itself"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def eventually(
    condition: Callable[[], object], within: float = SOON, otherwise: Callable[[], str] = lambda: ""
) -> float:
    """Wait for a condition; return the seconds that took, fail when it took more than ``within``."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > within:
            raise AssertionError(f"not within {within} s: {otherwise()}")
        await asyncio.sleep(0.003)
    return time.monotonic() - start


def rename_over(path: Path, text: str, *, after: float = 0.0) -> None:
    """Save as careful editors do: aside, synced, renamed over (so many seconds later)."""
    aside = path.with_name(f".{path.name}.aside")
    with aside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    time.sleep(after)
    aside.replace(path)


def swap(link: Path, target: Path | str) -> None:
    """Point a symbolic link elsewhere, as the kubelet does: made aside, renamed over."""
    aside = link.with_name(f"{link.name}_tmp")
    aside.symlink_to(target)
    aside.rename(link)
