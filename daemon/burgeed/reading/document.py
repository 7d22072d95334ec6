"""Which parser reads a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Final

from burgeed.reading.json_document import parse_json
from burgeed.reading.messages import SourceFile
from burgeed.reading.parsed import Findings, ParsedDocument
from burgeed.reading.place import LinePositions, Places
from burgeed.reading.toml_document import parse_toml
from burgeed.reading.yaml_document import parse_yaml

PARSERS: Final[dict[str, Callable[[str, bytes], ParsedDocument]]] = {
    ".json": parse_json,
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".toml": parse_toml,
}


def parse(file: SourceFile) -> ParsedDocument:
    """Parse a file in the format that its name tells."""
    ending = PurePath(file.path).suffix.lower()
    parser = PARSERS.get(ending)
    if parser is not None:
        return parser(file.path, file.content)
    findings = Findings(file.path)
    message = (
        f"the file's name ends in `{ending}`, which tells no format"
        if ending
        else "the file's name has no ending"
    )
    findings.add((1, 1), (), message, f"name it {', '.join(PARSERS)}")
    return findings.refused(lambda: Places(None, LinePositions("")))
