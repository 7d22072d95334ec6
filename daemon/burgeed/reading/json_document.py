"""JSON definitions: orjson reads them; the scanner is asked where it matters to know more."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import orjson

from burgeed.reading.json_scanner import scan
from burgeed.reading.parsed import DEPTH_LIMIT, Findings, ParsedDocument
from burgeed.reading.place import LinePositions, Places
from burgeed.reading.text import decode

_KEY_OR_TEXT: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"[ \t\r\n]*+(:?)', re.DOTALL)
_DIGITS_ALIKE: Final = bytes(0x30 if each in b"0123456789" else 0x20 for each in range(256))
_LONG_INTEGER: Final = b"0" * 19
_CONTAINERS: Final = frozenset((dict, list))


def parse_json(file: str, content: bytes) -> ParsedDocument:
    """Parse JSON (RFC 8259); duplicate keys and integers beyond 64 bit are faults.

    Args:
        file: the file's path, for faults.
        content: UTF-8.
    """
    findings = Findings(file)
    text = decode(content, findings)
    lines = LinePositions(text or "")
    if text is None:
        return findings.refused(lambda: Places(None, lines))
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        refusal: orjson.JSONDecodeError | None = error
    else:
        refusal = None
        if isinstance(document, dict) and _plain(text, document):
            places = cache(lambda: Places(scan(text, lines, Findings(file))[1], lines))
            return findings.finish(document, places)
    document, root = scan(text, lines, findings)
    if refusal is not None and not findings.faults:
        findings.add((refusal.lineno, refusal.colno), (), f"JSON: {refusal.msg}", "")
    if root is None:
        return findings.refused(lambda: Places(None, lines))
    return findings.finish(document, lambda: Places(root, lines), lines.at(root.value))


def _plain(text: str, document: dict[str, Any]) -> bool:
    """Whether what orjson made of the text needs no second look.

    orjson keeps the last of duplicate keys, makes floats of integers over 64 bit and nests 1,024 deep.
    """
    if _LONG_INTEGER in text.encode().translate(_DIGITS_ALIKE) or "\\u0000" in text:
        return False
    keys = 0
    level: list[Any] = [document]
    for _ in range(DEPTH_LIMIT):
        within: list[Any] = []
        for each in level:
            if type(each) is dict:
                keys += len(each)
                within += each.values()
            else:
                within += each
        level = [each for each in within if type(each) in _CONTAINERS]
        if not level:
            break
    else:
        return False
    return _KEY_OR_TEXT.findall(text).count(":") == keys
