"""TOML definitions: tomllib reads them; the syntax tree is asked where it matters to know more."""

from __future__ import annotations

import math
import re
import tomllib
from datetime import date, datetime, time
from functools import cache
from typing import Any, Final

from burgee.value import LARGEST_INTEGER, SMALLEST_INTEGER
from burgeed.reading.parsed import DEPTH_LIMIT, Findings, ParsedDocument, Unreadable
from burgeed.reading.place import LinePositions, Place, Places, Position
from burgeed.reading.text import decode
from burgeed.reading.toml_tokens import date_time_text
from burgeed.reading.toml_tree import read_tree

_WHERE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TWICE: Final = ("Cannot ", "Duplicate ")
_UNCLOSED: Final = ("Unterminated string", "Expected \"'", "Expected '\"")
_BRACKET: Final = re.compile(r"[\[\]{}]")
_REMEDIES: Final = (
    ("Invalid value", "write texts in quotes; true and false in small letters"),
    ("Unescaped '\\'", "double the backslash, or use single quotes"),
    ("Expected newline", "start a new line, or put the text in quotes"),
    ("Illegal character '\\n'", "close the quotes; texts of several lines take three quotes"),
    ("Expected '='", "write `key = value`; quote keys that hold more than letters, digits, - and _"),
    ("Unclosed array", "close it with `]`, with commas between the items"),
    ("Unclosed inline table", "close it with `}` on the same line, with commas between the fields"),
    ("Cannot ", "a table or a key can be written once; keep one of the two"),
    ("Unterminated string", "close the quotes"),
    ("Expected \"'", "close the quotes"),
    ("Invalid statement", "quote keys that hold more than letters, digits, - and _"),
    ("Invalid initial character for a key", "quote keys that hold more than letters, digits, - and _"),
)


def parse_toml(file: str, content: bytes) -> ParsedDocument:
    """Parse TOML 1.0; date-times with an offset become RFC 3339 text.

    NaN, infinity, local dates and times, and integers beyond 64 bit are faults: no answer can carry them.

    Args:
        file: the file's path, for faults.
        content: UTF-8.
    """
    findings = Findings(file)
    text = decode(content, findings)
    encoded = (text or "").encode()
    lines = LinePositions(encoded)
    if text is None:
        return findings.refused(lambda: Places(None, lines))
    refusal: ValueError | None = None
    try:
        if any(line.count(".") > DEPTH_LIMIT for line in text.split("\n")):
            # Perhaps a key of very many parts: tomllib takes quadratic time over it, the tree refuses it.
            read_tree(encoded, lines, findings)
            findings = Findings(file)
        try:
            document = tomllib.loads(text)
        except RecursionError:
            findings.too_deep(LinePositions(text).at(_depth_reached(text)))
            return findings.refused(lambda: Places(None, lines))
        except ValueError as error:
            # tomllib's own, or Python's over an integer of thousands of digits.
            refusal = error
        else:
            if _make_plain(document):
                places = cache(lambda: Places(_places(encoded, lines, file), lines))
                return findings.finish(document or None, places)
        tree = read_tree(encoded, lines, findings)
    except Unreadable:
        return findings.refused(lambda: Places(None, lines))
    if tree.broken is not None and str(refusal).startswith(_TWICE):
        # tomllib stopped at a duplicate, before the broken syntax that the tree shows.
        remedy = "check quotes, brackets and commas; quote what is no number, true or false"
        findings.add(lines.at(tree.broken), (), "TOML: the syntax is broken here", remedy)
        return findings.refused(lambda: Places(tree.root, lines))
    if tree.broken is not None:
        # What a broken tree shows is not to be trusted; one fault of syntax is.
        findings = Findings(file)
    if not findings.faults:
        _refuse(refusal, text, findings, None if tree.broken is None else lines.at(tree.broken))
        return findings.refused(lambda: Places(tree.root, lines))
    return findings.finish(tree.document or None, lambda: Places(tree.root, lines))


def _places(encoded: bytes, lines: LinePositions, file: str) -> Place | None:
    try:
        return read_tree(encoded, lines, Findings(file)).root
    except Unreadable:
        return None


def _depth_reached(text: str) -> int:
    """Where brackets first nest too deep; those inside texts count too, which is near enough for a bomb."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth >= DEPTH_LIMIT:
            return bracket.start()
    return 0


def _refuse(refusal: ValueError | None, text: str, findings: Findings, broken: Position | None) -> None:
    message = str(refusal or "the document cannot be read")
    where = _WHERE.search(message)
    position = LinePositions(text).at(len(text.rstrip()))
    if where is not None:
        message = message[: where.start()]
        if where[1] is not None:
            position = int(where[1]), int(where[2])
        elif broken is not None and message.startswith(_UNCLOSED):
            # tomllib looks for the closing quotes up to the end of the file; the tree says where they opened.
            position, message = broken, f"{message} before the end of the file"
        else:
            message = f"the file ends here, but: {message}"
    remedy = next((each for part, each in _REMEDIES if part in message), "check quotes, brackets and commas")
    findings.add(position, (), f"TOML: {message}", remedy)


def _make_plain(document: dict[str, Any]) -> bool:
    """Turn date-times into text, in place; False where the document holds what is to be refused."""
    level: list[Any] = [document]
    depth = 0
    while level:
        depth += 1
        if depth > DEPTH_LIMIT:
            return False
        deeper: list[Any] = []
        for each in level:
            if isinstance(each, dict) and "\0" in "".join(each):
                return False
            for key, member in each.items() if isinstance(each, dict) else enumerate(each):
                if isinstance(member, dict | list):
                    deeper.append(member)
                elif isinstance(member, datetime) and member.tzinfo is not None:
                    each[key] = date_time_text(member)
                elif _to_be_refused(member):
                    return False
        level = deeper
    return True


def _to_be_refused(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, int):
        return not SMALLEST_INTEGER <= value <= LARGEST_INTEGER
    return isinstance(value, date | time)
