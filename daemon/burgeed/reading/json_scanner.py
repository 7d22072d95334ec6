"""Reads JSON slowly: with the place of every key and value, and past whatever can be read past."""

from __future__ import annotations

import json
import math
import re
from typing import Final, Literal

from burgee.fault import Path
from burgeed.reading.parsed import DEPTH_LIMIT, Findings, Unreadable, absorb
from burgeed.reading.place import LinePositions, Place

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_PLAIN_TEXT: Final = re.compile(r'"([^"\\\x00-\x1f]*)"')
_TEXT: Final = re.compile(r'"(?:[^"\\\n\r]|\\[^\n\r])*+"')
_WORD: Final = re.compile(r"[-+.\w]+")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_REMEDIES: Final = {
    "True": "write true",
    "False": "write false",
    "None": "write null",
    "undefined": "write null",
}
_NOT_FINITE: Final = ("NaN", "Infinity")


def scan(text: str, lines: LinePositions, findings: Findings) -> tuple[object, Place | None]:
    """Read a JSON text.

    Returns:
        The document and its places; (None, None) where the syntax is broken, with the fault put down.
    """
    scanner = _Scanner(text, lines, findings)
    try:
        value, place, end = scanner.value(scanner.space(0), ())
        end = scanner.space(end)
        if end < len(text):
            raise scanner.broken(
                end, "there is text after the end of the document", "remove it; check the brackets"
            )
    except Unreadable:
        return None, None
    return value, place


class _Scanner:
    def __init__(self, text: str, lines: LinePositions, findings: Findings) -> None:
        self._text = text
        self._lines = lines
        self._findings = findings

    def space(self, offset: int) -> int:
        match = _SPACE.match(self._text, offset)
        return match.end() if match else offset

    def broken(self, offset: int, message: str, remedy: str) -> Unreadable:
        if self._text.startswith(("//", "/*", "#"), offset):
            message, remedy = "JSON has no comments", "remove it, or write the definition as YAML"
        elif offset >= len(self._text):
            message = f"the file ends here, but {message}"
        self._findings.add(self._lines.at(offset), (), f"JSON: {message}", remedy)
        return Unreadable()

    def value(self, offset: int, path: Path) -> tuple[object, Place, int]:
        first = self._text[offset : offset + 1]
        if first == '"':
            value, end = self._string(offset, path, "value")
            return value, Place(offset, offset), end
        if first in ("{", "["):
            if len(path) >= DEPTH_LIMIT:
                raise self._findings.too_deep(self._lines.at(offset))
            return self._mapping(offset, path) if first == "{" else self._sequence(offset, path)
        word = _WORD.match(self._text, offset)
        if word is None:
            remedy = "write texts in double quotes" if first in ("'", "`", "“", "”") else "a comma too many?"
            raise self.broken(offset, "a value is expected", remedy)
        return self._word(word[0], offset, path), Place(offset, offset), word.end()

    def _mapping(self, offset: int, path: Path) -> tuple[object, Place, int]:
        members: dict[str, object] = {}
        places: dict[str, Place] = {}
        end = self.space(offset + 1)
        if self._text.startswith("}", end):
            return members, Place(offset, offset, places), end + 1
        while True:
            start = end
            if not self._text.startswith('"', start):
                comma = start > offset + 1 and self._text.startswith("}", start)
                remedy = "remove the comma before the `}`" if comma else "write keys in double quotes"
                raise self.broken(start, "a key is expected", remedy)
            key, end = self._string(start, path, "key")
            where = (*path, key)
            end = self.space(end)
            if not self._text.startswith(":", end):
                raise self.broken(end, f"a `:` is expected after the key `{key}`", "check commas and quotes")
            if key in members:
                self._findings.duplicate(self._lines.at(start), where, self._lines.at(places[key].key))
            value, place, end = self.value(self.space(end + 1), where)
            place.key = start
            if key in members:
                absorb(members[key], value, places[key], place)
            else:
                members[key] = value
                places[key] = place
            end = self._separator(end, "}", offset)
            if end < 0:
                return members, Place(offset, offset, places), -end
            end = self.space(end)

    def _sequence(self, offset: int, path: Path) -> tuple[object, Place, int]:
        items: list[object] = []
        places: list[Place] = []
        end = self.space(offset + 1)
        if self._text.startswith("]", end):
            return items, Place(offset, offset, places), end + 1
        while True:
            item, place, end = self.value(end, (*path, len(items)))
            items.append(item)
            places.append(place)
            end = self._separator(end, "]", offset)
            if end < 0:
                return items, Place(offset, offset, places), -end
            end = self.space(end)

    def _separator(self, offset: int, closing: str, opened: int) -> int:
        """The offset after a comma; that after the closing bracket, negative."""
        offset = self.space(offset)
        if self._text.startswith(",", offset):
            return offset + 1
        if self._text.startswith(closing, offset):
            return -(offset + 1)
        line = self._lines.at(opened)[0]
        message = f"a `,` or a `{closing}` is expected, for the `{self._text[opened]}` of line {line}"
        raise self.broken(offset, message, "check commas, quotes and brackets")

    def _word(self, word: str, offset: int, path: Path) -> object:
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        number = _NUMBER.fullmatch(word)
        if number is None:
            if word.lstrip("+-") in _NOT_FINITE:
                return self._findings.no_number(word, self._lines.at(offset), path)
            shown = word if len(word) <= 40 else f"{word[:40]}…"
            remedy = _REMEDIES.get(word, "write texts in double quotes, numbers plainly")
            self._findings.add(self._lines.at(offset), path, f"`{shown}` is not JSON", remedy, void=True)
            return None
        if number[1] is None and number[2] is None:
            return (
                self._findings.integer(word, 10, self._lines.at(offset), path)
                if len(word) > 18
                else int(word)
            )
        value = float(word)
        return value if math.isfinite(value) else self._findings.no_number(word, self._lines.at(offset), path)

    def _string(self, offset: int, path: Path, at: Literal["value", "key"]) -> tuple[str, int]:
        plain = _PLAIN_TEXT.match(self._text, offset)
        if plain is not None:
            return plain[1], plain.end()
        match = _TEXT.match(self._text, offset)
        if match is None:
            raise self.broken(
                offset, "a text has no closing quote on its line", "close it; write \\n for a new line"
            )
        written = match[0]
        try:
            value: str = json.loads(written, strict=False)
        except json.JSONDecodeError as error:
            value = written[1:-1]
            remedy = 'a backslash is written \\\\; JSON knows \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX'
            self._text_fault(offset + error.pos, path, value, at, "a text has an unknown escape", remedy)
            return value, match.end()
        control = _CONTROL.search(written)
        if control is not None:
            message = f"a text holds the control character U+{ord(control[0]):04X}"
            remedy = f"write \\u{ord(control[0]):04x}, or \\t for a tab"
            self._text_fault(offset + control.start(), path, value, at, message, remedy)
        elif _SURROGATE.search(value):
            value = _SURROGATE.sub("\ufffd", value)
            message = "a text holds half of a surrogate pair"
            self._text_fault(offset, path, value, at, message, "write the character itself, or both halves")
        elif "\0" in value:
            where = path if at == "value" else (*path, value)
            self._findings.null_character(self._lines.at(offset), where, at)
        return value, match.end()

    def _text_fault(
        self, offset: int, path: Path, value: str, at: Literal["value", "key"], message: str, remedy: str
    ) -> None:
        where = path if at == "value" else (*path, value)
        self._findings.add(self._lines.at(offset), where, message, remedy, at=at, void=True)
