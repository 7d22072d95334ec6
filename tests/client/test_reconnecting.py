"""A client goes on through whatever happens to its connection: no event lost, none told twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from burgee.client import Client, Refused, Unreachable
from burgee.client.following import FIRST_PAUSE, LONGEST_PAUSE, Progress, follow, longest_pause
from burgee.client.steps import Connect, Disconnect, Pause
from burgeed.control.event_log import EventLog
from burgeed.server.limits import Limits
from tests.client.conftest import Listener, Quick
from tests.support import faults
from tests.support.daemon import wait_until
from tests.support.event_server import EventServer, control_event, event_server
from tests.support.fault_proxy import FaultProxy


@pytest.fixture
def proxy(server: EventServer) -> Iterator[FaultProxy]:
    with FaultProxy(server.unix) as running:
        yield running


@pytest.fixture
def listener(proxy: FaultProxy, client_kind: Any, over: str) -> Iterator[Listener]:
    made = client_kind(proxy.address, over=over, random=Quick())
    yield made
    made.close()


@pytest.mark.parametrize("act", [faults.close, faults.reset])
def test_a_connection_that_is_lost_anywhere_is_made_again_and_goes_on(
    server: EventServer, proxy: FaultProxy, listener: Listener, act: Any
) -> None:
    def once(relay: faults.Relay) -> None:
        proxy.fault = faults.Slice(7)
        act(relay)

    events = listener.events()
    assert next(events)["type"] == "reset"
    heard = []
    for number in range(1, 31):
        server.append(control_event(flag_key=f"f{number}", reason="x" * 200))
        heard.append(next(events)["flag"])
        if number % 5 == 0:
            proxy.fault = faults.After(number * 25, once)
            proxy.drop()
    assert heard == [f"f{number}" for number in range(1, 31)]
    assert proxy.accepted > 10


def test_a_daemon_that_begins_another_life_is_told_as_a_reset(
    server: EventServer, listener: Listener
) -> None:
    events = listener.events()
    next(events)
    server.append(control_event(revision=7))
    assert next(events)["id"] == "e1-1"
    server.restart_log(EventLog("e2", revision=7))
    reset = next(events)
    assert (reset["type"], reset["why"], reset["id"], reset["revision"]) == ("reset", "epoch", "e2-0", 7)
    server.append(control_event(revision=8))
    assert next(events)["id"] == "e2-1"


def test_a_daemon_that_comes_later_is_found(tmp_path: Path, client_kind: Any, over: str) -> None:
    listener = client_kind(f"unix://{tmp_path}/burgee.sock", over=over, random=Quick())
    heard: list[Any] = []
    reading = threading.Thread(target=lambda: heard.append(next(listener.events())))
    reading.start()
    assert not heard
    with event_server(tmp_path):
        reading.join(20)
        assert [each["type"] for each in heard] == ["reset"]
        listener.close()


def test_a_daemon_that_falls_silent_is_left(tmp_path: Path, client_kind: Any, over: str) -> None:
    limits = Limits(control_heartbeat=0.1)
    with event_server(tmp_path, limits=limits) as server, FaultProxy(server.unix) as proxy:
        listener = client_kind(proxy.address, over=over, silence=0.5, random=Quick())
        try:
            events = listener.events()
            next(events)
            server.append(control_event())
            assert next(events)["id"] == "e1-1"
            accepted = proxy.accepted

            def once(relay: faults.Relay) -> None:
                proxy.fault = faults.Fault()
                faults.hang(relay)

            proxy.fault = faults.After(0, once)
            server.append(control_event())
            assert next(events)["id"] == "e1-2"
            assert proxy.accepted > accepted
        finally:
            listener.close()


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_that_lasts_is_raised_with_what_the_daemon_says(
    server: EventServer, listener: Listener, status: int
) -> None:
    server.refuse_with = status
    with pytest.raises(Refused) as refused:
        next(listener.events())
    assert (refused.value.status, refused.value.detail) == (status, "not today")


def test_a_filter_that_the_daemon_does_not_know_is_raised(listener: Listener) -> None:
    with pytest.raises(Refused, match=r"did you mean `flag\.updated`"):
        next(listener.events(types=["flag.update"]))


def test_a_refusal_that_passes_is_waited_for(server: EventServer, listener: Listener) -> None:
    server.refuse_with = 503
    heard: list[Any] = []
    reading = threading.Thread(target=lambda: heard.append(next(listener.events())))
    reading.start()
    wait_until(lambda: len(server.authorizations) >= 2)
    server.refuse_with = 0
    reading.join(20)
    assert [each["why"] for each in heard] == ["connected"]


def test_the_token_is_shown_with_each_connection(server: EventServer, client_kind: Any, over: str) -> None:
    listener = client_kind(server.tcp, token="id.secret", over=over)
    try:
        next(listener.events())
    finally:
        listener.close()
    assert server.authorizations == ["Bearer id.secret"]


GARBAGE = [
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 40_000 + b"\r\n\r\n",
    b"",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_daemon_is_asked_again_and_never_believed(
    proxy: FaultProxy, listener: Listener, garbage: bytes
) -> None:
    proxy.fault = faults.Instead(faults.say(garbage, faults.close))
    heard: list[Any] = []
    reading = threading.Thread(target=lambda: heard.append(next(listener.events())))
    reading.start()
    wait_until(lambda: proxy.accepted >= 2)
    assert not heard
    proxy.fault = faults.Fault()
    reading.join(20)
    assert [each["why"] for each in heard] == ["connected"]


@pytest.mark.parametrize(
    "act", [faults.hang, faults.close, faults.swallow], ids=lambda act: str(act.__name__)
)
def test_closing_ends_an_iteration_at_once_whatever_it_waits_for(
    proxy: FaultProxy, listener: Listener, act: Any
) -> None:
    proxy.fault = faults.OnAccept(act)
    ended: list[Any] = []
    reading = threading.Thread(target=lambda: ended.extend(listener.events()))
    reading.start()
    wait_until(lambda: proxy.accepted >= 1)
    began = time.monotonic()
    listener.close()
    reading.join(10)
    assert not reading.is_alive() and ended == []
    assert time.monotonic() - began < 8


def test_pauses_grow_with_full_jitter_and_no_further_than_a_limit() -> None:
    class Highest(Random):
        def __init__(self, pick: Callable[[float, float], float]) -> None:
            self.pick = pick

        def uniform(self, a: float, b: float) -> float:
            return self.pick(a, b)

    class Still:
        def monotonic(self) -> float:
            return 0.0

    def pauses(pick: Callable[[float, float], float]) -> list[float]:
        steps = follow(
            lambda address, position: None,  # type: ignore[arg-type, return-value]
            Progress(),
            clock=Still(),  # type: ignore[arg-type]
            random=Highest(pick),
        )
        found = []
        step = next(steps)
        for _ in range(12):
            assert isinstance(step, Connect)
            assert isinstance(steps.throw(Unreachable("nobody")), Disconnect)
            pause = steps.send(None)
            assert isinstance(pause, Pause)
            found.append(pause.seconds)
            step = steps.send(None)
        return found

    longest = pauses(lambda a, b: b)
    assert longest == [longest_pause(number) for number in range(1, 13)]
    assert longest[0] == 2 * FIRST_PAUSE and longest[-1] == LONGEST_PAUSE == max(longest)
    assert pauses(lambda a, b: a) == [0.0] * 12


@pytest.mark.parametrize(
    "options",
    [
        {"over": "udp"},
        {"silence": 0},
        {"token": "two words"},
        {"token": "line\nend"},
        {"token": "é"},
        {"address": "https://x"},
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Client(**{"address": "http://127.0.0.1:1", **options})


def test_calls_that_mean_nothing_are_refused() -> None:
    with Client("http://127.0.0.1:1") as client:
        with pytest.raises(ValueError, match="no event's id"):
            client.events(after="17")
        with pytest.raises(ValueError, match=r"\['flag\.killed'\]"):
            client.events(types="flag.killed")
        with pytest.raises(ValueError, match="blank"):
            client.request("GET", "/a b")
        with pytest.raises(ValueError, match="printable"):
            client.request("GET", "/a\r\nX: y")
