"""Whether a document is one that can be read at all: no deeper than it may be, and every key text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.definition.report import Report
from burgee.fault import Path
from burgee.value import kind_name

DOCUMENT_DEPTH_LIMIT: Final = 64
"""Mappings and lists within each other; the root is the first."""

_TEXT: Final = frozenset((str,))
_SCALARS: Final = frozenset((str, int, float, bool, type(None)))


def is_sound(report: Report, document: object) -> bool:
    """Whether a document nests no deeper than it may, and every key is text; a parser may give more."""
    return _is_plainly_sound(document) or not _has_fault(report, document)


def _is_plainly_sound(document: object) -> bool:
    """The same, quickly, of plain mappings and lists; False where it takes a closer look."""
    level: list[Any] = [document]
    for _ in range(DOCUMENT_DEPTH_LIMIT):
        within: list[Any] = []
        for each in level:
            # The very type, here and below: asking for an abstract one takes ten times as long.
            if type(each) is dict:
                if not _TEXT.issuperset(map(type, each)):
                    return False
                within += each.values()
            elif type(each) is list:
                within += each
            else:
                return False
        level = [each for each in within if type(each) not in _SCALARS]
        if not level:
            return True
    return False


def _has_fault(report: Report, document: object) -> bool:
    waiting: list[tuple[Any, Path]] = [(document, ())]
    while waiting:
        value, path = waiting.pop()
        if len(path) >= DOCUMENT_DEPTH_LIMIT:
            report.error(path, f"the document nests deeper than {DOCUMENT_DEPTH_LIMIT} levels", "flatten it")
            return True
        if isinstance(value, Mapping):
            odd = next((key for key in value if not isinstance(key, str)), None)
            if odd is not None or None in value:
                report.error(path, f"a key is {kind_name(odd)}, not text", "put it in quotes")
                return True
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        waiting.extend((each, (*path, step)) for step, each in items if isinstance(each, (Mapping, list)))
    return False
