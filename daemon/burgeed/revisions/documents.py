"""Documents as text: canonical JSON, so that equal documents are equal text and nothing changes its kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import orjson

from burgee.fault import Fault, Path
from burgee.value import LARGEST_INTEGER, SMALLEST_INTEGER, kind_name
from burgeed.revisions.values import Document

DEPTH_LIMIT: Final = 64
"""How deep a document may nest; far below what the JSON writer can do."""


class UnfitDocument(ValueError):
    """A document that JSON, or a database, would alter or refuse.

    Args:
        fault: what is wrong, with its path within the document.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def canonical(document: object) -> str:
    """Write a document: keys sorted, no spaces.

    Raises:
        UnfitDocument: it nests deeper than 64 levels, has a key that is not text, an integer beyond 64 bit,
            a number that is not finite, text that is no Unicode, or something that JSON has no notation for.
    """
    _check(document)
    try:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise UnfitDocument(Fault(f"the document cannot be written as JSON: {error}")) from None


def parse(text: str) -> Document:
    """Read what :func:`canonical` wrote; ValueError where it did not."""
    document = orjson.loads(text)
    if not isinstance(document, dict):
        raise ValueError(f"a stored document is {kind_name(document)}, not a mapping")
    return document


def _check(document: object) -> None:
    waiting: list[tuple[Any, Path]] = [(document, ())]
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, Mapping | list):
            if len(path) >= DEPTH_LIMIT:
                raise UnfitDocument(
                    Fault(f"the document nests deeper than {DEPTH_LIMIT} levels", (), "flatten it")
                )
            if isinstance(value, list):
                waiting.extend((each, (*path, index)) for index, each in enumerate(value))
                continue
            for key, each in value.items():
                if not isinstance(key, str):
                    raise UnfitDocument(Fault(f"a key is {kind_name(key)}, not text", path, "quote it"))
                waiting.append((each, (*path, key)))
        else:
            message = _unfit(value)
            if message:
                raise UnfitDocument(Fault(message, path))


def _unfit(value: object) -> str:
    if value is None or isinstance(value, bool | str):
        return ""
    if isinstance(value, int):
        return "" if SMALLEST_INTEGER <= value <= LARGEST_INTEGER else f"integer {value} does not fit 64 bit"
    if isinstance(value, float):
        # The writer would make null of it.
        return "" if math.isfinite(value) else f"{value} is no number JSON can carry"
    return f"JSON has no notation for {type(value).__name__}"
