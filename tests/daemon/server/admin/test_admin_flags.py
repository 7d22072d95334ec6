"""Flags: listed, read, created, replaced, patched, deleted; toggled, rolled out, killed and revived."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from tests.daemon.server.admin.controlled import SHOP, controlled

from burgee.flag import Origin


async def locate(origin: Origin) -> tuple[int, int] | None:
    return (7, 3) if origin.file == "flags.yaml" else None


UNUSUAL = [key for key in SHOP["flags"] if not key.isascii() or not key.isalnum()]


async def test_a_flag_is_shown_as_it_is_served_with_its_place(tmp_path: Path) -> None:
    async with controlled(tmp_path, locate=locate) as server:
        reply = await server.send("GET", "/flags/checkout")
    assert reply.status == 200
    assert reply.json == {
        "flagSet": "shop",
        "key": "checkout",
        "type": "boolean",
        "definition": {
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "owner": "pay",
            "tags": ["beta"],
        },
        "state": "enabled",
        "kill": None,
        "source": "flags.yaml",
        "origin": {
            "source": "flags.yaml",
            "path": "flags.checkout",
            "file": "flags.yaml",
            "line": 7,
            "column": 3,
        },
        "overrides": 2,
        "locked": [],
        "revision": None,
        "killRevision": None,
    }


async def test_a_flag_that_was_set_at_run_time_says_so(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PATCH", "/flags/checkout", {"defaultVariant": "on"})
        await server.send("POST", "/flags/checkout/kill", {"variant": "off", "note": "leaks"})
        flag = (await server.send("GET", "/flags/checkout")).json
    assert (flag["source"], flag["revision"], flag["killRevision"]) == ("admin", 1, 2)
    assert flag["kill"] == {"variant": "off", "note": "leaks", "source": "admin"}
    assert (flag["state"], flag["definition"]["defaultVariant"]) == ("killed", "on")


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("prefix=c", ["checkout", "colour"]),
        ("tag=beta", ["checkout"]),
        ("owner=pay", ["checkout"]),
        ("state=killed", ["old"]),
        ("state=disabled", []),
        ("source=flags.yaml&prefix=e", ["export"]),
        ("source=admin", []),
        ("flag_set=shop&prefix=limits", ["limits"]),
    ],
)
async def test_the_list_is_filtered(tmp_path: Path, query: str, keys: list[str]) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("GET", f"/flags?{query}")
    assert [flag["key"] for flag in reply.json["items"]] == keys
    assert reply.json["next"] is None


@pytest.mark.parametrize("key", UNUSUAL)
async def test_a_key_with_anything_in_it_is_one_encoded_segment(tmp_path: Path, key: str) -> None:
    path = quote(key, safe="")
    async with controlled(tmp_path) as server:
        read = await server.send("GET", f"/flags/{path}")
        set_ = await server.send("PUT", f"/overrides/customer/{path}/{path}", {"variant": "on"})
        served = await server.value(key, customer=key)
        told = await server.send("GET", f"/overrides/customer/{path}/{path}")
        toggled = await server.send("POST", f"/flags/{path}/toggle")
    assert (read.status, read.json["key"]) == (200, key)
    assert (set_.status, set_.json["changes"][0]["scope"], served) == (200, key, True)
    assert (told.json["flag"], told.json["scope"]) == (key, key)
    assert toggled.json["changes"][0]["after"]["state"] == "DISABLED"


async def test_an_entity_tag_saves_reading_again_until_something_changes(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        first = await server.send("GET", "/flags/checkout")
        held = {"If-None-Match": first.headers["etag"]}
        same = await server.send("GET", "/flags/checkout", None, held)
        await server.send("POST", "/flags/export/toggle")
        elsewhere = await server.send("GET", "/flags/checkout", None, held)
        # The file changes it, without any revision.
        server.server.deliver({**SHOP, "flags": {**SHOP["flags"], "checkout": {"defaultVariant": "on"}}})
        changed = await server.send("GET", "/flags/checkout", None, held)
    assert (same.status, same.body) == (304, b"")
    assert elsewhere.status == 304
    assert (changed.status, changed.json["definition"]["defaultVariant"]) == (200, "on")


async def test_a_flag_is_created_once_and_served_at_once(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        made = await server.send("POST", "/flags", {"key": "new", "defaultVariant": "on"})
        served = await server.value("new")
        again = await server.send("POST", "/flags", {"key": "new", "defaultVariant": "on"})
        of_file = await server.send("POST", "/flags", {"key": "checkout"})
    assert (made.status, made.json["action"], made.json["flagsChanged"]) == (201, "flag.create", ["new"])
    assert made.headers["etag"] == '"1"'
    assert served is True
    assert (again.status, again.json["type"]) == (409, "/problems/already-exists")
    assert of_file.status == 409


async def test_replacing_makes_or_covers_and_deleting_uncovers(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        made = await server.send("PUT", "/flags/new", {"defaultVariant": "on"})
        covered = await server.send("PUT", "/flags/checkout", {"defaultVariant": "on"})
        while_covered = await server.value("checkout")
        uncovered = await server.send("DELETE", "/flags/checkout")
        afterwards = await server.value("checkout")
        of_file_alone = await server.send("DELETE", "/flags/export")
        unknown = await server.send("DELETE", "/flags/nope")
    assert (made.status, covered.status, uncovered.status) == (201, 200, 200)
    assert "flags.yaml have no effect" in covered.json["warnings"][0]
    assert (while_covered, afterwards) == (True, False)
    assert of_file_alone.status in (409, 422)
    assert (unknown.status, unknown.json["type"]) == (404, "/problems/not-found")


async def test_a_patch_changes_parts_and_null_removes(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("PATCH", "/flags/checkout", {"owner": None, "description": "d"})
        unfit = await server.send("PATCH", "/flags/checkout", {"defaultVariant": "onn"})
    after = reply.json["changes"][0]["after"]
    assert ("owner" in after, after["description"], after["tags"]) == (False, "d", ["beta"])
    assert unfit.status == 422
    assert unfit.json["faults"][0]["path"] == "flags.checkout.defaultVariant"
    assert "on" in unfit.json["faults"][0]["remedy"]


async def test_a_merge_patch_may_be_called_one(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        headers = {"Content-Type": "application/merge-patch+json"}
        reply = await server.send("PATCH", "/flags/checkout", {"description": "d"}, headers)
    assert reply.status == 200


async def test_toggling_turns_it_over_or_to_what_is_asked(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        off = await server.send("POST", "/flags/export/toggle", {"enabled": False})
        again = await server.send("POST", "/flags/export/toggle", {"enabled": False})
        on = await server.send("POST", "/flags/export/toggle")
        unfit = await server.send("POST", "/flags/export/toggle", {"enabled": "no"})
        unknown = await server.send("POST", "/flags/export/toggle", {"enable": True})
        served = await server.value("export")
    assert [reply.json["revision"] for reply in (off, again, on)] == [1, 1, 2]
    assert (again.json["changes"], served) == ([], True)
    assert (unfit.status, unknown.status) == (400, 400)
    assert "did you mean `enabled`?" in unknown.json["detail"]


async def test_who_selects_the_source_of_a_file_goes_on_seeing_a_flag_that_was_changed(
    tmp_path: Path,
) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PATCH", "/flags/checkout", {"defaultVariant": "on"})
        seen = await server.tcp.evaluate("checkout", {"Flagd-Selector": "source=flags.yaml"})
        shown = await server.send("GET", "/flags/checkout")
    assert (seen.status, seen.json.get("value")) == (200, True)
    assert shown.json["source"] == "admin"


async def test_a_rollout_is_set_and_taken_away(tmp_path: Path) -> None:
    ramp = {"variant": "on", "start": "2026-12-01T00:00:00Z", "complete": "2026-12-15T00:00:00Z"}
    async with controlled(tmp_path) as server:
        split = await server.send("PUT", "/flags/checkout/rollout", {"split": {"on": 100, "off": 0}})
        served = await server.value("checkout", targetingKey="u")
        ramped = await server.send("PUT", "/flags/checkout/rollout", {"ramp": ramp, "by": "customer"})
        removed = await server.send("DELETE", "/flags/checkout/rollout")
        both = await server.send("PUT", "/flags/checkout/rollout", {"split": {}, "ramp": {}})
        neither = await server.send("PUT", "/flags/checkout/rollout", {})
        unfit = await server.send("PUT", "/flags/checkout/rollout", {"split": {"onn": 1}})
    assert split.json["changes"][0]["after"]["rules"] == [{"name": "rollout", "split": {"on": 100, "off": 0}}]
    assert (served, ramped.status, removed.status) == (True, 200, 200)
    assert (both.status, neither.status, unfit.status) == (400, 400, 422)


async def test_a_kill_answers_over_every_level_and_a_file_s_kill_is_revived(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        before = await server.value("checkout", customer="c-1")
        killed = await server.send("POST", "/flags/checkout/kill?reason=incident", {"variant": "off"})
        while_killed = await server.value("checkout", customer="c-1")
        revived = await server.send("POST", "/flags/checkout/revive")
        afterwards = await server.value("checkout", customer="c-1")
        of_file = await server.send("POST", "/flags/old/revive")
        old = await server.value("old")
        unfit = await server.send("POST", "/flags/checkout/kill", {})
    assert (before, while_killed, afterwards, old) == (True, False, True, True)
    assert (killed.json["action"], revived.json["action"], of_file.status) == ("kill", "revive", 200)
    assert unfit.status == 400


async def test_an_unknown_flag_is_404_with_the_nearest_name(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        for method, path, body in (
            ("GET", "/flags/chekout", None),
            ("PATCH", "/flags/chekout", {}),
            ("POST", "/flags/chekout/toggle", None),
            ("POST", "/flags/chekout/revive", None),
            ("POST", "/flags/chekout/kill", {"code_default": True}),
            ("PUT", "/flags/chekout/rollout", {"split": {"on": 1}}),
        ):
            reply = await server.send(method, path, body)
            assert (method, path, reply.status) == (method, path, 404)
            assert "did you mean `checkout`?" in str(reply.json)


async def test_several_flag_sets_need_a_name(tmp_path: Path) -> None:
    async with controlled(tmp_path, sources=(("flags.yaml", False), ("more.yaml", True))) as server:
        server.server.deliver(
            {"metadata": {"flagSetId": "desk"}, "flags": {"checkout": {"defaultVariant": "on"}}}, "more.yaml"
        )
        ambiguous = await server.send("GET", "/flags/checkout")
        write = await server.send("POST", "/flags/checkout/toggle")
        named = await server.send("GET", "/flags/checkout?flag_set=desk")
        unknown = await server.send("GET", "/flags/checkout?flag_set=des")
        listed = await server.send("GET", "/flags?prefix=checkout")
    assert (ambiguous.status, write.status) == (400, 400)
    assert "?flag_set=: desk, shop" in ambiguous.json["detail"]
    assert named.json["definition"]["defaultVariant"] == "on"
    assert (unknown.status, "did you mean `desk`?" in unknown.json["detail"]) == (404, True)
    assert [flag["flagSet"] for flag in listed.json["items"]] == ["desk", "shop"]
