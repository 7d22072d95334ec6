"""What every parser hands over, and how it collects what it has to object to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

from burgee.fault import Fault, Path
from burgee.value import LARGEST_INTEGER, SMALLEST_INTEGER
from burgeed.reading.place import Place, Position, Positions

DEPTH_LIMIT: Final = 64
"""Mappings and lists within each other; the root is the first."""

_LONGEST_INTEGER: Final = 20


class Unreadable(Exception):
    """Nothing sensible can be read past this point; the fault has been put down."""


class ParsedDocument(NamedTuple):
    """One file's document.

    Attributes:
        file: the file's path.
        document: None where it could not be read to its end.
        faults: what the parser objects to, each with its line and column.
        voids: paths whose key or value was replaced because of such a fault, so that the rest could be read:
            what the definition objects to there is only a consequence.
        places: finds the places of everything in the document, on demand.
    """

    file: str
    document: dict[str, Any] | None
    faults: tuple[Fault, ...]
    voids: frozenset[tuple[Path, str]]
    places: Callable[[], Positions]

    def explains(self, fault: Fault) -> bool:
        """Whether a fault of the definition is a consequence of one that the parser put down."""
        if not self.voids:
            return False
        above = ((fault.path[:length], "value") for length in range(len(fault.path)))
        return (fault.path, fault.at) in self.voids or any(each in self.voids for each in above)


class Findings:
    """Collects the faults of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.voids: set[tuple[Path, str]] = set()

    def add(
        self,
        position: Position,
        path: Path,
        message: str,
        remedy: str,
        *,
        at: Literal["value", "key"] = "value",
        void: bool = False,
    ) -> None:
        """Put a fault down.

        Args:
            void: whether the key or value at the path had to be replaced in order to go on.
        """
        line, column = position
        self.faults.append(Fault(message, path, remedy, "error", at, self.file, line, column))
        if void:
            self.voids.add((path, at))

    def too_deep(self, position: Position) -> Unreadable:
        """Put down that the document nests too deep; the caller raises what is returned."""
        message = f"the document nests deeper than {DEPTH_LIMIT} levels"
        self.add(position, (), message, "flatten it: no definition needs that")
        return Unreadable()

    def duplicate(self, position: Position, path: Path, first: Position) -> None:
        """Put down a key that its mapping has already."""
        message = f"duplicate key `{path[-1]}`: it stands on line {first[0]}, column {first[1]} already"
        self.add(position, path, message, "keep one of the two", at="key")

    def null_character(self, position: Position, path: Path, at: Literal["value", "key"] = "value") -> None:
        """Put down a NUL inside a text."""
        self.add(position, path, "a text holds a NUL character", "remove it", at=at, void=True)

    def integer(self, digits: str, base: int, position: Position, path: Path) -> int:
        """Read an integer; one beyond 64 bit is put down, and the nearest that fits is returned."""
        significant = digits.lstrip("+-0xobXOB")
        if base != 10 or len(significant) <= _LONGEST_INTEGER:
            value = int(digits, base)
            if SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
                return value
        shown = digits if len(digits) <= 40 else f"{digits[:20]}…"
        self.add(
            position, path, f"integer {shown} does not fit 64 bit", "write it as text, in quotes", void=True
        )
        return SMALLEST_INTEGER if digits.startswith("-") else LARGEST_INTEGER

    def no_number(self, written: str, position: Position, path: Path) -> float:
        """Put down a number that is infinite or not a number, or too large for a float."""
        shown = written if len(written) <= 40 else f"{written[:20]}…"
        self.add(position, path, f"`{shown}` is no finite number", "write a finite number", void=True)
        return 0.0

    def finish(
        self, document: object, places: Callable[[], Positions], start: Position = (1, 1)
    ) -> ParsedDocument:
        """Hand over what was read; a root that is no mapping is put down.

        Args:
            start: where the document begins.
        """
        if isinstance(document, dict):
            return ParsedDocument(self.file, document, tuple(self.faults), frozenset(self.voids), places)
        if document is None:
            self.add(
                start, (), "the file holds no definition", "write `flags:` and its flags, or remove the file"
            )
        else:
            what = "a list" if isinstance(document, list) else "a single value"
            self.add(start, (), f"the document is {what}, not a mapping", "write `flags:` and its flags")
        return self.refused(places)

    def refused(self, places: Callable[[], Positions]) -> ParsedDocument:
        """Hand over that the document could not be read to its end."""
        return ParsedDocument(self.file, None, tuple(self.faults), frozenset(self.voids), places)


def absorb(first: object, second: object, first_place: Place, second_place: Place) -> None:
    """Add to one mapping what only its duplicate has.

    A document with a duplicate key is refused whichever counts. With both in view the rest of it is checked
    without objections that follow from the duplicate alone.
    """
    if not (isinstance(first, dict) and isinstance(second, dict)):
        return
    if not (isinstance(first_place.within, dict) and isinstance(second_place.within, dict)):
        return
    for key, value in second.items():
        place = second_place.within[key]
        if key in first:
            absorb(first[key], value, first_place.within[key], place)
        else:
            first[key] = value
            first_place.within[key] = place
