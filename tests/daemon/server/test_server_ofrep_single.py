"""One flag over OFREP, on both transports."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import SetWall, serving

FLAGS = "/ofrep/v1/evaluate/flags/"
NEW_YEAR = 1767225600.0


async def test_an_answer_has_all_that_clients_need(tmp_path: Path, transport: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.peer(transport).evaluate("static", customer="c-1")
    assert reply.status == 200
    assert reply.json == {
        "key": "static",
        "value": False,
        "reason": "TARGETING_MATCH",
        "variant": "off",
        "metadata": {
            "flagSetId": "shop",
            "version": "7",
            "burgee.source": "customer",
            "burgee.scope": "c-1",
        },
    }
    assert reply.headers["burgee-generation"] == "epoch-1"
    assert reply.headers["burgee-vary"] == "customer"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["server"] == "burgee"
    assert "burgee-until" not in reply.headers


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", b'"A"'),
        ("whole", b"10"),
        ("broken", b"10.0"),
        ("static", b"true"),
        ("object", b'{"deep":{"list":[1,2.0,"x",null,true]}}'),
    ],
)
async def test_each_type_keeps_its_form_on_the_wire(tmp_path: Path, key: str, value: bytes) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate(key)
    assert b'"value":' + value + b',"reason"' in reply.body


@pytest.mark.parametrize(("key", "reason"), [("disabled", "DISABLED"), ("no-default", "DEFAULT")])
async def test_the_code_default_has_no_value(tmp_path: Path, key: str, reason: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate(key)
    assert reply.status == 200
    assert "value" not in reply.json
    assert (reply.json["variant"], reply.json["reason"]) == ("", reason)


async def test_an_unknown_flag_is_404_with_its_key(tmp_path: Path, transport: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.peer(transport).evaluate("nope")
    assert reply.status == 404
    assert (reply.json["key"], reply.json["errorCode"]) == ("nope", "FLAG_NOT_FOUND")
    assert reply.json["errorDetails"]
    assert reply.json["metadata"] == {"flagSetId": "shop", "version": "7"}
    assert reply.headers["burgee-generation"] == "epoch-1"
    assert reply.headers["burgee-vary"] == ""


async def test_a_split_without_its_targeting_key_is_400(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate("split")
    assert reply.status == 400
    assert (reply.json["key"], reply.json["errorCode"]) == ("split", "TARGETING_KEY_MISSING")
    assert reply.headers["burgee-vary"] == "targetingKey"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "PARSE_ERROR"),
        (b"[1]", "PARSE_ERROR"),
        (b'{"context":[]}', "INVALID_CONTEXT"),
        (b'{"context":{"targetingKey":5}}', "INVALID_CONTEXT"),
    ],
)
async def test_a_body_that_is_no_context_is_400_with_the_key(tmp_path: Path, body: bytes, code: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.send("POST", FLAGS + "static", body)
    assert reply.status == 400
    assert (reply.json["key"], reply.json["errorCode"]) == ("static", code)
    assert reply.json["metadata"] == {}


@pytest.mark.parametrize("body", [None, b"", b"{}", b'{"context":{}}'])
async def test_a_missing_context_is_an_empty_one(tmp_path: Path, body: bytes | None) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.send("POST", FLAGS + "static", body)
    assert (reply.status, reply.json["value"]) == (200, True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a/b", "slashed"),
        ("a%2Fb", "slashed"),
        ("a%2fb", "slashed"),
        ("..", "dots"),
        ("%2E%2E", "dots"),
        (quote("ключ ?#%2F+", safe=""), "unusual"),
    ],
)
async def test_a_key_may_hold_anything(tmp_path: Path, transport: str, path: str, value: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.peer(transport).evaluate(path)
    assert (reply.status, reply.json.get("value")) == (200, value)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("%00", "\0"),
        ("a%0Ab", "a\nb"),
        ("%F0%9F%9A%A9", "🚩"),
        ("a//b/", "a//b/"),
        ("static%3Fx", "static?x"),
    ],
)
async def test_a_strange_unknown_key_comes_back_as_it_is(tmp_path: Path, path: str, key: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate(path)
    assert (reply.status, reply.json["key"]) == (404, key)


@pytest.mark.parametrize("path", ["%FF", "%ED%A0%80", "a%"])
async def test_a_key_that_is_no_text_is_only_unknown(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate(path)
        raw = await server.unix.raw(b"POST /ofrep/v1/evaluate/flags/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (reply.status, reply.json["errorCode"]) == (404, "FLAG_NOT_FOUND")
    assert raw.status in (400, 404)
    assert raw.json["errorCode"] in ("PARSE_ERROR", "FLAG_NOT_FOUND")


async def test_until_counts_the_milliseconds_to_the_next_edge(tmp_path: Path) -> None:
    clock = SetWall(NEW_YEAR - 10.0)
    async with serving(tmp_path, DEFINITION, clock=clock) as server:
        before = await server.unix.evaluate("edged")
        clock.time = NEW_YEAR - 0.0005
        close = await server.unix.evaluate("edged")
        clock.time = NEW_YEAR
        inside = await server.unix.evaluate("edged")
        clock.time = NEW_YEAR + 86400.0
        after = await server.unix.evaluate("edged")
        clock.time = NEW_YEAR - 1.5
        set_back = await server.unix.evaluate("edged")
    assert (before.json["value"], before.headers["burgee-until"]) == (False, "10000")
    assert (close.json["value"], close.headers["burgee-until"]) == (False, "1")
    assert (inside.json["value"], inside.headers["burgee-until"]) == (True, "86400000")
    assert (after.json["value"], after.headers.get("burgee-until")) == (False, None)
    assert (set_back.json["value"], set_back.headers["burgee-until"]) == (False, "1500")


async def test_detail_is_given_when_asked_for(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION, clock=SetWall(NEW_YEAR - 10.0)) as server:
        edged = await server.unix.evaluate("edged", {"Burgee-Detail": "1"})
        targeted = await server.unix.evaluate("targeted", {"Burgee-Detail": "1"})
        plain = await server.unix.evaluate("targeted")
    assert edged.json["burgee"] == {"vary": [], "until": 10000}
    assert targeted.json["burgee"] == {"vary": ["plan", "é t"], "until": None}
    assert "burgee" not in plain.json


async def test_vary_is_percent_encoded_and_leaves_fixed_attributes_out(tmp_path: Path) -> None:
    async with serving(tmp_path / "1", DEFINITION) as server:
        free = await server.unix.evaluate("targeted")
    async with serving(tmp_path / "2", DEFINITION, fixed={"plan": "pro"}) as server:
        fixed = await server.unix.evaluate("targeted", plan="free", **{"é t": 1})
    assert free.headers["burgee-vary"] == "plan,%C3%A9%20t"
    assert fixed.headers["burgee-vary"] == "%C3%A9%20t"
    assert fixed.json["value"] is True


async def test_before_ready_an_evaluation_is_503_with_the_key(tmp_path: Path, transport: str) -> None:
    async with serving(tmp_path) as server:
        reply = await server.peer(transport).evaluate("static")
    assert reply.status == 503
    assert reply.headers["retry-after"] == "1"
    assert (reply.json["key"], reply.json["errorCode"]) == ("static", "PROVIDER_NOT_READY")
    assert reply.json["errorDetails"]


async def test_the_selector_chooses_the_flag_set(tmp_path: Path) -> None:
    shop = {
        "metadata": {"flagSetId": "shop"},
        "flags": {"f": {"variants": {"v": "s"}, "defaultVariant": "v"}},
    }
    bank = {
        "metadata": {"flagSetId": "bank"},
        "flags": {"f": {"variants": {"v": "b"}, "defaultVariant": "v"}},
    }
    async with serving(tmp_path, sources=(("one", False), ("two", False))) as server:
        server.deliver(shop, "one")
        server.deliver(bank, "two")
        ambiguous = await server.unix.evaluate("f")
        chosen = await server.unix.evaluate("f", {"Flagd-Selector": "flagSetId=bank"})
        by_source = await server.unix.evaluate("f", {"Flagd-Selector": "one"})
        nowhere = await server.unix.evaluate("f", {"Flagd-Selector": "flagSetId=none"})
        malformed = await server.unix.evaluate("f", {"Flagd-Selector": "colour=red"})
    assert (ambiguous.status, ambiguous.json["errorCode"]) == (400, "GENERAL")
    assert (chosen.json["value"], by_source.json["value"]) == ("b", "s")
    assert (nowhere.status, nowhere.json["errorCode"]) == (404, "FLAG_NOT_FOUND")
    assert (malformed.status, malformed.json["errorCode"], malformed.json["key"]) == (400, "GENERAL", "f")


async def test_a_new_generation_answers_at_once_and_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        server.deliver({"flags": {"static": {"defaultVariant": "off"}}})
        reply = await server.unix.evaluate("static")
    assert (reply.json["value"], reply.headers["burgee-generation"]) == (False, "epoch-2")
    assert reply.headers["burgee-vary"] == ""


async def test_many_selectors_do_not_pile_up(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        for number in range(200):
            selector = {"Flagd-Selector": f"source-{number}"}
            wire.write(server.unix.request("POST", FLAGS + "static", b"{}", selector))
            assert (await wire.reply()).status == 404
        wire.write(server.unix.request("POST", FLAGS + "static", b"{}"))
        assert (await wire.reply()).status == 200
