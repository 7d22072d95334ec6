"""Which parser reads a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, TypeAlias

from burgeed.reading.json_document import parse_json
from burgeed.reading.messages import SourceFile
from burgeed.reading.parsed import Findings, ParsedDocument
from burgeed.reading.place import LinePositions, Places

if TYPE_CHECKING:
    from burgeed.reading.yaml_sections import KeptSections

Sections: TypeAlias = "dict[str, KeptSections]"
"""By the paths of files."""


def _parse_json(path: str, content: bytes, sections: Sections | None) -> ParsedDocument:
    return parse_json(path, content)


def _parse_yaml(path: str, content: bytes, sections: Sections | None) -> ParsedDocument:
    if sections is None:
        from burgeed.reading.yaml_document import parse_yaml

        return parse_yaml(path, content)
    from burgeed.reading.yaml_sections import KeptSections, parse_sections

    if path not in sections:
        sections[path] = KeptSections()
    return parse_sections(path, content, sections[path])


def _parse_toml(path: str, content: bytes, sections: Sections | None) -> ParsedDocument:
    from burgeed.reading.toml_document import parse_toml

    return parse_toml(path, content)


_PARSERS: Final[dict[str, Callable[[str, bytes, Sections | None], ParsedDocument]]] = {
    ".json": _parse_json,
    ".yaml": _parse_yaml,
    ".yml": _parse_yaml,
    ".toml": _parse_toml,
}
"""By the ending of a name. The libraries for YAML and TOML are half of what a reader takes to start, and most
readers meet one format: each is imported with the first document that needs it.
"""


def parse(file: SourceFile, sections: Sections | None = None) -> ParsedDocument:
    """Parse a file in the format that its name tells.

    Args:
        sections: of the files that were parsed before; what they have is not parsed again.
    """
    ending = PurePath(file.path).suffix.lower()
    parser = _PARSERS.get(ending)
    if parser is not None:
        return parser(file.path, file.content, sections)
    findings = Findings(file.path)
    message = (
        f"the file's name ends in `{ending}`, which tells no format"
        if ending
        else "the file's name has no ending"
    )
    findings.add((1, 1), (), message, f"name it {', '.join(_PARSERS)}")
    return findings.refused(lambda: Places(None, LinePositions("")))
