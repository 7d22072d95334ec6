"""A request's body: one JSON object, and nothing in it that could mean two things."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from typing import Any, Final

import orjson
from aiohttp import web

from burgeed.server.admin.query import unknown_field
from burgeed.server.limits import Limits
from burgeed.server.problems import Problem, malformed
from burgeed.server.request_body import read_json

DEEPEST: Final = 64
"""Nested lists and mappings; what is read here is written again, and a writer is bounded too."""

LONGEST_AT_ONCE: Final = 32 * 1024
"""Bytes of a body that is parsed on the event loop; a longer one is in a thread."""

MERGE_PATCH: Final = "application/merge-patch+json"
"""RFC 7396, section 4."""

_LONGEST_INTEGER = 20


async def read_object(request: web.Request, limits: Limits, *, optional: bool = False) -> dict[str, Any]:
    """Read the body.

    Args:
        optional: whether there need not be one; then it counts as empty.

    Raises:
        Refusal: 400 for what is no JSON object, a key twice in one object, an integer beyond 64 bit, and too
            deep a nesting; 415 for another content type; 408 and 413 as everywhere.
    """
    if request.can_read_body:
        _check_type(request)
    body = await read_json(request, limits, further=MERGE_PATCH)
    if not body.strip():
        if optional:
            return {}
        raise malformed("there is no body; write a JSON object")
    if len(body) > LONGEST_AT_ONCE:
        return await asyncio.to_thread(parse_object, body)
    return parse_object(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object strictly. Raises Problem."""
    try:
        # This parser refuses what the other lets pass: NaN, lone surrogates, bytes that are not UTF-8.
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed(f"the body is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise malformed("the body is no JSON object")
    if _depth_exceeds(found, DEEPEST):
        raise malformed(f"the body nests deeper than {DEEPEST}")
    parsed: dict[str, Any] = json.loads(body, object_pairs_hook=_without_duplicates, parse_int=_integer)
    return parsed


def whole_number(value: Any, what: str, *, smallest: int = 0) -> int:
    """A whole number up to 2**63 - 1; ``17.0`` is one too, as JSON Schema has it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not smallest <= value < 2**63:
        raise malformed(f"{what} is no whole number from {smallest} on")
    return value


def check_fields(document: dict[str, Any], known: Collection[str]) -> None:
    """Refuse a field that means nothing."""
    for name in document:
        if name not in known:
            raise unknown_field(name, known)


def _check_type(request: web.Request) -> None:
    essence = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if essence not in ("application/json", MERGE_PATCH):
        raise Problem(
            415,
            "unsupported-media-type",
            "the content type must be application/json",
            headers={"Accept": "application/json"},
        )


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise malformed(f"key `{twice[:100]}` stands twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER or not -(2**63) <= int(text) < 2**63:
        shown = text if len(text) <= _LONGEST_INTEGER else f"{text[:_LONGEST_INTEGER]}…"
        raise malformed(f"integer {shown} does not fit 64 bit; write it as text, or as a float")
    return int(text)
