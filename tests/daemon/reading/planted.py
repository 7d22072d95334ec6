"""Documents with faults planted where a mark stands."""

from __future__ import annotations

from burgee.errors import DefinitionError
from burgee.fault import Fault
from burgeed.reading.messages import SourceFile
from burgeed.reading.source_files import read_files

MARK = "▶"


def planted(text: str) -> tuple[bytes, list[tuple[int, int]]]:
    """Take the marks out of a text; return its bytes and the line and column that each mark stood at."""
    positions = []
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        pieces = line.split(MARK)
        column = 1
        for piece in pieces[:-1]:
            column += len(piece)
            positions.append((number, column))
        lines[number - 1] = "".join(pieces)
    return "\n".join(lines).encode(), positions


def faults_of(file: str, content: bytes) -> tuple[Fault, ...]:
    """Every fault and warning of one file, as the reader reports them."""
    try:
        _, warnings = read_files("source", [SourceFile(file, content)])
    except DefinitionError as error:
        return error.faults
    return warnings


def positions_of(faults: tuple[Fault, ...]) -> list[tuple[int | None, int | None]]:
    """The line and column of each fault."""
    return [(fault.line, fault.column) for fault in faults]
