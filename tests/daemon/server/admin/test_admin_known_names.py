"""Who asks for a level or a flag that there never was is told so, instead of nothing being found."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.daemon.server.admin.controlled import controlled

LEVEL = "there is no level `custmer`; did you mean `customer`?"
FLAG = "there is no flag `nope`, and nothing of it"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/overrides?level=custmer", 400, LEVEL),
        ("/overrides?flag=nope", 400, FLAG),
        ("/overrides/custmer/c-1", 404, LEVEL),
        ("/overrides/custmer/c-1/history", 404, LEVEL),
        ("/flags/nope/history", 404, FLAG),
        ("/revisions?level=custmer", 400, LEVEL),
        ("/revisions?flag=nope", 400, FLAG),
    ],
)
async def test_a_name_that_means_nothing_is_told(tmp_path: Path, path: str, status: int, words: str) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("GET", path)
    assert (reply.status, words in reply.json["detail"]) == (status, True)


@pytest.mark.parametrize(
    "path",
    [
        "/overrides?level=organization&scope=nobody",
        "/overrides/customer/nobody",
        "/overrides/customer/nobody/history",
        "/flags/checkout/history",
        "/revisions?level=customer",
    ],
)
async def test_a_name_that_means_something_may_have_nothing(tmp_path: Path, path: str) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("GET", path)
    assert reply.status == 200 and not reply.json.get("items") and not reply.json.get("overrides")


async def test_a_flag_that_is_gone_has_a_history(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        flag = {"variants": {"on": True, "off": False}, "defaultVariant": "off"}
        made = await server.send("PUT", "/flags/brief", flag)
        gone = await server.send("DELETE", "/flags/brief")
        history = await server.send("GET", "/revisions?flag=brief")
        later = await server.send("GET", "/revisions?flag=brief&since=2999-01-01T00:00:00Z")
    assert (made.status, gone.status, len(history.json["items"])) == (201, 200, 2)
    assert (later.status, later.json["items"]) == (200, [])
