"""YAML read section by section: what stands in the text as it stood before is not parsed again.

A section is a key of a block mapping with all that is indented beneath it. A key in the same column ends
whatever may still continue before it (plain and block scalars, comments, deeper mappings and lists), so that
what a section says depends on nothing outside it; whether it is a key is for the parser to say, which has to
place a key exactly there. Whatever looks otherwise is left to the reading of the whole.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import accumulate
from typing import Any, Final, TypeAlias

import yaml

from burgee.fault import Path
from burgeed.reading.core_schema import scalar_kind
from burgeed.reading.parsed import Findings, ParsedDocument, Unreadable
from burgeed.reading.place import LinePositions
from burgeed.reading.section_places import Section, SectionPlaces
from burgeed.reading.text import decode
from burgeed.reading.yaml_document import SEPARATORS, parse_yaml, read_text
from burgeed.reading.yaml_syntax import NOT_ALLOWED

_DIVIDED_DEEPER: Final = "overrides"
"""The part of a document that is divided down to the flags of scopes; the others into what they name."""

_NOTHING: Final = r"(?: *+(?:#[^\n]*+)?+\n)*+"
_BEFORE: Final = re.compile(rf"{_NOTHING}(?:--- *+\n{_NOTHING})?+")
_HEADER: Final = re.compile(
    rf" *+([A-Za-z_][A-Za-z0-9_.-]*+):(?: ++#[^\n]*+| *+)\n{_NOTHING}(?=( *+)[^ \n#])"
)
_KEY: Final = re.compile(r"[A-Za-z0-9_\"']")
_LINES: Final = {column: re.compile(rf"\n( {{0,{column}}})([^ \n#])") for column in range(17)}
"""By column, the lines that begin there or before it, with their first character."""

_Known: TypeAlias = dict[tuple[int, str], tuple[str, Any]]
"""By depth and text, key and value of a section."""


class _Irregular(Exception):
    """The text is not one that can be read by sections."""


class KeptSections:
    """The sections of one file as it was last read without faults of its syntax."""

    def __init__(self) -> None:
        self.known: _Known = {}


def parse_sections(file: str, content: bytes, kept: KeptSections) -> ParsedDocument:
    """The same as :func:`burgeed.reading.yaml_document.parse_yaml`, quicker by what is kept.

    Args:
        kept: of this file; it has the sections of this document from now on, if it can be read by them.
    """
    text = decode(content, Findings(file))
    if text is None or "\r" in text or SEPARATORS.search(text):
        return parse_yaml(file, content)
    reader = _Reader(text, kept.known)
    try:
        document, sections = reader.read()
    except _Irregular:
        return parse_yaml(file, content)
    kept.known = reader.now
    return Findings(file).finish(document, cache(lambda: SectionPlaces(sections)))


class _Reader:
    """Reads one text.

    Attributes:
        now: the sections that it came across.

    Args:
        before: those of an earlier text.
    """

    def __init__(self, text: str, before: _Known) -> None:
        self._text = text
        self._before = before
        self.now: _Known = {}

    def read(self) -> tuple[dict[str, Any], dict[str, Section]]:
        """The document and its sections. Raises _Irregular."""
        before = _BEFORE.match(self._text)
        start = before.end() if before else 0
        _check_skipped(self._text[:start])
        texts = self._divided(start, len(self._text), 0)
        if texts is None:
            raise _Irregular
        return self._mapping(texts, start, 0, self._text.count("\n", 0, start), ())

    def _mapping(
        self, texts: list[str], start: int, column: int, line: int, path: Path
    ) -> tuple[dict[str, Any], dict[str, Section]]:
        """The mapping that has these sections, one after the other.

        Args:
            start: where the first stands.
            column: that of their keys.
            line: how many lines are above the first.
        """
        found = []
        for text in texts:
            known = self._before.get((len(path), text))
            within: dict[str, Section] | None = None
            if known is None:
                known, within = self._from_within(text, start, column, line, path)
            else:
                self.now[len(path), text] = known
            found.append((known, Section(line, column, text, path, within)))
            start += len(text)
            line += text.count("\n")
        parsed = iter(self._parsed([each.text for known, each in found if known is None], column, path))
        values: dict[str, Any] = {}
        sections: dict[str, Section] = {}
        for known, section in found:
            key, value = known or next(parsed)
            if key in values:
                raise _Irregular
            values[key] = value
            sections[key] = section
        return values, sections

    def _from_within(
        self, text: str, start: int, column: int, line: int, path: Path
    ) -> tuple[tuple[str, Any], dict[str, Section]] | tuple[None, None]:
        """Key and value of a section, from the sections within it; None where it is not divided."""
        header = _HEADER.match(text) if _is_divided(path) else None
        if header is None or len(header[2]) <= column or scalar_kind(header[1]) != "text":
            return None, None
        first = start + header.end()
        texts = self._divided(first, start + len(text), len(header[2]))
        if texts is None:
            return None, None
        _check_skipped(header[0])
        line += header[0].count("\n")
        value, sections = self._mapping(texts, first, len(header[2]), line, (*path, header[1]))
        return (header[1], value), sections

    def _divided(self, start: int, end: int, column: int) -> list[str] | None:
        """The sections whose keys stand in one column; None where something else stands there or before."""
        pattern = _LINES.get(column)
        if pattern is None or not _KEY.match(self._text, start + column):
            return None
        starts = [start]
        for line in pattern.finditer(self._text, start, end):
            if len(line[1]) != column or not _KEY.match(line[2]):
                return None
            starts.append(line.start() + 1)
        return [self._text[first:last] for first, last in zip(starts, [*starts[1:], end], strict=True)]

    def _parsed(self, texts: list[str], column: int, path: Path) -> list[tuple[str, Any]]:
        """Keys and values of sections, read together. Raises _Irregular where a key stands elsewhere."""
        if not texts:
            return []
        text = "".join(texts)
        findings = Findings("")
        try:
            value, root = read_text(text, LinePositions(text), findings, path)
        except (Unreadable, yaml.YAMLError):
            raise _Irregular from None
        if findings.faults or not isinstance(value, dict) or root is None:
            raise _Irregular
        places = root.within.values() if isinstance(root.within, dict) else ()
        starts = [0, *accumulate(len(each) for each in texts[:-1])]
        if [place.key - column for place in places] != starts:
            raise _Irregular
        found = list(value.items())
        self.now.update(zip(((len(path), each) for each in texts), found, strict=True))
        return found


def _is_divided(path: Path) -> bool:
    return not path or (path[0] == _DIVIDED_DEEPER and len(path) < 3)


def _check_skipped(text: str) -> None:
    """What is not parsed again may hold no character either that is not allowed."""
    if NOT_ALLOWED.search(text):
        raise _Irregular
