"""A bulk answer of OFREP as its client reads it, each flag with what its answer depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from burgee.errors import MessageError
from burgee.resolution import ErrorCode, Resolution
from burgee.wire.ofrep import read_item

DETAIL_FIELD: Final = "burgee"
"""Of an item, where it was asked for: see :func:`burgee.wire.ofrep.detail`."""


class BulkItem(NamedTuple):
    """One flag of a bulk answer.

    Attributes:
        resolution: of the flag; an error, too, is an answer.
        vary: the attributes that it could read, None where there is no finite list or nothing was said.
        until: milliseconds from the answer to the next edge in time, None where there is none.
        size: bytes of the item as JSON.
    """

    resolution: Resolution
    vary: frozenset[str] | None
    until: int | None
    size: int


def read_bulk(body: bytes) -> Iterator[BulkItem]:
    """Read each item that can be read; those without a key are left out.

    Raises:
        MessageError: PARSE_ERROR where the body is no bulk answer.
    """
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise MessageError(ErrorCode.PARSE_ERROR, f"the bulk answer is not JSON: {fault}") from None
    items = message.get("flags") if isinstance(message, dict) else None
    if not isinstance(items, list):
        raise MessageError(ErrorCode.PARSE_ERROR, "the bulk answer has no list `flags`")
    return _read_items(items)


def _read_items(items: list[Any]) -> Iterator[BulkItem]:
    for item in items:
        key = item.get("key") if isinstance(item, dict) else None
        if isinstance(key, str):
            vary, until = _read_detail(item.get(DETAIL_FIELD))
            yield BulkItem(read_item(key, 200, item), vary, until, len(orjson.dumps(item)))


def _read_detail(detail: object) -> tuple[frozenset[str] | None, int | None]:
    """Anything malformed means: depends on everything."""
    if not isinstance(detail, Mapping):
        return None, None
    names, until = detail.get("vary"), detail.get("until")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None, None
    if until is not None and (not isinstance(until, int) or isinstance(until, bool) or until < 1):
        return None, None
    return frozenset(names), until
