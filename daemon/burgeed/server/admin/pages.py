"""Pages: so many items, and an opaque cursor that says after which item the next page begins.

A cursor holds the last item's key, not a number of items, so that whatever is written between two pages, an
item that stays is told once and only once.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from burgeed.server.admin.parameters import LARGEST_PAGE
from burgeed.server.admin.query import read_integer
from burgeed.server.problems import malformed

USUAL_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for.

    Attributes:
        after: the key of the item that the page before ended with; None for the first page.
        limit: of its items.
    """

    after: tuple[Any, ...] | None
    limit: int


def read_page(request: web.Request, kind: str, shape: Sequence[type]) -> PageRequest:
    """Read ``limit`` and ``cursor``.

    Args:
        kind: of the list, so that one list's cursor is not taken for another's.
        shape: the types of a key's parts.
    """
    limit = read_integer(request, "limit", largest=LARGEST_PAGE) or USUAL_LIMIT
    text = request.query.get("cursor")
    return PageRequest(None if text is None else _key_of(text, kind, shape), limit)


def page_document(items: Sequence[Any], kind: str, last: Sequence[Any] | None) -> dict[str, Any]:
    """A page's document.

    Args:
        last: the key of its last item where more follow; None on the last page.
    """
    return {"items": items, "next": None if last is None else cursor(kind, last)}


def cursor(kind: str, key: Sequence[Any]) -> str:
    """Write a cursor."""
    return urlsafe_b64encode(orjson.dumps([kind, *key])).decode().rstrip("=")


def _key_of(text: str, kind: str, shape: Sequence[type]) -> tuple[Any, ...]:
    try:
        found = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        found = None
    if (
        not isinstance(found, list)
        or len(found) != len(shape) + 1
        or found[0] != kind
        or not all(type(part) is each for part, each in zip(found[1:], shape, strict=True))
    ):
        raise malformed("the cursor is none of this list's: take `next` of the page before")
    return tuple(found[1:])
