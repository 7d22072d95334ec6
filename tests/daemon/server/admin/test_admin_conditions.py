"""What every write takes: If-Match, dry_run, Idempotency-Key, X-Request-Id, reason and actor."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.daemon.server.admin.controlled import controlled

OVERRIDE = "/overrides/customer/c-9/checkout"


async def test_a_stale_if_match_is_refused_with_the_present_revision(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", OVERRIDE, {"variant": "on"})
        await server.send("PUT", OVERRIDE, {"variant": "off"})
        stale = await server.send("PUT", OVERRIDE, {"variant": "on"}, {"If-Match": '"1"'})
        value = await server.value("checkout", customer="c-9")
        fresh = await server.send("PUT", OVERRIDE, {"variant": "on"}, {"If-Match": '"2"'})
    assert (stale.status, stale.json["type"], stale.json["revision"]) == (409, "/problems/stale", 2)
    assert (value, fresh.status) == (False, 200)


async def test_an_entity_tag_that_was_read_is_a_good_if_match_until_the_thing_changes(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", OVERRIDE, {"variant": "on"})
        seen = (await server.send("GET", OVERRIDE)).headers["etag"]
        await server.send("POST", "/flags/colour/toggle")
        unconcerned = await server.send("PUT", OVERRIDE, {"variant": "off"}, {"If-Match": seen})
        stale = await server.send("PUT", OVERRIDE, {"variant": "on"}, {"If-Match": seen})
    assert (unconcerned.status, stale.status, stale.json["revision"]) == (200, 409, 3)


@pytest.mark.parametrize(
    "value", ["1", '"x"', '"1", "2"', 'W/"1"', '"-1"', '""', '"1.zz"', '"' + "9" * 30 + '"']
)
async def test_an_if_match_that_names_no_revision_is_400(tmp_path: Path, value: str) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("PUT", OVERRIDE, {"variant": "on"}, {"If-Match": value})
    assert (reply.status, reply.json["type"]) == (400, "/problems/malformed")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", OVERRIDE, {"variant": "on"}),
        ("PATCH", OVERRIDE, {"variant": "on"}),
        ("PATCH", "/overrides/customer/c-9", {"checkout": "on"}),
        ("PUT", "/flags/new", {"defaultVariant": "on"}),
    ],
)
async def test_if_match_with_a_star_changes_what_is_there_and_makes_nothing(
    tmp_path: Path, method: str, path: str, body: object
) -> None:
    star = {"If-Match": "*"}
    async with controlled(tmp_path) as server:
        absent = await server.send(method, path, body, star)
        assert server.plane.state.revision == 0
        made = await server.send(method, path, body)
        present = await server.send(method, path, body, star)
        of_a_file = await server.send("PUT", "/overrides/customer/c-1/checkout", {"variant": "off"}, star)
    assert (absent.status, absent.json["type"], absent.json["revision"]) == (409, "/problems/stale", 0)
    assert "If-Match: *" in absent.json["detail"]
    assert (made.status in (200, 201), present.status, of_a_file.status) == (True, 200, 200)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/tokens", {"name": "x", "scopes": ["read"]}),
        ("DELETE", "/tokens/x", None),
        ("POST", "/audit/prune", {}),
        ("POST", "/audit/erase", {"kind": "customer", "name": "c", "legalBasis": "b"}),
        ("POST", "/audit/holds", {"name": "x"}),
        ("DELETE", "/audit/holds/x", None),
        ("POST", "/audit/rewrap", None),
    ],
)
async def test_a_condition_that_a_write_does_not_heed_is_refused(
    tmp_path: Path, method: str, path: str, body: object
) -> None:
    async with controlled(tmp_path) as server:
        for name, value in (("If-Match", '"0"'), ("Idempotency-Key", "k")):
            reply = await server.send(method, path, body, {name: value})
            assert (reply.status, reply.json["type"]) == (400, "/problems/malformed")
            assert f"{name} means nothing here" in reply.json["detail"]
        tokens = await server.send("GET", "/tokens")
        question = await server.send("POST", "/explain", {"key": "checkout"}, {"Idempotency-Key": "k"})
    assert "x" not in {each["name"] for each in tokens.json["items"]}
    assert question.status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/flags", {"key": "new"}),
        ("PUT", "/flags/checkout", {"defaultVariant": "on"}),
        ("PATCH", "/flags/checkout", {"defaultVariant": "on"}),
        ("POST", "/flags/checkout/toggle", None),
        ("PUT", "/flags/checkout/rollout", {"split": {"on": 1}}),
        ("POST", "/flags/checkout/kill", {"variant": "on"}),
        ("POST", "/flags/old/revive", None),
        ("PUT", OVERRIDE, {"variant": "on"}),
        ("PATCH", "/overrides/customer/c-9", {"checkout": "on"}),
        ("POST", "/overrides/customer/c-1/inherit", None),
        ("POST", "/overrides/batch", {"items": [
            {"level": "customer", "scope": "c", "flag": "checkout", "override": "on"}]}),
        ("POST", "/rollback", {"revision": 0}),
    ],
)  # fmt: skip
async def test_a_dry_run_tells_what_would_change_and_changes_nothing(
    tmp_path: Path, method: str, path: str, body: object
) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-3/colour", {"variant": "blue"})
        generation = server.server.store.snapshot.generation
        reply = await server.send(method, f"{path}?dry_run=true", body)
        history = await server.send("GET", "/revisions")
        unchanged = server.server.store.snapshot.generation
    assert reply.status == 200
    assert (reply.json["dryRun"], reply.json["revision"]) == (True, 1)
    assert len(reply.json["changes"]) >= 1
    assert (reply.json["flagsChanged"], reply.json["generation"]) == (None, None)
    assert (len(history.json["items"]), unchanged) == (1, generation)


async def test_a_repeated_key_tells_the_first_outcome_and_writes_once(tmp_path: Path) -> None:
    key = {"Idempotency-Key": "k-1"}
    async with controlled(tmp_path) as server:
        first = await server.send("POST", "/flags/checkout/toggle", None, key)
        replies = await asyncio.gather(
            *(server.send("POST", "/flags/checkout/toggle", None, key) for _ in range(5))
        )
        history = await server.send("GET", "/revisions")
        others = await server.send("POST", "/flags/checkout/toggle", None, key, token="write")
    assert {(each.status, each.json["revision"]) for each in replies} == {(200, 1)}
    assert "idempotency-replayed" not in first.headers
    assert {each.headers["idempotency-replayed"] for each in replies} == {"true"}
    assert [each.json["changes"] for each in replies] == [first.json["changes"]] * 5
    assert (len(history.json["items"]), others.json["revision"]) == (1, 2)


async def test_a_key_that_stood_for_another_request_is_refused(tmp_path: Path) -> None:
    key = {"Idempotency-Key": "k-1"}
    async with controlled(tmp_path) as server:
        await server.send("PUT", OVERRIDE, {"variant": "on"}, key)
        body = await server.send("PUT", OVERRIDE, {"variant": "off"}, key)
        path = await server.send("PUT", "/overrides/customer/c-8/checkout", {"variant": "on"}, key)
        verb = await server.send("DELETE", OVERRIDE, None, key)
        unfit = await server.send("PUT", OVERRIDE, {"variant": "on"}, {"Idempotency-Key": "ü"})
    assert [(each.status, each.json["type"]) for each in (body, path, verb)] == [
        (409, "/problems/idempotency-key-reused")
    ] * 3
    assert unfit.status == 400


async def test_every_answer_has_the_request_s_id_or_one_of_its_own(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        given = {"X-Request-Id": "order/7"}
        echoed = [
            await server.send("GET", "/flags", None, given),
            await server.send("PUT", OVERRIDE, {"variant": "on"}, given),
            await server.send("PUT", OVERRIDE, {"variant": "onn"}, given),
            await server.send("GET", "/flags", None, given, token=""),
        ]
        made = {(await server.send("GET", "/flags")).headers["x-request-id"] for _ in range(3)}
        unfit = await server.send("GET", "/flags", None, {"X-Request-Id": "a b"})
    assert [(each.status, each.headers["x-request-id"]) for each in echoed] == [
        (200, "order/7"),
        (200, "order/7"),
        (422, "order/7"),
        (401, "order/7"),
    ]
    assert (len(made), unfit.status) == (3, 400)


@pytest.mark.parametrize(
    "query",
    [
        "reason=" + "x" * 1001,
        "reason=a%00b",
        "actor=" + "x" * 257,
        "dry_run=yes",
        "dry_run",
        "reason=a&reason=b",
    ],
)
async def test_a_query_that_cannot_be_recorded_is_400_and_nothing_is_written(
    tmp_path: Path, query: str
) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("PUT", f"{OVERRIDE}?{query}", {"variant": "on"})
        revision = server.plane.state.revision
    assert (reply.status, reply.json["type"], revision) == (400, "/problems/malformed", 0)
