"""What a source is, whom it tells, and what it has its bytes read by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from burgee.fault import Fault, Path
from burgee.layer import Layer
from burgee.wire.layer import LayerAssembler
from burgeed.reading.messages import SourceFile
from burgeed.reading.process import Reading


class Sink(Protocol):
    """Whom a source tells what it finds. Each call says how the source stands from now on."""

    def delivered(self, layer: Layer, warnings: tuple[Fault, ...]) -> None:
        """The source holds this layer.

        Called once for each content. After :meth:`rejected` or :meth:`absent` it is called again when
        the last good content comes back, with the very layer that was delivered for it.
        """
        ...

    def rejected(self, faults: tuple[Fault, ...]) -> None:
        """What is there cannot be served, and why; the last delivered layer stands.

        Called once for each distinct reason in a row, not once for each look.
        """
        ...

    def absent(self, why: str) -> None:
        """There is nothing to read, or nothing in it; the last delivered layer stands."""
        ...


class Source(Protocol):
    """One place that definitions come from."""

    @property
    def name(self) -> str:
        """The source's name: its URI as given."""
        ...

    async def follow(self, sink: Sink) -> None:
        """Tell ``sink`` of every change until cancelled.

        Never ends or raises by itself: whatever goes wrong is told to the sink and tried again.
        """
        ...

    def reload(self) -> None:
        """Look again now, and trust nothing that is remembered of earlier looks."""
        ...

    async def locate(self, file: str, paths: Sequence[Path]) -> list[tuple[int, int] | None]:
        """Find values in the content last delivered.

        Args:
            file: a file's path as it stands in a fault or an origin of this source.
            paths: where the values stand in the document.

        Returns:
            for each path its 1-based line and column, or None where it cannot be told.
        """
        ...


class Reader(Protocol):
    """Turns bytes into a layer, out of reach of the daemon's own process."""

    async def read(
        self, source: str, files: Sequence[SourceFile], previous: LayerAssembler | None = None
    ) -> Reading:
        """Read all files of a source as one document.

        Raises:
            DefinitionError: the document is faulty; carries every fault.
            ReaderFailed: the reader could not finish with it.
        """
        ...

    async def locate(self, file: SourceFile, paths: Sequence[Path]) -> list[tuple[int, int] | None]:
        """Find values in a file's content."""
        ...
