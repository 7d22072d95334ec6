"""Alive, ready, and what is going on; on TCP without what shows whom a flag is for."""

from __future__ import annotations

from pathlib import Path

from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import SOURCE, serving

from burgee.fault import Fault

FAULT = Fault(
    "unknown variant `of` for customer c-42",
    ("overrides", "customer", "c-42"),
    "did you mean `off`?",
    file="flags.yaml",
    line=3,
    column=7,
)


async def test_live_is_told_before_ready_is(tmp_path: Path, transport: str) -> None:
    async with serving(tmp_path) as server:
        peer = server.peer(transport)
        before = [
            (await peer.send("GET", path)).status for path in ("/healthz", "/readyz", "/health", "/status")
        ]
        server.deliver(DEFINITION)
        after = [
            (await peer.send("GET", path)).status for path in ("/healthz", "/readyz", "/health", "/status")
        ]
    assert before == [200, 503, 503, 200]
    assert after == [200, 200, 200, 200]


async def test_not_ready_says_what_is_waited_for(tmp_path: Path) -> None:
    sources = (("here.yaml", False), ("gone.yaml", False), ("maybe.yaml", True))
    async with serving(tmp_path, sources=sources) as server:
        server.deliver(DEFINITION, "here.yaml")
        server.statuses.absent("gone.yaml", "there is no such file")
        server.store.excuse("maybe.yaml")
        reply = await server.unix.send("GET", "/readyz")
        server.deliver({"flags": {}}, "gone.yaml")
        ready = await server.unix.send("GET", "/readyz")
    assert reply.json == {
        "status": "not ready",
        "reasons": ["source gone.yaml is absent: there is no such file"],
    }
    assert reply.headers["retry-after"] == "1"
    assert (ready.status, ready.json) == (200, {"status": "ready", "reasons": []})


async def test_a_draining_server_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        wire.write(server.unix.request("GET", "/readyz"))
        assert (await wire.reply()).status == 200
        await server.listeners.stop_accepting()
        wire.write(server.unix.request("GET", "/readyz"))
        reply = await wire.reply()
    assert (reply.status, reply.json["reasons"]) == (503, ["the daemon is shutting down"])


async def test_health_reports_without_names(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        await server.unix.evaluate("static")
        reply = await server.tcp.send("GET", "/health")
    assert reply.json["version"] == "0.0"
    assert reply.json["generation"] == "epoch-1"
    assert reply.json["sources"] == [{"name": SOURCE, "optional": False, "state": "live"}]
    assert reply.json["server"]["requests"] == 2
    assert reply.json["server"]["connections"] >= 1
    assert reply.json["uptimeSeconds"] == 0


async def test_status_shows_faults_whole_on_the_socket_and_by_position_on_tcp(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        server.statuses.rejected(SOURCE, (FAULT,))
        full = (await server.unix.send("GET", "/status")).json
        reduced = await server.tcp.send("GET", "/status")
    assert full["detail"] == "full"
    [fault] = full["sources"][0]["faults"]
    assert (fault["message"], fault["line"], fault["column"]) == (FAULT.message, 3, 7)
    assert full["sources"][0]["state"] == "rejected"
    assert full["generation"] == "epoch-1"
    assert full["flagSets"] == [
        {"flagSetId": "shop", "flags": 13, "overrides": 1, "kills": 0, "fractionalVersion": 2}
    ]
    assert reduced.json["detail"] == "reduced"
    assert reduced.json["sources"][0]["faults"] == [
        {"severity": "error", "file": "flags.yaml", "line": 3, "column": 7}
    ]
    assert b"c-42" not in reduced.body


async def test_status_names_inactive_overrides_on_the_socket_alone(tmp_path: Path) -> None:
    async with serving(tmp_path, sources=(("base", False), ("top", False))) as server:
        server.deliver({"flags": {"f": {"defaultVariant": "on"}}}, "base")
        server.deliver({"overrides": {"customer": {"c-42": {"gone": "off"}}}}, "top")
        full = (await server.unix.send("GET", "/status")).json
        reduced = await server.tcp.send("GET", "/status")
    [inactive] = full["inactive"]
    assert (inactive["flag"], inactive["level"], inactive["scope"]) == ("gone", "customer", "c-42")
    assert inactive["why"]
    assert (full["inactiveCount"], reduced.json["inactiveCount"]) == (1, 1)
    assert "inactive" not in reduced.json
    assert b"c-42" not in reduced.body
