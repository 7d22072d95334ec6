"""One contract for everyone who listens: {blocking, asynchronous, bare socket} x {SSE, WebSocket}."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from burgee.wire.control_events import TYPES
from burgeed.control.event_log import EventLog
from tests.client.conftest import Listener
from tests.support.daemon import wait_until
from tests.support.event_server import EventServer, control_event, event_server


@pytest.fixture
def listener(server: EventServer, listener_kind: Any, over: str) -> Iterator[Listener]:
    made = listener_kind(server.unix, over=over)
    yield made
    made.close()


def subscribed(listener: Listener, **how: Any) -> Iterator[dict[str, Any]]:
    """A stream that has told where it begins."""
    events = listener.events(**how)
    reset = next(events)
    assert (reset["type"], reset["why"]) == ("reset", "connected")
    return events


def test_every_type_of_event_arrives_whole_and_in_order(server: EventServer, listener: Listener) -> None:
    events = subscribed(listener)
    told = [
        control_event(
            type, revision=number, actor="ci", reason="é\n", flag_set="shop", flag_key="a/b",
            level="customer", scope="c-1", at=number + 0.25,
            data={"before": None, "after": {"variant": "on"}},
        )
        for number, type in enumerate(TYPES)
    ]  # fmt: skip
    server.append(*told)
    heard = list(islice(events, len(told)))
    assert [each["id"] for each in heard] == [f"e1-{number}" for number in range(1, len(told) + 1)]
    assert [each["type"] for each in heard] == list(TYPES)
    assert {key: heard[5][key] for key in ("actor", "reason", "flagSet", "flag", "level", "scope", "at")} == {
        "actor": "ci",
        "reason": "é\n",
        "flagSet": "shop",
        "flag": "a/b",
        "level": "customer",
        "scope": "c-1",
        "at": 5.25,
    }
    assert heard[5]["data"] == {"before": None, "after": {"variant": "on"}}


def test_filters_are_those_of_the_daemon(server: EventServer, listener: Listener) -> None:
    wanted = {"flag": "check*", "level": "customer", "scope": "c-1", "flag_set": "", "types": ["override.*"]}
    events = subscribed(listener, **wanted)
    at = {"flag_key": "checkout", "level": "customer", "scope": "c-1"}
    server.append(
        control_event("override.set", **at),
        control_event("override.set", **{**at, "flag_key": "export"}),
        control_event("override.set", **{**at, "level": "organization"}),
        control_event("override.set", **{**at, "scope": "c-2"}),
        control_event("override.set", **at, flag_set="shop"),
        control_event("flag.updated", flag_key="checkout"),
        control_event("override.removed", **at),
    )
    assert [each["id"] for each in islice(events, 2)] == ["e1-1", "e1-7"]


def test_a_stream_goes_on_after_an_event(server: EventServer, listener: Listener) -> None:
    server.append(*(control_event(flag_key=f"f{number}") for number in range(10)))
    events = listener.events(after="e1-7")
    assert [each["id"] for each in islice(events, 3)] == ["e1-8", "e1-9", "e1-10"]
    server.append(control_event())
    assert next(events)["id"] == "e1-11"


@pytest.mark.parametrize(("after", "why"), [("e1-1", "gap"), ("e0-3", "epoch")])
def test_a_stream_that_cannot_go_on_says_so_and_tells_what_follows(
    tmp_path: Path, listener_kind: Any, over: str, after: str, why: str
) -> None:
    log = EventLog("e1", length=3)
    with event_server(tmp_path, log=log) as server:
        server.append(*(control_event(revision=number) for number in range(10)))
        listener = listener_kind(server.unix, over=over)
        try:
            events = listener.events(after=after)
            reset = next(events)
            assert (reset["type"], reset["why"], reset["revision"], reset["id"]) == ("reset", why, 9, "e1-10")
            server.append(control_event(revision=10))
            assert next(events)["revision"] == 10
        finally:
            listener.close()


def test_two_streams_of_one_client_hear_the_same(server: EventServer, listener: Listener) -> None:
    streams = [subscribed(listener), subscribed(listener)]
    server.append(*(control_event() for _ in range(5)))
    heard = [[each["id"] for each in islice(stream, 5)] for stream in streams]
    assert heard[0] == heard[1] == [f"e1-{number}" for number in range(1, 6)]


def test_who_closes_is_forgotten_by_the_daemon(server: EventServer, listener: Listener) -> None:
    events = subscribed(listener)
    assert server.log.subscribers == 1
    listener.close()
    wait_until(lambda: (server.log.subscribers, server.state.subscribers) == (0, 0))
    del events  # it was held until here: who lets go of it ends the stream too
