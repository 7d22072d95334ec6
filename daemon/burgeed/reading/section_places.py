"""Where the keys and values of a document stand that was read section by section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from burgee.fault import Path
from burgeed.reading.parsed import Findings
from burgeed.reading.place import LinePositions, Places, Position
from burgeed.reading.yaml_document import read_text


class Section(NamedTuple):
    """One key and what stands beneath it.

    Attributes:
        line: how many lines are above it.
        column: how many columns stand before its key.
        text: all of it, from the start of its first line.
        path: where its key stands in the document, without the key.
        within: the sections that it was divided into; None for one that was not.
    """

    line: int
    column: int
    text: str
    path: Path
    within: Mapping[str, Section] | None

    @property
    def position(self) -> Position:
        """Of its key."""
        return self.line + 1, self.column + 1

    def places(self) -> Places:
        """Of what is in it, as if it were all of a text."""
        lines = LinePositions(self.text)
        return Places(read_text(self.text, lines, Findings(""), self.path)[1], lines)


class SectionPlaces:
    """The places of a document; a section is parsed when something in it is looked for.

    Args:
        sections: of its root, at least one.
    """

    def __init__(self, sections: Mapping[str, Section]) -> None:
        self._sections = sections
        self._places: dict[int, Places] = {}

    def exact(self, path: Path) -> Position | None:
        """See :meth:`burgeed.reading.place.Places.exact`."""
        section, depth = self._section(path)
        if section is None:
            return _first(self._sections) if not path else None
        if section.within is not None:
            return section.position if depth == len(path) else None
        return self._within(section, self._parsed(section).exact(path[depth - 1 :]))

    def nearest(self, path: Path, at: Literal["key", "value"]) -> Position | None:
        """See :meth:`burgeed.reading.place.Places.nearest`."""
        section, depth = self._section(path)
        if section is None:
            return _first(self._sections)
        if section.within is not None:
            is_value = depth == len(path) and at == "value"
            return _first(section.within) if is_value else section.position
        return self._within(section, self._parsed(section).nearest(path[depth - 1 :], at))

    def _section(self, path: Path) -> tuple[Section | None, int]:
        """The innermost section on a path, and how many steps lead to it."""
        found: Section | None = None
        within: Mapping[str, Section] | None = self._sections
        for depth, step in enumerate(path):
            deeper = within.get(step) if within is not None and isinstance(step, str) else None
            if deeper is None:
                return found, depth
            found, within = deeper, deeper.within
        return found, len(path)

    def _parsed(self, section: Section) -> Places:
        places = self._places.get(section.line)
        if places is None:
            places = self._places[section.line] = section.places()
        return places

    def _within(self, section: Section, position: Position | None) -> Position | None:
        return None if position is None else (section.line + position[0], position[1])


def _first(sections: Mapping[str, Section]) -> Position:
    return next(iter(sections.values())).position
