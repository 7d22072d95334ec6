"""Tokens, who one is, the audit, statistics, impact, and the streams' place in the table."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import orjson
import pytest
from tests.daemon.server.admin.controlled import Controlled, controlled


async def chunks(server: Controlled, path: str) -> tuple[int, dict[str, str], bytes]:
    """A chunked answer, whole."""
    headers = {"Authorization": f"Bearer {server.tokens['all']}"}
    async with await server.tcp.open() as wire:
        wire.write(server.tcp.request("GET", f"/admin/v1{path}", None, headers))
        reply = await wire.reply("GET")
        found = b""
        while piece := await wire.chunk():
            found += piece
    return reply.status, dict(reply.headers), found


async def test_a_token_is_shown_once_works_and_is_taken_back(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        body = {
            "name": "ci",
            "scopes": ["read", "write"],
            "restriction": {"levels": ["customer"], "flagPrefixes": ["check"]},
            "expires": "2999-01-01T00:00:00Z",
            "person": "ann",
        }
        made = await server.send("POST", "/tokens?reason=pipeline", body)
        shown = {"Authorization": f"Bearer {made.json['token']}"}
        who = await server.send("GET", "/whoami", None, shown, token="")
        allowed = await server.send(
            "PUT", "/overrides/customer/c/checkout", {"variant": "on"}, shown, token=""
        )
        listed = await server.send("GET", "/tokens")
        revoked = await server.send("DELETE", f"/tokens/{made.json['id']}")
        refused = await server.send("GET", "/whoami", None, shown, token="")
        unknown = await server.send("DELETE", "/tokens/nope")
    assert (made.status, made.headers["cache-control"]) == (201, "no-store")
    assert (who.json["name"], who.json["scopes"], who.json["person"]) == ("ci", ["read", "write"], "ann")
    assert who.json["restriction"] == {"levels": ["customer"], "scopes": [], "flagPrefixes": ["check"]}
    assert allowed.status == 200
    [mine] = [each for each in listed.json["items"] if each["name"] == "ci"]
    assert (mine["id"], mine["expiresAt"]) == (made.json["id"], 32_472_144_000.0)
    assert "token" not in mine and made.json["token"].partition(".")[2] not in listed.body.decode()
    assert (revoked.json["revokedAt"] is not None, refused.status, unknown.status) == (True, 401, 404)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"scopes": ["read"]}, 400, "`name` is no text"),
        ({"name": "x"}, 400, "`scopes` is no list"),
        ({"name": "x", "scopes": ["reed"]}, 400, "did you mean `read`?"),
        ({"name": "x", "scopes": []}, 422, "no scope"),
        ({"name": "x", "scopes": ["read"], "expires": "tomorrow"}, 400, "no date-time"),
        ({"name": "x", "scopes": ["read"], "expires": "2001-01-01T00:00:00Z"}, 422, "expires"),
        ({"name": "x", "scopes": ["read"], "restriction": {"level": []}}, 400, "`restriction`"),
        ({"name": "x", "scopes": ["read"], "restrictions": {}}, 400, "did you mean `restriction`?"),
        (
            {"name": "x", "scopes": ["write"], "restriction": {"levels": ["custommer"]}},
            400,
            "there is no level `custommer`; did you mean `customer`?",
        ),
        (
            {"name": "x", "scopes": ["write"], "restriction": {"scopes": [["tenant", "a"]]}},
            400,
            "there is no level `tenant`; known: ",
        ),
        ({"name": "uid:0", "scopes": ["read"]}, 422, "look like somebody else"),
        ({"name": "all", "scopes": ["read"]}, 409, "another token is called all"),
    ],
)
async def test_a_token_that_cannot_be_is_refused(
    tmp_path: Path, body: object, status: int, words: str
) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("POST", "/tokens", body)
    assert (reply.status, words in reply.json["detail"]) == (status, True), reply


async def test_tokens_come_in_pages_each_once(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        whole = await server.send("GET", "/tokens")
        found, cursor = [], ""
        while cursor is not None:
            page = await server.send("GET", f"/tokens?limit=4{f'&cursor={cursor}' if cursor else ''}")
            found += page.json["items"]
            cursor = page.json["next"]
            assert len(page.json["items"]) == 4 or cursor is None
            assert len(found) <= len(server.tokens)
            await server.registry.refresh()
        unfit = await server.send("GET", "/tokens?cursor=nonsense")
    assert (whole.json["next"], unfit.status) == (None, 400)
    assert [each["id"] for each in found] == [each["id"] for each in whole.json["items"]]
    assert len(found) == len(server.tokens)


async def test_nobody_gives_away_what_they_have_not(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        body = {"name": "more", "scopes": ["write"]}
        reply = await server.send("POST", "/tokens", body, token="tokens")
    assert (reply.status, reply.json["type"]) == (403, "/problems/not-allowed")


async def test_a_peer_of_the_socket_is_told_who_it_is(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.server.unix.send("GET", "/admin/v1/whoami")
        nobody = await server.send("GET", "/whoami", token="")
    assert (reply.json["kind"], reply.json["name"]) == ("peer", f"uid:{reply.json['uid']}")
    assert (nobody.status, nobody.json["scopes"]) == (200, [])


async def test_the_audit_tells_of_every_write_and_of_its_own_reading(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        path = "/overrides/customer/c-9/checkout?reason=pilot&actor=ann"
        await server.send("PUT", path, {"variant": "on"}, {"X-Request-Id": "r-1"})
        found = await server.send("GET", "/audit?action=override.set&flag=checkout&level=customer&scope=c-9")
        reads = await server.send("GET", "/audit?action=audit.read")
        none = await server.send("GET", "/audit?actor=nobody")
    [entry] = found.json["items"]
    assert (entry["actor"], entry["onBehalfOf"], entry["reason"]) == ("all", "ann", "pilot")
    assert (entry["requestId"], entry["revision"], entry["new"]) == ("r-1", 1, "on")
    first = reads.json["items"][-1]
    assert (first["scope"], first["detail"]) == (
        "c-9",
        {"how": "search", "filters": ["action", "flag", "level", "scope"]},
    )
    assert none.json == {"items": [], "next": None}


async def test_an_export_is_streamed_as_lines(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on"})
        status, headers, lines = await chunks(server, "/audit/export")
        _, csv_headers, csv = await chunks(server, "/audit/export?format=csv&action=override.set")
        unfit = await server.send("GET", "/audit/export?format=xml")
    assert (status, headers["content-type"]) == (200, "application/x-ndjson")
    entries = [orjson.loads(line) for line in lines.splitlines()]
    assert any(each.get("says", {}).get("action") == "override.set" for each in entries)
    assert entries[-1]["type"] == "end"
    assert lines.endswith(b"\n")
    assert csv_headers["content-type"] == "text/csv; charset=utf-8"
    assert csv_headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert b"override.set" in csv
    assert unfit.status == 400


async def test_an_export_that_breaks_off_does_not_look_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with controlled(tmp_path) as server:
        audit = server.audit

        async def lines(which: object, form: object):  # type: ignore[no-untyped-def]
            yield "x" * 70_000
            raise OSError("gone")

        monkeypatch.setattr(audit, "export", lines)
        headers = {"Authorization": f"Bearer {server.tokens['all']}"}
        async with await server.tcp.open() as wire:
            wire.write(server.tcp.request("GET", "/admin/v1/audit/export", None, headers))
            assert (await wire.reply("GET")).status == 200
            assert len(await wire.chunk()) == 70_000
            with pytest.raises((EOFError, ConnectionError, ValueError)):
                await wire.chunk()


async def test_a_checkpoint_is_text_and_there_is_none_at_first(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.audit.checkpoints.make()
        reply = await server.send("GET", "/audit/checkpoint")
        monkey = await server.send("GET", "/audit/checkpoint", token="read")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert reply.body.decode().count("\n") >= 4
    assert monkey.status == 403


async def test_pruning_and_erasing_answer_what_they_did(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on"})
        pruned = await server.send("POST", "/audit/prune?reason=old", {"before": "2001-01-01T00:00:00Z"})
        unfit = await server.send("POST", "/audit/prune", {"before": 1})
        body = {"kind": "customer", "name": "c-9", "legalBasis": "Art. 17 GDPR"}
        erased = await server.send("POST", "/audit/erase", body)
        unknown = await server.send("POST", "/audit/erase", {**body, "name": "c-0"})
        misspelt = await server.send("POST", "/audit/erase", {**body, "kind": "custmer"})
        lacking = await server.send("POST", "/audit/erase", {"kind": "customer", "name": "c-9"})
        found = await server.send("GET", "/audit?action=override.set")
    assert (pruned.json["segments"], unfit.status, lacking.status) == (0, 400, 400)
    assert (erased.json["found"], unknown.json["found"]) == (True, False)
    assert misspelt.status == 400 and "did you mean `customer`?" in misspelt.json["detail"]
    assert b"c-9" not in found.body


async def test_pruning_and_erasing_can_be_rehearsed(tmp_path: Path) -> None:
    body = {"kind": "customer", "name": "c-9", "legalBasis": "Art. 17 GDPR"}
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on"})
        pruned = await server.send("POST", "/audit/prune?dry_run=true", {})
        rehearsed = await server.send("POST", "/audit/erase?dry_run=true", body)
        still = await server.send("GET", "/audit?action=override.set&scope=c-9")
        erased = await server.send("POST", "/audit/erase", body)
        gone = await server.send("GET", "/audit?action=override.set&scope=c-9")
        told = await server.send("GET", "/audit?action=audit.erase")
    assert pruned.json == {"segments": 0, "entries": 0, "through": 0, "dryRun": True}
    assert (len(still.json["items"]), len(gone.json["items"])) == (1, 0)
    first, second = rehearsed.json, erased.json
    assert (first["dryRun"], second["dryRun"], first["pseudonym"]) == (True, False, "")
    assert all(first[name] == second[name] for name in ("found", "subjectId", "entries", "revisions", "left"))
    assert len(told.json["items"]) == 1


async def test_statistics_count_what_is_served_and_what_is_set(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        await server.send("POST", "/flags/checkout/kill", {"variant": "off"})
        await server.send("PUT", "/overrides/customer/c-9/export", {"variant": "off"})
        found = (await server.send("GET", "/statistics")).json
    [shop] = found["flagSets"]
    assert shop["states"] == {"enabled": 6, "disabled": 0, "killed": 2}
    assert shop["overrides"] == {"customer": 2, "organization": 1, "environment": 1}
    assert (found["revision"], found["runTime"]) == (2, {"flags": 0, "overrides": 1, "kills": 1})
    assert (found["store"]["kind"], found["tokens"]["good"]) == ("sqlite", len(server.tokens))


async def test_impact_is_in_the_table(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        body = {
            "contexts": [{"customer": "c-1"}, {"customer": "c-2"}],
            "overlay": {"flags": {"checkout": {"defaultVariant": "on"}}},
        }
        reply = await server.send("POST", "/impact", body)
    assert (reply.status, reply.json["affected"]) == (200, 1)


async def test_the_stream_of_changes_is_in_the_table(tmp_path: Path) -> None:
    headers_of = "Authorization"
    async with controlled(tmp_path) as server:
        headers = {headers_of: f"Bearer {server.tokens['read']}"}
        async with await server.tcp.open() as wire:
            path = f"/admin/v1/events?type={quote('override.set')}&type=flag.*"
            wire.write(server.tcp.request("GET", path, None, headers))
            reply = await wire.reply("GET")
            assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
            await wire.chunk()
            await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on"})
            told = b""
            while b"override.set" not in told:
                told += await wire.chunk()
        head = await server.send("HEAD", "/events")
        twice = await server.send("GET", "/events?flag=a&flag=b")
    assert b'"c-9"' in told
    assert (head.status, twice.status) == (405, 400)
