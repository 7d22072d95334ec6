"""Where the keys and values of a document stand in its text."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Final, Literal, NamedTuple, Protocol

from burgee.fault import Path

Position = tuple[int, int]
"""1-based line, and 1-based column in code points."""

_TEXT_BREAK: Final = re.compile(r"\r\n|\r|\n")
_BYTES_BREAK: Final = re.compile(rb"\r\n|\r|\n")


class LinePositions:
    """Turns offsets into lines and columns.

    Args:
        content: the text, for offsets in code points; or its UTF-8 bytes, for offsets in bytes.
    """

    def __init__(self, content: str | bytes) -> None:
        self._content = content

    @cached_property
    def _starts(self) -> list[int]:
        breaks = (
            _TEXT_BREAK.finditer(self._content)
            if isinstance(self._content, str)
            else _BYTES_BREAK.finditer(self._content)
        )
        return [0, *(each.end() for each in breaks)]

    def at(self, offset: int) -> Position:
        """The line and column of an offset; one past the end is the end."""
        offset = min(offset, len(self._content))
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        if isinstance(self._content, bytes):
            return line, len(self._content[start:offset].decode("utf-8", "replace")) + 1
        return line, offset - start + 1


class Place:
    """Where one value stands.

    Attributes:
        key: the offset of its key; for a list item and the root, of the value.
        value: the offset of the value.
        within: the places inside a mapping or a list; None for a scalar.
    """

    __slots__ = ("key", "value", "within")

    def __init__(self, key: int, value: int, within: dict[str, Place] | list[Place] | None = None) -> None:
        self.key = key
        self.value = value
        self.within = within

    def below(self, step: str | int) -> Place | None:
        """The place of a member, or None where there is none."""
        if isinstance(self.within, dict):
            return self.within.get(step) if isinstance(step, str) else None
        if isinstance(self.within, list) and isinstance(step, int) and 0 <= step < len(self.within):
            return self.within[step]
        return None


class Positions(Protocol):
    """Finds where something stands in a document."""

    def exact(self, path: Path) -> Position | None:
        """Where the key of a path stands (a list item: the value), or None where the path leads nowhere."""
        ...

    def nearest(self, path: Path, at: Literal["key", "value"]) -> Position | None:
        """Where a path stands; where it leads nowhere, the key of what would hold it."""
        ...


class Places(NamedTuple):
    """The places of a whole document.

    Attributes:
        root: None where the document could not be read at all.
        lines: for the offsets in the places.
    """

    root: Place | None
    lines: LinePositions

    def exact(self, path: Path) -> Position | None:
        """Where the key of a path stands (a list item: the value), or None where the path leads nowhere."""
        place = self.root
        for step in path:
            if place is None:
                return None
            place = place.below(step)
        return None if place is None else self.lines.at(place.key)

    def nearest(self, path: Path, at: Literal["key", "value"]) -> Position | None:
        """Where a path stands; where it leads nowhere, the key of what would hold it."""
        place = self.root
        if place is None:
            return None
        for step in path:
            deeper = place.below(step)
            if deeper is None:
                return self.lines.at(place.key)
            place = deeper
        return self.lines.at(place.key if at == "key" else place.value)
