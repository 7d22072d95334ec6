"""Attempts that are refused after somebody was admitted: counted and told to the audit, as the others are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.server.admin.controlled import Controlled, controlled

from burgeed.audit.modes import STRICT
from burgeed.audit.records import AuditFilter
from burgeed.audit.throttle import MOST_A_SECOND
from burgeed.clock import SystemClock

LOCKED = "/overrides/organization/acme/export"


async def denied(server: Controlled, number: int = 1) -> list[dict[str, Any]]:
    """Entries of refusals, the newest first, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            page = await server.audit.search(AuditFilter(action="denied"), 500)
            if len(page.records) >= number:
                return [record.as_json() for record in page.records]
            await asyncio.sleep(0.01)


async def test_a_write_beyond_a_restriction_is_an_entry_that_says_what_was_tried(
    tmp_path: Path,
) -> None:
    async with controlled(tmp_path) as server:
        named = {"X-Request-Id": "r-7"}
        path = "/overrides/customer/c-9/checkout"
        reply = await server.send("PUT", path, {"variant": "on"}, named, token="colours")
        [entry] = await denied(server)
        number = server.server.state.denied
    assert (reply.status, reply.json["type"], number) == (403, "/problems/not-allowed", 1)
    assert (entry["actor"], entry["requestId"], entry["flagSet"]) == ("colours", "r-7", "shop")
    assert (entry["flag"], entry["level"], entry["scope"]) == ("checkout", "customer", "c-9")
    assert entry["detail"]["route"] == "/admin/v1/overrides/{level}/{scope}/{key}"
    assert "begins with none of col" in entry["detail"]["why"]


async def test_what_is_tried_in_a_batch_stands_in_the_entry_s_own_fields(tmp_path: Path) -> None:
    item = {"level": "organization", "scope": "beta", "flag": "checkout", "override": "on"}
    async with controlled(tmp_path) as server:
        reply = await server.send("POST", "/overrides/batch", {"items": [item]}, token="customers")
        [entry] = await denied(server)
    assert reply.status == 403
    assert (entry["flag"], entry["level"], entry["scope"]) == ("checkout", "organization", "beta")


@pytest.mark.parametrize("dry_run", ["", "?dry_run=true"])
async def test_a_write_at_a_lock_is_an_entry_dry_or_not(tmp_path: Path, dry_run: str) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("PUT", LOCKED + dry_run, {"variant": "on"}, token="write")
        [entry] = await denied(server)
    assert (reply.status, reply.json["type"]) == (409, "/problems/locked")
    assert (entry["flag"], entry["level"], entry["scope"]) == ("export", "organization", "acme")
    assert "is locked for organization `acme`" in entry["detail"]["why"]


async def test_a_rollback_past_a_lock_is_an_entry(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", f"{LOCKED}?reason=incident", {"variant": "on"})
        await server.send("DELETE", LOCKED)
        reply = await server.send("POST", "/rollback", {"revision": 1}, token="write")
        [entry] = await denied(server)
    assert (reply.status, entry["scope"], entry["detail"]["route"]) == (409, "acme", "/admin/v1/rollback")


async def test_giving_away_what_one_has_not_is_an_entry(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("POST", "/tokens", {"name": "more", "scopes": ["write"]}, token="tokens")
        [entry] = await denied(server)
    assert (entry["actor"], entry["detail"]["why"]) == (
        "tokens",
        "tokens has not the scope write, and cannot give it away",
    )


async def test_what_the_mode_refuses_is_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with controlled(tmp_path) as server:
        monkeypatch.setattr(server.audit.journal, "mode", STRICT)
        made = await server.send("POST", "/tokens", {"name": "more", "scopes": ["read"]})
        monkeypatch.undo()
        [entry] = await denied(server)
    assert (made.status, entry["detail"]["why"]) == (403, "mode strict asks for a reason")


async def test_pruning_under_a_legal_hold_is_an_entry(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("POST", "/audit/holds", {"name": "case-7"})
        statuses = [
            (await server.send("POST", f"/audit/prune{query}", {})).status for query in ("", "?dry_run=true")
        ]
        entries = await denied(server, 2)
    assert statuses == [409, 409] and "case-7" in entries[0]["detail"]["why"]


async def test_the_past_is_explained_to_who_may_read_and_to_nobody_else(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        question = {"key": "checkout", "revision": 0}
        asked = {"Authorization": f"Bearer {server.tokens['evaluate']}"}
        path, unix = "/admin/v1/explain", server.server.unix
        now = await unix.send("POST", path, {"key": "checkout"}, asked)
        refused = [
            await unix.send("POST", path, body, asked)
            for body in (question, {"key": "checkout", "at": "2020-01-01T00:00:00Z"})
        ]
        allowed = await server.send("POST", "/explain", question, token="read")
        entries = await denied(server, 2)
    assert (now.status, allowed.status) == (200, 200)
    assert [(each.status, each.json["type"]) for each in refused] == [(403, "/problems/denied")] * 2
    assert "has the scope read" in entries[0]["detail"]["why"]


async def test_mistakes_are_no_denials(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-9/nope", {"variant": "on"})
        await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "onn"})
        await server.send("PUT", "/overrides/customer/c-9/checkout", {}, {"If-Match": '"9"'})
        assert server.server.state.denied == 0


async def test_a_loop_of_refused_writes_is_counted_and_makes_few_entries(tmp_path: Path) -> None:
    tries = 60
    async with controlled(tmp_path) as server:
        began = SystemClock().monotonic()
        for _ in range(tries):
            assert (await server.send("PUT", LOCKED, {"variant": "on"}, token="write")).status == 409
        seconds = int(SystemClock().monotonic() - began) + 2
        assert server.server.state.denied == tries
        entries = await denied(server, MOST_A_SECOND)
    # In each second so many, and one that sums up the rest.
    assert len(entries) <= seconds * (MOST_A_SECOND + 1)


async def test_what_a_path_names_is_cut_and_made_writable_and_an_erasure_finds_it(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        long = "x" * 3_000
        for scope in (long, "%FF%0A", "c-77"):
            path = f"/overrides/customer/{scope}/checkout"
            assert (await server.send("PUT", path, {}, token="read")).status == 403
        entries = await denied(server, 3)
        body = {"kind": "customer", "name": "c-77", "legalBasis": "Art. 17 GDPR"}
        erased = await server.send("POST", "/audit/erase", body)
        page = await server.audit.search(AuditFilter(action="denied"), 10)
    assert [len(each["scope"]) for each in entries][2] == 256 and entries[0]["scope"] == "c-77"
    assert entries[1]["scope"].isprintable()
    assert erased.json["found"] and all("c-77" not in repr(record) for record in page.records)


async def test_every_refusal_names_its_request(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        for method, path, headers in (
            ("GET", "/nope", {"X-Request-Id": "r-1"}),
            ("PUT", "/flags", {"X-Request-Id": "r-1"}),
            ("PUT", LOCKED, {"X-Request-Id": "r-1", "Content-Type": "text/plain"}),
        ):
            reply = await server.send(method, path, None if method == "GET" else b"{}", headers)
            assert (reply.status >= 400, reply.headers["x-request-id"]) == (True, "r-1"), path
        for unfit in ("", "ü", "x" * 200):
            reply = await server.send("GET", "/nope", None, {"X-Request-Id": unfit})
            assert len(reply.headers["x-request-id"]) == 32
        made = await server.send("GET", "/nope")
    assert len(made.headers["x-request-id"]) == 32
