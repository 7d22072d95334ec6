"""What is changed at run time is told to whoever listens: over both kinds of stream, the same."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.daemon import wait_until
from tests.support.event_server import EventServer, control_event, event_server
from tests.support.raw_streams import KINDS, RawStream, Refused

from burgee.wire.control_events import TYPES
from burgeed.control.event_log import EventLog
from burgeed.server import control_event_streams
from burgeed.server.limits import Limits


@pytest.fixture(params=["sse", "websocket"])
def kind(request: pytest.FixtureRequest) -> type[RawStream]:
    return KINDS[request.param]


@pytest.fixture(params=["unix", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EventServer]:
    with event_server(tmp_path) as running:
        yield running


def opened(server: EventServer, kind: type[RawStream], count: int = 1, **how: Any) -> RawStream:
    """A stream that is subscribed."""
    stream = kind(server.unix, **how)
    wait_until(lambda: server.log.subscribers == count)
    return stream


def flags(stream: RawStream, count: int) -> list[str]:
    return [stream.event()["flag"] for _ in range(count)]


def test_a_stream_begins_with_what_it_goes_on_from(
    server: EventServer, kind: type[RawStream], transport: str
) -> None:
    server.append(
        control_event(revision=16, flag_key="f"),
        control_event(
            "generation.published", revision=16, data={"generation": "e-9", "flags_changed": ["f"]}
        ),
    )
    with kind(getattr(server, transport)) as stream:
        assert stream.event() == {
            "id": "e1-2",
            "type": "reset",
            "revision": 16,
            "generation": "e-9",
            "why": "connected",
        }


@pytest.mark.parametrize("type", TYPES)
def test_each_type_of_event_is_told_with_everything_that_is_known_of_it(
    server: EventServer, kind: type[RawStream], type: Any
) -> None:
    with opened(server, kind) as stream:
        stream.event()
        data = {"before": {"variant": "off"}, "after": None, "target": 3}
        server.append(
            control_event(
                type, at=12.25, revision=7, actor="ci", reason="why “not”\n", flag_set="shop", flag_key="a/b",
                level="organization", scope="acme", data={**data, "flags_changed": frozenset({"b", "a"})},
            )
        )  # fmt: skip
        assert stream.event() == {
            "id": "e1-1",
            "type": type,
            "at": 12.25,
            "revision": 7,
            "actor": "ci",
            "reason": "why “not”\n",
            "flagSet": "shop",
            "flag": "a/b",
            "level": "organization",
            "scope": "acme",
            "data": {**data, "flagsChanged": ["a", "b"]},
        }


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "abcdefgh"),
    ({"flag": "checkout"}, "aceh"),
    ({"flag": "check*"}, "abceh"),
    ({"flag": "*"}, "abcdefgh"),
    ({"flag": "Checkout"}, "h"),
    ({"flag_set": "shop"}, "acefh"),
    ({"flag_set": ""}, "bdfgh"),
    ({"level": "organization"}, "cdeh"),
    ({"level": "organization", "scope": "acme"}, "ceh"),
    ({"scope": "globex"}, "dh"),
    ({"type": "override.*"}, "cde"),
    ({"type": ["flag.updated", "override.removed"]}, "abe"),
    ({"type": "generation.published"}, "f"),
    ({"type": "generation.published", "flag": "x*"}, "f"),
    ({"type": "generation.published", "flag": "y"}, ""),
    ({"type": "*", "flag": "checkout", "level": "organization"}, "ceh"),
]


def told_until(stream: RawStream, position: str) -> str:
    """The reasons of events until a heartbeat says that the stream has come that far."""
    reasons = ""
    while (message := stream.next())["id"] != position or message["type"] != "heartbeat":
        reasons += message.get("reason", "")
    return reasons


@pytest.mark.parametrize(("query", "told"), FILTERS)
def test_a_filter_tells_what_it_asks_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[RawStream],
    query: dict[str, Any],
    told: str,
) -> None:
    # Heartbeats come often here, and whoever is slow to answer one is not the question.
    monkeypatch.setattr(control_event_streams, "SILENT_BEATS", 400)
    at = {"flag_set": "shop", "level": "organization", "scope": "acme", "flag_key": "checkout"}
    with (
        event_server(tmp_path, limits=Limits(control_heartbeat=0.05)) as server,
        opened(server, kind, query=query) as stream,
    ):
        server.append(
            control_event(flag_key="checkout", flag_set="shop", reason="a"),
            control_event(flag_key="check-in", reason="b"),
            control_event("override.set", reason="c", **at),
            control_event("override.set", flag_key="e", level="organization", scope="globex", reason="d"),
            control_event("override.removed", reason="e", **at),
            control_event("generation.published", reason="f", data={"flags_changed": {"xy"}}),
            control_event("flag.created", flag_key="zebra", reason="g"),
            control_event("rolled_back", reason="h"),
        )
        assert told_until(stream, "e1-8") == told
        with kind(server.unix, query=query, last_id="e1-0") as again:
            assert told_until(again, "e1-8") == told


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"type": "flag.update"}, "did you mean `flag.updated`"),
        ({"type": "x.*"}, "known: flag.created"),
        ({"type": ["flag.*"] * 33}, "more than 32"),
        ({"flags": "x"}, "did you mean `flag`"),
        ({"flag": ["a", "b"]}, "more than once"),
        ({"scope": "x" * 257}, "257 characters"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(
    server: EventServer, kind: type[RawStream], query: dict[str, Any], says: str
) -> None:
    with pytest.raises(Refused) as refused:
        kind(server.unix, query=query)
    problem = json.loads(refused.value.body)
    assert (refused.value.status, problem["status"], problem["type"]) == (400, 400, "/problems/malformed")
    assert says in problem["detail"]


@pytest.mark.parametrize("how", ["header", "query"])
def test_a_stream_resumes_right_after_the_event_heard_last(
    server: EventServer, kind: type[RawStream], how: str
) -> None:
    server.append(*(control_event(flag_key=f"f{number}") for number in range(1, 500)))
    for heard in (0, 1, 250, 498):
        by = {"last_id": f"e1-{heard}"} if how == "header" else {"query": {"last_event_id": f"e1-{heard}"}}
        with kind(server.unix, **by) as stream:  # type: ignore[arg-type]
            assert stream.next() == {"id": f"e1-{heard}", "type": "heartbeat", "revision": 1}
            assert flags(stream, 499 - heard) == [f"f{number}" for number in range(heard + 1, 500)]
    with kind(server.unix, last_id="e1-499") as stream:
        assert stream.next()["id"] == "e1-499"
        server.append(control_event(flag_key="new"))
        assert stream.event()["id"] == "e1-500"


@pytest.mark.parametrize(
    ("last_id", "why"),
    [
        ("e1-5", "gap"),
        ("e1-21", "gap"),
        ("e1-999999999999999999999999", "gap"),
        ("e0-15", "epoch"),
        ("15", "epoch"),
        ("e1-", "epoch"),
        ("e1-١٥", "epoch"),
        ("x" * 256, "epoch"),
        ("", "connected"),
    ],
)
def test_who_cannot_go_on_from_where_it_was_is_told_so(
    tmp_path: Path, kind: type[RawStream], last_id: str, why: str
) -> None:
    with event_server(tmp_path, log=EventLog("e1", length=10)) as server:
        server.append(*(control_event(flag_key=f"f{number}", revision=number) for number in range(1, 21)))
        with kind(server.unix, query={"last_event_id": last_id}) as stream:
            reset = stream.event()
            assert (reset["type"], reset["why"], reset["id"], reset["revision"]) == (
                "reset",
                why,
                "e1-20",
                20,
            )
            server.append(control_event(flag_key="next"))
            assert stream.event()["flag"] == "next"
        with kind(server.unix, last_id="e1-11") as stream:
            assert flags(stream, 10) == [f"f{number}" for number in range(12, 21)] + ["next"]


def test_heartbeats_tell_how_far_the_stream_has_come_past_events_of_no_interest(
    tmp_path: Path, kind: type[RawStream]
) -> None:
    with (
        event_server(tmp_path, limits=Limits(control_heartbeat=0.5)) as server,
        opened(server, kind, query={"flag": "mine"}) as stream,
    ):
        assert stream.next()["type"] == "reset"
        assert stream.next() == {"id": "e1-0", "type": "heartbeat", "revision": 0}
        server.append(control_event(flag_key="other", revision=4))
        while (beat := stream.next())["id"] == "e1-0":
            pass
        assert beat == {"id": "e1-1", "type": "heartbeat", "revision": 4}


def test_streams_end_when_the_server_drains(tmp_path: Path) -> None:
    with event_server(tmp_path) as server:
        sse, websocket = opened(server, KINDS["sse"]), opened(server, KINDS["websocket"], 2)
        for stream in (sse, websocket):
            stream.event()
        server.do(server.events.end)
        with pytest.raises(EOFError):
            sse.event()
        assert websocket.farewell() == 1001  # type: ignore[attr-defined]
        websocket.send(8, b"\x03\xe9")  # type: ignore[attr-defined]
        assert websocket.has_ended()
        wait_until(lambda: (server.log.subscribers, server.state.subscribers) == (0, 0))
        server.do(lambda: setattr(server.state, "draining", True))
        for kind in KINDS.values():
            with pytest.raises(Refused) as refused:
                kind(server.unix)
            assert refused.value.status == 503
        sse.socket.close()
        websocket.socket.close()


def test_there_are_no_more_streams_than_the_server_may_have(tmp_path: Path) -> None:
    with event_server(tmp_path, limits=Limits(subscribers=3)) as server:
        kinds = itertools.cycle(KINDS.values())
        streams = [opened(server, next(kinds), count) for count in (1, 2, 3)]
        for kind in KINDS.values():
            with pytest.raises(Refused) as refused:
                kind(server.unix)
            assert (refused.value.status, refused.value.headers["retry-after"]) == (503, "1")
        streams.pop().socket.close()
        wait_until(lambda: server.log.subscribers == 2)
        opened(server, next(kinds), 3).socket.close()
        for stream in streams:
            stream.socket.close()


def test_a_page_of_another_origin_gets_no_stream(server: EventServer, kind: type[RawStream]) -> None:
    own = {"Origin": f"http://127.0.0.1:{server.port}"}
    with kind(server.tcp, headers=own) as stream:
        assert stream.event()["type"] == "reset"
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}):
        with pytest.raises(Refused) as refused:
            kind(server.tcp, headers=headers)
        assert refused.value.status == 403


def test_an_old_client_reads_events_without_chunks(server: EventServer) -> None:
    server.append(control_event(flag_key="f"))
    with KINDS["sse"](server.unix, open_it=False) as stream:
        stream.socket.sendall(b"GET /admin/v1/events?last_event_id=e1-0 HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert b"chunked" not in stream.until(b"\r\n\r\n")
        assert stream.until(b"\n\n").startswith(b"id: e1-0\nevent: heartbeat\n")
        assert stream.until(b"\n\n").startswith(b"id: e1-1\nevent: flag.updated\ndata: {")
