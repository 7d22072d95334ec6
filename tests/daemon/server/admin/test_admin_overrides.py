"""Overrides: who overrides a flag, what a scope has; set, patched, removed, one or many, and inherited."""

from __future__ import annotations

from pathlib import Path

from tests.daemon.server.admin.controlled import SHOP, controlled
from tests.daemon.server.serving import SetWall

from burgee.flag import Origin

NOON = 1_795_262_400.0
"""2026-11-21T12:00:00Z."""


async def locate(origin: Origin) -> tuple[int, int] | None:
    return (len(origin.path), 5) if origin.file == "flags.yaml" else None


async def test_an_override_is_served_from_the_moment_it_is_answered(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        before = await server.value("checkout", customer="c-9")
        reply = await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on"})
        after = await server.value("checkout", customer="c-9")
        removed = await server.send("DELETE", "/overrides/customer/c-9/checkout")
        again = await server.send("DELETE", "/overrides/customer/c-9/checkout")
        finally_ = await server.value("checkout", customer="c-9")
    assert (before, after, finally_) == (False, True, False)
    assert reply.json["changes"] == [
        {
            "flagSet": "shop",
            "kind": "override",
            "flag": "checkout",
            "level": "customer",
            "scope": "c-9",
            "before": None,
            "after": {"variant": "on"},
        }
    ]
    assert (removed.json["action"], again.status) == ("override.remove", 404)


async def test_who_overrides_a_flag_is_told_of_every_layer_with_its_place(tmp_path: Path) -> None:
    async with controlled(tmp_path, locate=locate, clock=SetWall(NOON)) as server:
        await server.send("PUT", "/overrides/customer/c-1/checkout", {"variant": "off", "lock": True})
        window = {"variant": "on", "from": "2026-12-01T00:00:00Z", "until": "2026-12-02T00:00:00Z"}
        await server.send("PUT", "/overrides/customer/c-2/checkout", window)
        await server.send("POST", "/overrides/environment/production/inherit")
        found = (await server.send("GET", "/flags/checkout/overrides")).json["overrides"]
    assert [(each["level"], each["scope"], each["source"], each["active"]) for each in found] == [
        ("customer", "c-1", "admin", True),
        ("customer", "c-1", "flags.yaml", False),
        ("customer", "c-2", "admin", False),
        ("environment", "production", "admin", True),
        ("environment", "production", "flags.yaml", False),
    ]
    admin, file, later, inherited, hidden = found
    assert (admin["lock"], admin["revision"], admin["coveredBy"]) == (True, 1, None)
    assert (file["coveredBy"], file["revision"]) == ("admin", None)
    assert (file["origin"]["file"], file["origin"]["line"], file["origin"]["column"]) == ("flags.yaml", 4, 5)
    assert later["why"] == "its window opens at 2026-12-01T00:00:00Z"
    assert later["window"] == {
        "from": "2026-12-01T00:00:00Z",
        "until": "2026-12-02T00:00:00Z",
        "open": False,
    }
    assert (inherited["override"], hidden["coveredBy"]) == ({"inherit": True}, "admin")


async def test_an_override_that_leads_nowhere_is_shown_with_the_reason(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-9/colour", {"variant": "blue"})
        less = {"variants": {"red": "#f00"}, "defaultVariant": "red"}
        server.server.deliver({**SHOP, "flags": {**SHOP["flags"], "colour": less}})
        [of_flag] = (await server.send("GET", "/flags/colour/overrides")).json["overrides"]
        one = await server.send("GET", "/overrides/customer/c-9/colour")
    assert (of_flag["active"], of_flag["why"]) == (False, "flag colour has no variant blue")
    assert (one.json["active"], one.json["why"]) == (False, "flag colour has no variant blue")


async def test_the_list_is_filtered_and_in_order(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-0/export", {"variant": "on"})

        async def listed(query: str) -> list[tuple[str, str, str]]:
            items = (await server.send("GET", f"/overrides{query}")).json["items"]
            return [(each["level"], each["scope"], each["flag"]) for each in items]

        everything = await listed("")
        by_level = await listed("?level=customer")
        by_scope = await listed("?level=customer&scope=c-1")
        by_flag = await listed("?flag=export&flag_set=shop")
        by_source = await listed("?source=admin")
    assert everything == [
        ("customer", "c-0", "export"),
        ("customer", "c-1", "checkout"),
        ("environment", "production", "checkout"),
        ("organization", "acme", "export"),
    ]
    assert (by_level, by_scope) == (everything[:2], everything[1:2])
    assert (by_flag, by_source) == ([everything[0], everything[3]], everything[:1])


async def test_a_scope_is_read_patched_and_cleared_at_once(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        body = {"checkout": "on", "colour": {"variant": "blue"}, "limits": {"patch": {"seats": {"most": 9}}}}
        patched = await server.send("PATCH", "/overrides/customer/c-7", body)
        less = await server.send("PATCH", "/overrides/customer/c-7", {"colour": None})
        scope = await server.send("GET", "/overrides/customer/c-7")
        limits = await server.value("limits", customer="c-7")
        cleared = await server.send("DELETE", "/overrides/customer/c-7")
        empty = await server.send("GET", "/overrides/customer/c-7")
    assert (patched.json["revision"], len(patched.json["changes"]), less.json["revision"]) == (1, 3, 2)
    assert {key: each["override"] for key, each in scope.json["overrides"].items()} == {
        "checkout": {"variant": "on"},
        "limits": {"patch": {"seats": {"most": 9}}},
    }
    assert limits == {"seats": {"most": 9, "note": "x"}}
    assert (len(cleared.json["changes"]), empty.json["overrides"]) == (2, {})


async def test_a_patch_merges_into_what_was_set(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on", "note": "pilot"})
        reply = await server.send("PATCH", "/overrides/customer/c-9/checkout", {"lock": True, "note": None})
    assert reply.json["changes"][0]["after"] == {"variant": "on", "lock": True}


async def test_a_batch_is_all_or_nothing(tmp_path: Path) -> None:
    good = {"level": "customer", "scope": "c-9", "flag": "checkout", "override": "on"}
    other = {"level": "environment", "scope": "test", "flag": "colour", "override": {"variant": "blue"}}
    bad = {"level": "customer", "scope": "c-9", "flag": "colour", "override": "green"}
    async with controlled(tmp_path) as server:
        refused = await server.send("POST", "/overrides/batch", {"items": [good, other, bad]})
        nothing = await server.value("checkout", customer="c-9")
        done = await server.send("POST", "/overrides/batch", {"items": [good, other]})
        both = (
            await server.value("checkout", customer="c-9"),
            await server.value("colour", environment="test"),
        )
        twice = await server.send("POST", "/overrides/batch", {"items": [good, good]})
        shapes = [
            await server.send("POST", "/overrides/batch", body)
            for body in (
                {},
                {"items": {}},
                {"items": []},
                {"items": [1]},
                {"items": [{**good, "scope": 1}]},
                {"items": [{**good, "overide": "on"}]},
                {"items": [{"level": "customer", "scope": "c", "flag": "checkout"}]},
                {"items": [{**good, "override": 1}]},
            )
        ]
    assert (refused.status, nothing) == (422, False)
    assert (len(done.json["changes"]), done.json["revision"], both) == (2, 1, (True, "#00f"))
    assert (twice.status, {reply.status for reply in shapes}) == (400, {400})


async def test_inherit_uncovers_what_lies_beneath_for_one_flag_or_a_scope(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        before = await server.value("checkout", customer="c-1")
        one = await server.send("POST", "/overrides/customer/c-1/checkout/inherit")
        after = await server.value("checkout", customer="c-1")
        await server.send("DELETE", "/overrides/customer/c-1/checkout")
        scope = await server.send("POST", "/overrides/customer/c-1/inherit")
        again = await server.value("checkout", customer="c-1")
    assert (before, after, again) == (True, False, False)
    assert (one.json["action"], scope.json["action"]) == ("scope.reset", "scope.reset")


async def test_an_override_that_inherits_is_found_wherever_overrides_are_read(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        nothing = await server.send("GET", "/overrides/customer/c-1/nowhere")
        await server.send("POST", "/overrides/customer/c-1/checkout/inherit")
        one = await server.send("GET", "/overrides/customer/c-1/checkout")
        scope = await server.send("GET", "/overrides/customer/c-1")
        listed = await server.send("GET", "/overrides?level=customer&scope=c-1&flag=checkout")
        await server.send("DELETE", "/overrides/customer/c-1/checkout")
        uncovered = await server.send("GET", "/overrides/customer/c-1/checkout")
    assert nothing.status == 404
    shown = (one.json["override"], one.json["source"], one.json["active"], one.json["revision"])
    assert shown == ({"inherit": True}, "admin", True, 1)
    assert scope.json["overrides"]["checkout"]["override"] == {"inherit": True}
    assert [each["override"] for each in listed.json["items"]] == [{"inherit": True}]
    assert uncovered.json["source"] == "flags.yaml"


async def test_a_lock_beneath_yields_to_break_glass_alone(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        path = "/overrides/organization/acme/export"
        locked = await server.send("PUT", path, {"variant": "on"}, token="write")
        reset = await server.send("POST", f"{path}/inherit", token="write")
        unreasoned = await server.send("PUT", path, {"variant": "on"})
        rehearsed = await server.send("PUT", f"{path}?dry_run=true", {"variant": "on"})
        broken = await server.send("PUT", f"{path}?reason=incident", {"variant": "on"})
        found = await server.send("GET", "/audit?action=break-glass")
        leaves = await server.send("GET", "/audit?action=override.set&scope=acme")
        served = await server.value("export", organization="acme")
    assert [(each.status, each.json["type"]) for each in (locked, reset)] == [(409, "/problems/locked")] * 2
    assert (broken.status, served) == (200, True)
    for refused in (unreasoned, rehearsed):
        assert (refused.status, refused.json["type"]) == (422, "/problems/invalid")
        assert refused.json["faults"][0]["remedy"] == "say why: `reason` in the query"
    [entry] = found.json["items"]
    assert (entry["flag"], entry["level"], entry["scope"]) == ("export", "organization", "acme")
    assert (entry["detail"]["brokeLock"], entry["reason"]) == ("flags.yaml", "incident")
    assert all(each["detail"]["brokeLock"] == "flags.yaml" for each in leaves.json["items"])
    assert leaves.json["items"]


async def test_a_flag_is_not_taken_from_beneath_a_lock_by_a_plain_writer(tmp_path: Path) -> None:
    document = {"variants": {"yes": True, "no": False}, "defaultVariant": "yes"}
    async with controlled(tmp_path) as server:
        locked = await server.send("PUT", "/flags/export", document, token="write")
        kept = await server.value("export", organization="acme")
        other = await server.send("PATCH", "/flags/export", {"owner": "me"}, token="write")
        broken = await server.send("PUT", "/flags/export?reason=incident", document)
        found = await server.send("GET", "/audit?action=break-glass")
    assert (locked.status, locked.json["type"], kept) == (409, "/problems/locked", False)
    assert "locked for organization `acme` in flags.yaml" in locked.json["detail"]
    assert (other.status, broken.status) == (200, 200)
    assert any("this breaks the lock" in each for each in broken.json["warnings"])
    [entry] = found.json["items"]
    assert (entry["scope"], entry["detail"]) == ("acme", {"brokeLock": "flags.yaml", "by": "flag"})


async def test_a_restricted_token_writes_where_it_may_alone(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        allowed = await server.send(
            "PUT", "/overrides/customer/c/checkout", {"variant": "on"}, token="customers"
        )
        level = await server.send(
            "PUT", "/overrides/environment/x/checkout", {"variant": "on"}, token="customers"
        )
        flag = await server.send("POST", "/flags/checkout/toggle", token="customers")
    assert allowed.status == 200
    assert [(each.status, each.json["type"]) for each in (level, flag)] == [
        (403, "/problems/not-allowed")
    ] * 2


async def test_a_fault_is_told_with_its_place_and_the_nearest_name(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        variant = await server.send("PUT", "/overrides/customer/c/checkout", {"variant": "onn"})
        level = await server.send("PUT", "/overrides/custommer/c/checkout", {"variant": "on"})
        nothing = await server.send("PUT", "/overrides/customer/c/checkout", {})
        missing = await server.send("GET", "/overrides/customer/c/checkout")
    assert variant.json["faults"] == [
        {
            "path": "overrides.customer.c.checkout.variant",
            "message": "unknown variant `onn`",
            "remedy": "did you mean `on`?",
        }
    ]
    assert (level.status, "did you mean `customer`?" in str(level.json)) == (422, True)
    assert (nothing.status, missing.status) == (422, 404)
