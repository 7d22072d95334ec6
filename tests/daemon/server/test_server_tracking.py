"""Tracked events: taken whole or refused with the place of the fault, and counted by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Serving, serving

from burgee.wire.tracking import MOST_EVENTS
from burgeed.server.limits import Limits
from burgeed.tracking.events import MOST_NAMES

TRACK = "/sync/v1/track"
ORDERED = {"name": "ordered", "time": "2026-11-21T12:00:00Z", "targetingKey": "u-1", "value": 9.5}


async def tracking(server: Serving, transport: str = "unix") -> Any:
    """What /status says of tracked events."""
    return (await server.peer(transport).send("GET", "/status")).json["tracking"]


@pytest.mark.parametrize("document", [None, DEFINITION], ids=["before ready", "ready"])
async def test_events_are_accepted_and_counted_by_name(
    tmp_path: Path, transport: str, document: dict[str, Any] | None
) -> None:
    async with serving(tmp_path, document) as server:
        peer = server.peer(transport)
        replies = [
            await peer.send("POST", TRACK, {"events": events})
            for events in ([ORDERED, {**ORDERED, "name": "left"}], [ORDERED], [])
        ]
        assert [(reply.status, reply.json) for reply in replies] == [
            (202, {"accepted": 2}),
            (202, {"accepted": 1}),
            (202, {"accepted": 0}),
        ]
        assert await tracking(server) == {
            "accepted": 3,
            "names": 2,
            "ofOtherNames": 0,
            "file": None,
            "byName": {"ordered": 2, "left": 1},
        }


async def test_names_are_told_on_the_socket_alone(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        await server.tcp.send("POST", TRACK, {"events": [ORDERED]})
        assert await tracking(server, "tcp") == {"accepted": 1, "names": 1, "ofOtherNames": 0, "file": None}


async def test_a_batch_with_a_fault_is_refused_whole_with_its_place(tmp_path: Path, transport: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        peer = server.peer(transport)
        faulty = await peer.send("POST", TRACK, {"events": [ORDERED, {**ORDERED, "time": "noon"}]})
        context = await peer.send("POST", TRACK, {"events": [{**ORDERED, "context": 1}]})
        nothing = await peer.send("POST", TRACK, b"")
        assert (faulty.status, faulty.json["errorCode"]) == (400, "PARSE_ERROR")
        assert "`events[1].time` is not RFC 3339" in faulty.json["errorDetails"]
        assert (context.status, context.json["errorCode"]) == (400, "INVALID_CONTEXT")
        assert (nothing.status, nothing.json["errorCode"]) == (400, "PARSE_ERROR")
        assert (await tracking(server))["accepted"] == 0


@pytest.mark.parametrize(("more", "status"), [(0, 202), (1, 400)])
async def test_a_batch_has_at_most_a_thousand_events(tmp_path: Path, more: int, status: int) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.send("POST", TRACK, {"events": [ORDERED] * (MOST_EVENTS + more)})
    assert reply.status == status


@pytest.mark.parametrize(("more", "status"), [(0, 202), (1, 413)])
async def test_a_body_has_at_most_the_bytes_of_any_request(tmp_path: Path, more: int, status: int) -> None:
    body = orjson.dumps({"events": [ORDERED]})
    async with serving(tmp_path, DEFINITION, limits=Limits(body=len(body))) as server:
        reply = await server.unix.send("POST", TRACK, body + b" " * more)
    assert reply.status == status


async def test_another_content_type_or_method_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        text = await server.unix.send("POST", TRACK, {"events": []}, {"Content-Type": "text/plain"})
        get = await server.unix.send("GET", TRACK)
    assert (text.status, get.status, get.headers["allow"]) == (400, 405, "POST")


async def test_names_beyond_a_thousand_are_counted_together(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        for first in (0, MOST_NAMES - 1, 0):
            events = [{**ORDERED, "name": f"n-{first + number}"} for number in range(MOST_NAMES)]
            assert (await server.unix.send("POST", TRACK, {"events": events})).status == 202
        told = await tracking(server)
    assert (told["accepted"], told["names"], told["ofOtherNames"]) == (3_000, MOST_NAMES, MOST_NAMES - 1)
    assert (told["byName"]["n-0"], told["byName"]["n-999"], "n-1000" in told["byName"]) == (2, 3, False)
