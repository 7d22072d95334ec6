"""What the reader process keeps of each source from one reading to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from burgee.definition.kept import KeptReadings
from burgee.wire.layer import KeptLines
from burgeed.reading.document import Sections

MOST_SOURCES: Final = 16
"""Sources of which something is kept: those read last. Another one is read in full."""


class KeptSource:
    """Of one source.

    Attributes:
        sections: of its YAML files.
        readings: of its flags and overrides.
        lines: of the layer that they came to.
    """

    def __init__(self) -> None:
        self.sections: Sections = {}
        self.readings = KeptReadings()
        self.lines = KeptLines()

    def forget_files_but(self, paths: Iterable[str]) -> None:
        """Let go of the files that the source has no more."""
        standing = set(paths)
        for path in self.sections.keys() - standing:
            del self.sections[path]


class KeptSources:
    """Of all sources, by name."""

    def __init__(self) -> None:
        self._sources: dict[str, KeptSource] = {}

    def of(self, source: str) -> KeptSource:
        """What is kept of a source, which is read now."""
        kept = self._sources.pop(source, None) or KeptSource()
        self._sources[source] = kept
        if len(self._sources) > MOST_SOURCES:
            del self._sources[next(iter(self._sources))]
        return kept
