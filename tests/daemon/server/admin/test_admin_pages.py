"""Pages: whoever follows the cursors is told each item that stays once, whatever is written meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.server.admin.controlled import Controlled, controlled

MANY = {
    "metadata": {"flagSetId": "shop"},
    "flags": {f"f-{number:03}": {"defaultVariant": "off"} for number in range(0, 100, 2)},
    "overrides": {"customer": {f"c-{number:03}": {"f-000": "on"} for number in range(0, 100, 2)}},
}


async def walk(
    server: Controlled, path: str, limit: int, between: Callable[[], Awaitable[object]] | None = None
) -> list[Any]:
    """All items, page by page, with something done between two of them."""
    items: list[Any] = []
    cursor = ""
    for _ in range(1_000):
        reply = await server.send("GET", f"{path}?limit={limit}{cursor}")
        assert reply.status == 200, reply
        assert len(reply.json["items"]) <= limit
        items += reply.json["items"]
        if reply.json["next"] is None:
            return items
        cursor = f"&cursor={reply.json['next']}"
        if between is not None:
            await between()
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("limit", [1, 7, 50, 51, 500])
async def test_pages_together_are_the_whole(tmp_path: Path, limit: int) -> None:
    async with controlled(tmp_path, MANY) as server:
        flags = await walk(server, "/flags", limit)
        overrides = await walk(server, "/overrides", limit)
    assert [each["key"] for each in flags] == sorted(MANY["flags"])
    assert [each["scope"] for each in overrides] == sorted(MANY["overrides"]["customer"])


async def test_while_others_write_each_item_that_stays_is_told_once(tmp_path: Path) -> None:
    async with controlled(tmp_path, MANY) as server:
        numbers = itertools.cycle(range(1, 100, 6))

        async def write() -> None:
            number = next(numbers)
            await server.send("PUT", f"/flags/f-{number:03}", {"defaultVariant": "on"})
            await server.send("PUT", f"/overrides/customer/c-{number:03}/f-000", {"variant": "on"})
            await server.send("DELETE", f"/overrides/customer/c-{(number + 48) % 100:03}/f-000")

        flags = [each["key"] for each in await walk(server, "/flags", 3, write)]
        overrides = [each["scope"] for each in await walk(server, "/overrides", 3, write)]
        revisions = [each["revision"] for each in await walk(server, "/revisions", 3, write)]
    for found, stays in ((flags, MANY["flags"]), (overrides, MANY["overrides"]["customer"])):
        assert sorted(found) == found
        assert len(set(found)) == len(found)
        assert set(stays) <= set(found)
    assert revisions == list(range(revisions[0], 0, -1))
    assert len(revisions) > 10


async def test_audit_pages_are_the_whole_too(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        for _ in range(5):
            await server.send("POST", "/flags/checkout/toggle")
        found = [each["seq"] for each in await walk(server, "/audit", 4)]
    assert found == list(range(found[0], 0, -1))


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "limit=-1", "limit=1.0", "limit=%D9%A3", "cursor=", "cursor=x",
     "cursor=W10", "cursor=bnVsbA", "cursor=WyJvdmVycmlkZXMiLCJhIiwiYiIsImMiLCJkIl0",
     "cursor=WyJmbGFncyIsMSwyXQ", "cursor=%00", "cursor=%C3%A9", "cursor=WyJvdmVycmlkZXMiLCJhIiwiYiJd"],
)  # fmt: skip
async def test_a_cursor_or_a_limit_that_nobody_gave_is_400(tmp_path: Path, query: str) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("GET", f"/flags?{query}")
    assert (reply.status, reply.json["type"]) == (400, "/problems/malformed")
