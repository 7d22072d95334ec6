"""History, differences, going back, and explanations of the past."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.daemon.server.admin.controlled import controlled
from tests.daemon.server.serving import SetWall

NOON = 1_795_262_400.0
"""2026-11-21T12:00:00Z."""


async def test_a_revision_says_who_did_what_when_and_why(tmp_path: Path) -> None:
    async with controlled(tmp_path, clock=SetWall(NOON)) as server:
        path = "/overrides/customer/c-9/checkout?reason=pilot%20%E2%9C%93&actor=ann"
        await server.send("PUT", path, {"variant": "on"}, {"X-Request-Id": "r-1"})
        revision = (await server.send("GET", "/revisions/1")).json
        none = await server.send("GET", "/revisions/2")
        no_number = await server.send("GET", "/revisions/one")
    changes = revision.pop("changes")
    assert revision == {
        "revision": 1,
        "at": NOON,
        "action": "override.set",
        "actor": "all",
        "onBehalfOf": "ann",
        "reason": "pilot ✓",
        "requestId": "r-1",
        "target": None,
    }
    assert (len(changes), changes[0]["after"]) == (1, {"variant": "on"})
    assert (none.status, no_number.status) == (404, 404)


async def test_history_is_filtered_by_flag_scope_actor_action_and_time(tmp_path: Path) -> None:
    clock = SetWall(NOON)
    async with controlled(tmp_path, clock=clock) as server:
        await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on"})
        clock.time = NOON + 60
        await server.send("POST", "/flags/checkout/toggle", token="write")
        clock.time = NOON + 120
        await server.send("PUT", "/overrides/customer/c-9/colour", {"variant": "blue"})

        async def numbers(path: str) -> list[int]:
            reply = await server.send("GET", path)
            assert reply.status == 200, reply
            return [each["revision"] for each in reply.json["items"]]

        assert await numbers("/revisions") == [3, 2, 1]
        assert await numbers("/flags/checkout/history") == [2, 1]
        assert await numbers("/overrides/customer/c-9/history") == [3, 1]
        assert await numbers("/revisions?flag=colour") == [3]
        assert await numbers("/revisions?level=customer&scope=c-9&flag_set=shop") == [3, 1]
        assert await numbers("/revisions?actor=write") == [2]
        assert await numbers("/revisions?action=flag.toggle") == [2]
        assert await numbers("/revisions?since=2026-11-21T12:01:00Z&until=2026-11-21T12:02:00Z") == [2]
        assert await numbers("/revisions?since=2026-11-21T13:01:00%2B01:00") == [3, 2]


async def test_a_difference_has_each_entry_once(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        for variant in ("on", "off", "on"):
            await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": variant})
        whole = await server.send("GET", "/diff?from=0")
        step = await server.send("GET", "/diff?from=2&to=3")
        none = await server.send("GET", "/diff?from=1&to=3")
        missing = await server.send("GET", "/diff")
        unknown = await server.send("GET", "/diff?from=1&to=9")
    assert [(each["before"], each["after"]) for each in whole.json["changes"]] == [(None, {"variant": "on"})]
    assert [each["before"] for each in step.json["changes"]] == [{"variant": "off"}]
    assert (whole.json["to"], none.json["changes"]) == (3, [])
    assert (missing.status, unknown.status) == (400, 404)


async def test_going_back_is_a_new_revision_of_one_flag_one_scope_or_everything(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on"})
        await server.send("PUT", "/overrides/customer/c-8/checkout", {"variant": "on"})
        await server.send("PUT", "/overrides/customer/c-9/colour", {"variant": "blue"})
        flag = await server.send("POST", "/flags/checkout/rollback?reason=undo", {"revision": 1})
        c_8 = await server.value("checkout", customer="c-8")
        scope = await server.send("POST", "/overrides/customer/c-9/rollback", {"revision": 0})
        c_9 = await server.value("checkout", customer="c-9"), await server.value("colour", customer="c-9")
        everything = await server.send("POST", "/rollback", {"revision": 3})
        again = await server.value("checkout", customer="c-9"), await server.value("colour", customer="c-9")
        newest = (await server.send("GET", "/revisions?limit=1")).json["items"][0]
    assert (flag.json["revision"], flag.json["action"], c_8) == (4, "rollback", False)
    assert (scope.json["revision"], c_9) == (5, (False, "#f00"))
    assert (everything.json["revision"], again) == (6, (True, "#00f"))
    assert (newest["target"], newest["revision"]) == (3, 6)


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"revision": "1"}, 400), ({"revision": -1}, 400), ({"revision": True}, 400),
     ({"revision": 1.5}, 400), ({"revision": 9}, 404), ({"revison": 1}, 400)],
)  # fmt: skip
async def test_a_wrong_target_is_refused(tmp_path: Path, body: object, status: int) -> None:
    async with controlled(tmp_path) as server:
        for path in ("/rollback", "/flags/checkout/rollback", "/overrides/customer/c-1/rollback"):
            assert (await server.send("POST", path, body)).status == status


async def test_the_past_is_explained_by_revision_and_by_instant(tmp_path: Path) -> None:
    clock = SetWall(NOON)
    question = {"key": "checkout", "context": {"customer": "c-9"}}
    async with controlled(tmp_path, clock=clock) as server:
        await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on"})
        clock.time = NOON + 60
        await server.send("DELETE", "/overrides/customer/c-9/checkout")
        now = await server.send("POST", "/explain", question)
        first = await server.send("POST", "/explain", {**question, "revision": 1})
        then = await server.send("POST", "/explain", {**question, "at": "2026-11-21T12:00:30Z"})
        unknown = await server.send("POST", "/explain", {**question, "revision": 7})
        unfit = await server.send("POST", "/explain", {**question, "at": "yesterday"})
    assert [reply.json["answer"]["value"] for reply in (now, first, then)] == [False, True, True]
    assert (first.json["generation"], first.json["past"]["revision"]) == (None, 1)
    assert (then.json["past"]["at"], then.json["past"]["revision"]) == (NOON + 30, 1)
    assert "past" not in now.json
    assert (unknown.status, unfit.status) == (404, 400)
