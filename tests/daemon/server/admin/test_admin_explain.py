"""Explanations, without a store: of whoever may read."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import serving

from burgee.flag import Origin

EXPLAIN = "/admin/v1/explain"


async def locate(origin: Origin) -> tuple[int, int] | None:
    return (4, 9) if origin.path[0] == "overrides" else None


async def test_an_explanation_s_winner_is_the_answer_with_its_place(tmp_path: Path) -> None:
    question = {"key": "static", "context": {"customer": "c-1"}}
    async with serving(tmp_path, DEFINITION, locate=locate) as server:
        reply = await server.unix.send("POST", EXPLAIN, question)
    assert reply.status == 200
    assert reply.json["answer"]["value"] is False
    assert reply.json["generation"] == "epoch-1"
    [winner] = [rung for rung in reply.json["rungs"] if rung["winner"]]
    assert winner["name"] == "customer"
    assert winner["origin"]["file"] == "flags.yaml"
    assert (winner["origin"]["line"], winner["origin"]["column"]) == (4, 9)


async def test_an_unknown_flag_is_explained_too(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.send("POST", EXPLAIN, {"key": "nope"})
    assert (reply.status, reply.json["answer"]["errorCode"]) == (200, "FLAG_NOT_FOUND")


async def test_over_tcp_it_is_forbidden_without_tokens(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.tcp.send("POST", EXPLAIN, {"key": "static"})
    assert (reply.status, reply.json["type"]) == (403, "/problems/denied")
    assert "rungs" not in reply.json


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"key":1}', b'{"key":""}', b"[", b"[]", b'{"key":"f","context":1}']
)
async def test_a_bad_question_is_400(tmp_path: Path, body: bytes) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.send("POST", EXPLAIN, body)
    assert reply.status == 400
    assert reply.json["detail"]


async def test_before_ready_there_is_nothing_to_explain(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        reply = await server.unix.send("POST", EXPLAIN, {"key": "static"})
    assert (reply.status, reply.json["type"]) == (503, "/problems/not-ready")
    assert reply.headers["retry-after"] == "1"


async def test_the_selector_chooses_the_flag_set_and_a_bad_one_is_400(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        other = await server.unix.send("POST", EXPLAIN, {"key": "static"}, {"Flagd-Selector": "flagSetId=x"})
        bad = await server.unix.send("POST", EXPLAIN, {"key": "static"}, {"Flagd-Selector": "a=b"})
    assert other.json["answer"]["errorCode"] == "FLAG_NOT_FOUND"
    assert bad.status == 400
