"""All flags over OFREP: one answer, its entity tag, and when it is not sent again."""

from __future__ import annotations

import asyncio
import gzip
import time
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Reply, SetWall, eventually, serving

import burgeed.server.ofrep

NEW_YEAR = 1767225600.0


def items(reply: Reply) -> dict[str, Any]:
    return {item["key"]: item for item in reply.json["flags"]}


async def test_all_flags_are_answered_in_order_failures_among_them(tmp_path: Path, transport: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.peer(transport).evaluate_all()
    assert reply.status == 200
    keys = [item["key"] for item in reply.json["flags"]]
    assert keys == sorted(DEFINITION["flags"])
    assert items(reply)["split"]["errorCode"] == "TARGETING_KEY_MISSING"
    assert set(items(reply)["split"]) == {"key", "errorCode", "errorDetails", "metadata"}
    assert items(reply)["disabled"]["reason"] == "DISABLED"
    assert "value" not in items(reply)["disabled"]
    assert b'"value":10.0' in reply.body


async def test_each_item_is_what_the_single_evaluation_answers(tmp_path: Path) -> None:
    context = {"targetingKey": "u-1", "plan": "pro", "customer": "c-1"}
    async with serving(tmp_path, DEFINITION) as server:
        bulk = items(await server.unix.evaluate_all(**context))
        for key in ("static", "split", "targeted", "object", "no-default"):
            assert bulk[key] == (await server.unix.evaluate(key, **context)).json


async def test_the_set_s_metadata_and_the_streams_are_told(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate_all()
    assert reply.json["metadata"] == {"flagSetId": "shop", "version": "7", "burgee.generation": "epoch-1"}
    assert reply.json["eventStreams"] == [{"type": "sse", "endpoint": {"requestUri": "/ofrep/v1/sse"}}]
    assert reply.headers["burgee-generation"] == "epoch-1"
    assert reply.headers["cache-control"] == "no-store"


async def test_streams_can_be_left_out_by_request_and_by_setting(tmp_path: Path) -> None:
    async with serving(tmp_path / "1", DEFINITION) as server:
        asked = await server.unix.evaluate_all(query="?eventStreams=false")
    async with serving(tmp_path / "2", DEFINITION, event_streams=False) as server:
        switched_off = await server.unix.evaluate_all()
    assert "eventStreams" not in asked.json
    assert "eventStreams" not in switched_off.json


async def test_a_trailing_slash_is_the_same_request(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        plain = await server.unix.send("POST", "/ofrep/v1/evaluate/flags", {})
        slashed = await server.unix.send("POST", "/ofrep/v1/evaluate/flags/", {})
    assert plain.body == slashed.body
    assert plain.headers["etag"] == slashed.headers["etag"]


@pytest.mark.parametrize("wrap", ["{}", "W/{}", '"other", {}', 'W/"x",W/{}', '{},"y"'])
async def test_the_known_tag_is_304_without_body(tmp_path: Path, transport: str, wrap: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        tag = (await server.peer(transport).evaluate_all()).headers["etag"]
        headers = {"If-None-Match": wrap.format(tag), "Cache-Control": "no-cache", "Pragma": "no-cache"}
        reply = await server.peer(transport).evaluate_all(headers)
    assert tag.startswith('"') and tag.endswith('"')
    assert reply.status == 304
    assert reply.headers["etag"] == tag
    assert "content-type" not in reply.headers
    assert reply.headers.get("content-length", "0") == "0"


async def test_an_unquoted_tag_is_taken_too(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        tag = (await server.unix.evaluate_all()).headers["etag"]
        reply = await server.unix.evaluate_all({"If-None-Match": tag.strip('"')})
    assert reply.status == 304


@pytest.mark.parametrize("header", ["*", '"*"', "", '""', '"0"', "W/"])
async def test_any_other_tag_gets_the_answer(tmp_path: Path, header: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        assert (await server.unix.evaluate_all({"If-None-Match": header})).status == 200


async def test_after_a_304_the_connection_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        wire.write(server.unix.request("POST", "/ofrep/v1/evaluate/flags", b"{}"))
        tag = (await wire.reply()).headers["etag"]
        for _ in range(2):
            wire.write(server.unix.request("POST", "/ofrep/v1/evaluate/flags", b"{}", {"If-None-Match": tag}))
            assert (await wire.reply()).status == 304
        wire.write(server.unix.request("POST", "/ofrep/v1/evaluate/flags", b"{}"))
        assert (await wire.reply()).status == 200


async def test_the_tag_follows_the_answers_and_not_the_context(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        nobody = (await server.unix.evaluate_all()).headers["etag"]
        unread = (await server.unix.evaluate_all(shoe_size=43)).headers["etag"]
        customer = (await server.unix.evaluate_all(customer="c-1")).headers["etag"]
        no_streams = (await server.unix.evaluate_all(query="?eventStreams=false")).headers["etag"]
    assert nobody == unread
    assert len({nobody, customer, no_streams}) == 3


async def test_a_generation_that_changes_no_answer_keeps_the_tag(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        before = await server.unix.evaluate_all()
        server.deliver(
            {**DEFINITION, "overrides": {"customer": {"c-1": {"static": "off"}, "c-2": {"static": "off"}}}}
        )
        after = await server.unix.evaluate_all({"If-None-Match": before.headers["etag"]})
    assert after.status == 304
    assert after.headers["burgee-generation"] == "epoch-2"


async def test_changed_metadata_change_the_tag(tmp_path: Path) -> None:
    async with serving(tmp_path, {"metadata": {"version": "1"}, "flags": {}}) as server:
        before = (await server.unix.evaluate_all()).headers["etag"]
        server.deliver({"metadata": {"version": "2"}, "flags": {}})
        after = (await server.unix.evaluate_all()).headers["etag"]
    assert before != after


async def test_an_event_s_other_token_forces_the_whole_answer(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        first = await server.unix.evaluate_all()
        known = {"If-None-Match": first.headers["etag"]}
        other = await server.unix.evaluate_all(known, "?flagConfigEtag=epoch-0&flagConfigLastModified=1")
        same = await server.unix.evaluate_all(known, "?flagConfigEtag=epoch-1&flagConfigLastModified=soon")
    assert (other.status, same.status) == (200, 304)
    assert other.headers["etag"] == first.headers["etag"]


async def test_details_are_in_the_tag_but_not_the_passing_of_time(tmp_path: Path) -> None:
    clock = SetWall(NEW_YEAR - 10.0)
    async with serving(tmp_path, DEFINITION, clock=clock) as server:
        plain = await server.unix.evaluate_all()
        detailed = await server.unix.evaluate_all({"Burgee-Detail": "1"})
        clock.time += 3.0
        later = await server.unix.evaluate_all({"Burgee-Detail": "1"})
        clock.time = NEW_YEAR
        edge = await server.unix.evaluate_all({"Burgee-Detail": "1"})
    assert items(detailed)["edged"]["burgee"] == {"vary": [], "until": 10000}
    assert items(later)["edged"]["burgee"] == {"vary": [], "until": 7000}
    assert items(detailed)["targeted"]["burgee"]["vary"] == ["plan", "é t"]
    assert detailed.headers["etag"] == later.headers["etag"]
    assert len({plain.headers["etag"], detailed.headers["etag"], edge.headers["etag"]}) == 3


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("*", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("identity", False),
        ("br", False),
        (None, False),
    ],
)
async def test_a_long_answer_is_compressed_when_asked(
    tmp_path: Path, accepted: str | None, compressed: bool
) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        plain = await server.unix.evaluate_all()
        reply = await server.unix.evaluate_all({} if accepted is None else {"Accept-Encoding": accepted})
    assert (reply.headers.get("content-encoding") == "gzip") is compressed
    assert (gzip.decompress(reply.body) if compressed else reply.body) == plain.body
    assert reply.headers["etag"] == plain.headers["etag"]
    assert reply.headers["vary"] == "Accept-Encoding"


async def test_a_short_answer_is_not_compressed(tmp_path: Path) -> None:
    async with serving(tmp_path, {"flags": {}}) as server:
        reply = await server.unix.evaluate_all({"Accept-Encoding": "gzip"})
    assert "content-encoding" not in reply.headers


async def test_two_flag_sets_name_no_set_and_an_ambiguous_key_fails_alone(tmp_path: Path) -> None:
    flag = {"variants": {"v": "s"}, "defaultVariant": "v"}
    async with serving(tmp_path, sources=(("one", False), ("two", False))) as server:
        server.deliver({"metadata": {"flagSetId": "shop"}, "flags": {"f": flag, "s": flag}}, "one")
        server.deliver({"metadata": {"flagSetId": "bank"}, "flags": {"f": flag}}, "two")
        both = await server.unix.evaluate_all()
        one = await server.unix.evaluate_all({"Flagd-Selector": "flagSetId=shop"})
        wrong = await server.unix.evaluate_all({"Flagd-Selector": "colour=red"})
    assert [(item["key"], item.get("errorCode")) for item in both.json["flags"]] == [
        ("f", "GENERAL"),
        ("s", None),
    ]
    assert "flagSetId" not in both.json["metadata"]
    assert one.json["metadata"]["flagSetId"] == "shop"
    assert [item["value"] for item in one.json["flags"]] == ["s", "s"]
    assert (wrong.status, wrong.json["errorCode"]) == (400, "GENERAL")


async def test_before_ready_a_bulk_evaluation_is_503(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        reply = await server.unix.evaluate_all()
    assert (reply.status, reply.json["errorCode"]) == (503, "PROVIDER_NOT_READY")
    assert reply.headers["retry-after"] == "1"
    assert "key" not in reply.json


async def test_a_bad_bulk_request_is_400_without_key(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.send("POST", "/ofrep/v1/evaluate/flags", b'{"context":7}')
    assert (reply.status, reply.json["errorCode"]) == (400, "INVALID_CONTEXT")
    assert "key" not in reply.json


async def test_evaluating_many_flags_gives_way_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand flags of half a millisecond each hold the loop for a slice at a time."""
    evaluate = burgeed.server.ofrep.evaluate

    def evaluate_slowly(*arguments: Any, **named: Any) -> Any:
        time.sleep(0.0005)
        return evaluate(*arguments, **named)

    monkeypatch.setattr(burgeed.server.ofrep, "evaluate", evaluate_slowly)
    flags = {f"flag-{number:04}": {"defaultVariant": "on"} for number in range(1000)}
    async with serving(tmp_path, {"flags": flags}) as server:
        whole = asyncio.create_task(server.unix.evaluate_all())
        await eventually(lambda: server.state.in_flight == 1)
        overtaking = [(await server.unix.evaluate("flag-0001")).status for _ in range(3)]
        assert not whole.done()
        reply = await whole
    assert overtaking == [200, 200, 200]
    assert [item["value"] for item in reply.json["flags"]] == [True] * 1000
