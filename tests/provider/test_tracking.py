"""``track()``: events reach the daemon in batches, and whatever happens, the application is not held up."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider, tracking, tracking_queue, tracking_sender
from openfeature.contrib.provider.burgee.clock import Random
from openfeature.contrib.provider.burgee.tracking import LARGEST_EVENT, TrackingCounts
from openfeature.contrib.provider.burgee.tracking_queue import BATCH_BYTES, BATCH_EVENTS, TrackingQueue
from openfeature.contrib.provider.burgee.tracking_sender import ATTEMPTS, THREAD
from openfeature.evaluation_context import EvaluationContext
from openfeature.track import TrackingEventDetails

from burgee.instant import parse_instant
from burgee.wire.tracking import read_events
from tests.provider.conftest import eventually, threads_named
from tests.support.daemon import RunningDaemon, clean_environment, running_daemon
from tests.support.fake_daemon import Exchange, FakeDaemon, Handler, cut, hang, http, raw, running

ACCEPTED = raw(http(202, b'{"accepted":1}'))
LARGEST_BODY = 1_000_000
"""Bytes that the daemon takes."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits as short as tests want them."""
    monkeypatch.setattr(tracking_sender, "FLUSH_AFTER", 0.05)
    monkeypatch.setattr(tracking_sender, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(tracking_sender, "LONGEST_PAUSE", 0.02)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDaemon]:
    """A daemon that accepts events, until a test says otherwise."""
    with running(FakeDaemon(str(tmp_path / "burgee.sock"), evaluation=ACCEPTED)) as daemon:
        yield daemon


@pytest.fixture
def provider(fake: FakeDaemon) -> Iterator[BurgeeProvider]:
    """Its provider, not initialized: events need no answer to any evaluation."""
    provider = BurgeeProvider(fake.address)
    yield provider
    provider.tracking.close(0.1)


@pytest.fixture
def sidecar(tmp_path: Path) -> Iterator[RunningDaemon]:
    """The real daemon, which keeps events in ``events.jsonl``."""
    (tmp_path / "flags.yaml").write_text("flags: {f: {defaultVariant: on}}\n")
    with running_daemon(
        tmp_path, "--source", tmp_path / "flags.yaml", "--track", tmp_path / "events.jsonl"
    ) as daemon:
        daemon.wait_ready()
        yield daemon


def names(daemon: FakeDaemon) -> list[str]:
    """Of the events received, in order."""
    return [event.name for request in daemon.requests for event in read_events(request.body)]


def in_turn(*handlers: Handler) -> Handler:
    """One handler a request, the last for all further ones."""
    left = list(handlers)

    def handle(exchange: Exchange) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(exchange)

    return handle


def once(event: threading.Event, handler: Handler) -> Handler:
    """Answer when something has happened."""

    def handle(exchange: Exchange) -> None:
        while not event.is_set():
            exchange.wait(0.01)
        handler(exchange)

    return handle


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_an_event_reaches_the_daemon_with_all_of_its_context(
    openfeature_api: Any, sidecar: RunningDaemon, tmp_path: Path, transport: str
) -> None:
    address = f"unix://{sidecar.socket}" if transport == "unix" else sidecar.http
    api.set_provider_and_wait(provider := BurgeeProvider(address))
    api.set_evaluation_context(EvaluationContext(attributes={"environment": "test"}))
    client = api.get_client()
    client.context = EvaluationContext("anna", {"customer": "c-42"})
    before = time.time()
    details = TrackingEventDetails(99.5, {"currency": "EUR", "items": [{"sku": "ä", "count": 2}]})
    client.track("ordered", EvaluationContext(attributes={"plan": "pro"}), details)
    client.track("left")
    api.set_evaluation_context(EvaluationContext())
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 2, 0))
    eventually(lambda: sidecar.status()["tracking"]["file"]["written"] == 2)
    assert sidecar.status()["tracking"]["byName"] == {"ordered": 1, "left": 1}
    ordered, left = map(json.loads, (tmp_path / "events.jsonl").read_text().splitlines())
    happened = parse_instant(ordered.pop("time"))
    assert happened is not None and before - 0.01 <= happened <= time.time()
    assert ordered == {
        "name": "ordered",
        "targetingKey": "anna",
        "context": {"environment": "test", "customer": "c-42", "plan": "pro"},
        "value": 99.5,
        "attributes": {"currency": "EUR", "items": [{"sku": "ä", "count": 2}]},
    }
    assert set(left) == {"name", "time", "targetingKey", "context"}


class Odd:
    """Nothing that JSON knows."""

    def __bool__(self) -> bool:
        raise RuntimeError("mine")


@pytest.mark.parametrize(
    "arguments",
    [
        (None,),
        ("",),
        ("n" * 257,),
        ("\ud800",),
        (7,),
        ("n", EvaluationContext("u", {"a": float("nan")})),
        ("n", EvaluationContext(7)),  # type: ignore[arg-type]
        ("n", EvaluationContext("u", {"a": Odd()})),  # type: ignore[dict-item]
        ("n", Odd()),
        ("n", None, TrackingEventDetails(float("inf"))),
        ("n", None, TrackingEventDetails(True)),
        ("n", None, TrackingEventDetails("9")),  # type: ignore[arg-type]
        ("n", None, TrackingEventDetails(10**400)),
        ("n", None, TrackingEventDetails(2**70)),
        ("n", None, TrackingEventDetails(1.0, {"a": {1, 2}})),  # type: ignore[dict-item]
        ("n", None, Odd()),
        ("n", None, TrackingEventDetails(1.0, {"a": "x" * LARGEST_EVENT})),
    ],
)
def test_what_cannot_be_sent_is_dropped_counted_and_harms_nothing(
    provider: BurgeeProvider, fake: FakeDaemon, caplog: pytest.LogCaptureFixture, arguments: Any
) -> None:
    for _ in range(3):
        provider.track(*arguments)
    provider.track("sound")
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 1, 3))
    assert names(fake) == ["sound"]
    assert ["tracked events are dropped" in message for message in warnings(caplog)] == [True]


def test_an_event_of_the_largest_size_is_sent(provider: BurgeeProvider, fake: FakeDaemon) -> None:
    frame = len(b'{"name":"n","time":"2026-11-21T12:00:00.123456Z","attributes":{"a":""}}')
    provider.track("n", None, TrackingEventDetails(attributes={"a": "x" * (LARGEST_EVENT - frame)}))
    provider.track("n", None, TrackingEventDetails(attributes={"a": "x" * (LARGEST_EVENT - frame + 8)}))
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 1, 1))


def test_nothing_of_the_callers_is_kept(provider: BurgeeProvider, fake: FakeDaemon) -> None:
    context, items = {"plan": "pro", "nested": [1]}, [1]
    provider.track("n", EvaluationContext("u", context), TrackingEventDetails(attributes={"items": items}))  # type: ignore[arg-type]
    context["plan"] = "changed"
    context["nested"].append(2)  # type: ignore[attr-defined]
    items.append(2)
    eventually(lambda: fake.requests)
    [event] = read_events(fake.requests[0].body)
    assert (event.context, event.attributes) == ({"plan": "pro", "nested": [1]}, {"items": [1]})


def test_the_thread_starts_with_the_first_event_and_ends_when_there_are_none(
    provider: BurgeeProvider, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_sender, "IDLE", 0.1)
    assert threads_named(THREAD) == []
    for number in range(3):
        provider.track(f"n-{number}")
        eventually(lambda number=number: names(fake)[number:] == [f"n-{number}"])
        eventually(lambda: not threads_named(THREAD))
    assert fake.accepted == 1


def test_events_go_in_batches_and_in_order(provider: BurgeeProvider, fake: FakeDaemon) -> None:
    expected = [f"n-{number}" for number in range(2 * BATCH_EVENTS + 100)]
    for name in expected:
        provider.track(name)
    eventually(lambda: provider.tracking.counts.sent == len(expected))
    assert names(fake) == expected
    sizes = [len(read_events(request.body)) for request in fake.requests]
    assert len(sizes) <= 5 and max(sizes) <= BATCH_EVENTS
    assert fake.accepted == 1


def test_a_full_batch_does_not_wait_for_its_time(
    provider: BurgeeProvider, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_sender, "FLUSH_AFTER", 30.0)
    for number in range(BATCH_EVENTS - 1):
        provider.track(f"n-{number}")
    assert fake.requests == []
    provider.track("last")
    eventually(lambda: provider.tracking.counts.sent == BATCH_EVENTS)


@pytest.mark.parametrize(
    "failure",
    [raw(http(503, b"{}")), raw(http(500, b"")), cut(b""), cut(b"HTTP/1.1 202 Acc"), raw(b"SSH-2.0\r\n\r\n")],
    ids=["503", "500", "closed", "cut", "another protocol"],
)
def test_a_batch_that_fails_is_sent_again(
    provider: BurgeeProvider, fake: FakeDaemon, failure: Handler
) -> None:
    fake.evaluation = in_turn(failure, failure, ACCEPTED)
    provider.track("n")
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 1, 0))
    assert names(fake)[-1] == "n"
    assert {bytes(request.body) for request in fake.requests} == {fake.requests[0].body}


def test_a_batch_is_tried_so_often_with_pauses_of_full_jitter_and_then_dropped(
    fake: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    class Drawn(Random):
        def __init__(self) -> None:
            self.bounds: list[tuple[float, float]] = []

        def uniform(self, a: float, b: float) -> float:
            self.bounds.append((a, b))
            return b

    provider = BurgeeProvider(fake.address, random=(drawn := Drawn()))
    fake.evaluation = raw(http(503, b'{"errorDetails":"not now"}'))
    provider.track("lost")
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 0, 1))
    assert len(fake.requests) == ATTEMPTS
    assert drawn.bounds == [(0.0, 0.005), (0.0, 0.01)] + [(0.0, 0.02)] * (ATTEMPTS - 3)
    fake.evaluation = ACCEPTED
    provider.track("kept")
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 1, 1))
    assert warnings(caplog) == [
        'tracked events are dropped: the daemon answered HTTP 503: {"errorDetails":"not now"}'
    ]
    provider.tracking.close()


@pytest.mark.parametrize("status", [400, 403, 404, 413])
def test_a_batch_that_is_refused_is_not_sent_again(
    provider: BurgeeProvider, fake: FakeDaemon, status: int
) -> None:
    fake.evaluation = raw(http(status, b"{}"))
    provider.track("n")
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 0, 1))
    assert len(fake.requests) == 1


def test_a_hanging_daemon_costs_the_caller_nothing_and_the_oldest_events(
    provider: BurgeeProvider, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_queue, "MOST_EVENTS", 100)
    monkeypatch.setattr(tracking_sender, "SEND_DEADLINE", 60.0)
    answering = threading.Event()
    fake.evaluation = in_turn(once(answering, ACCEPTED), ACCEPTED)
    provider.track("first")
    eventually(lambda: fake.requests)
    for number in range(1_000):
        provider.track(f"n-{number}")
    assert provider.tracking.counts == TrackingCounts(100, 0, 900)
    answering.set()
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 101, 900))
    assert names(fake) == ["first", *(f"n-{number}" for number in range(900, 1_000))]


def test_events_of_many_threads_all_arrive(provider: BurgeeProvider, fake: FakeDaemon) -> None:
    def work(worker: int) -> None:
        for number in range(100):
            provider.track(f"{worker}-{number}")

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 1_600, 0))
    assert sorted(names(fake)) == sorted(
        f"{worker}-{number}" for worker in range(16) for number in range(100)
    )
    assert len(threads_named(THREAD)) == 1


def test_shutdown_sends_what_is_queued(openfeature_api: Any, fake: FakeDaemon) -> None:
    api.set_provider_and_wait(provider := BurgeeProvider(fake.address))
    for number in range(1_200):
        api.get_client().track(f"n-{number}")
    api.shutdown()
    assert provider.tracking.counts == TrackingCounts(0, 1_200, 0)
    assert len(names(fake)) == 1_200
    assert threads_named(THREAD) == []
    provider.shutdown()
    provider.track("late")
    provider.shutdown()
    assert provider.tracking.counts == TrackingCounts(0, 1_201, 0)


@pytest.mark.parametrize("trouble", ["hangs", "refuses", "is absent"])
def test_shutdown_does_not_wait_for_a_daemon_that(
    provider: BurgeeProvider, fake: FakeDaemon, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_sender, "FIRST_PAUSE", 60.0)
    monkeypatch.setattr(tracking_sender, "LONGEST_PAUSE", 60.0)
    monkeypatch.setattr(tracking_sender, "SEND_DEADLINE", 4.0)
    fake.evaluation = hang if trouble == "hangs" else raw(http(503, b"{}"))
    if trouble == "is absent":
        fake.stop()
    provider.track("n")
    time.sleep(0.1) if trouble == "is absent" else eventually(lambda: fake.requests)
    for number in range(600):
        provider.track(f"n-{number}")
    began = time.monotonic()
    provider.tracking.close(0.4)
    assert time.monotonic() - began < 3.5
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 0, 601))
    eventually(lambda: not threads_named(THREAD))
    assert len(fake.requests) <= 4


def test_a_forked_child_starts_with_an_empty_queue_and_a_thread_of_its_own(
    sidecar: RunningDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_sender, "FLUSH_AFTER", 1.0)
    provider = BurgeeProvider(f"unix://{sidecar.socket}")
    provider.track("warm")
    eventually(lambda: provider.tracking.counts.sent == 1)
    provider.track("of the parent")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            assert provider.tracking.counts == TrackingCounts(0, 0, 0)
            provider.track("of the child")
            provider.tracking.close(20.0)
            assert provider.tracking.counts == TrackingCounts(0, 1, 0)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    provider.tracking.close(20.0)
    assert provider.tracking.counts == TrackingCounts(0, 2, 0)
    assert sidecar.status()["tracking"]["byName"] == {"warm": 1, "of the parent": 1, "of the child": 1}


def test_events_of_a_script_that_just_ends_arrive(sidecar: RunningDaemon) -> None:
    script = (
        "from openfeature.contrib.provider.burgee import BurgeeProvider\n"
        f"provider = BurgeeProvider('unix://{sidecar.socket}')\n"
        "for number in range(700): provider.track('done')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sidecar.status()["tracking"]["byName"] == {"done": 700}


def test_a_thread_that_cannot_start_drops_the_event(
    provider: BurgeeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        provider.track("lost")
    assert provider.tracking.counts == TrackingCounts(0, 0, 1)
    provider.track("kept")
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 1, 1))


def test_a_batch_is_as_large_as_it_may_be_and_no_larger() -> None:
    waiting = TrackingQueue()
    for size in (*[BATCH_BYTES // 8] * 8, 1, BATCH_BYTES + 1, 2):
        waiting.put(bytes(size))
    batches = [waiting.take_batch() for _ in range(5)]
    assert [len(batch) for batch in batches] == [8, 1, 1, 1, 0]


@given(st.lists(st.integers(0, LARGEST_EVENT).map(bytes), max_size=40), st.integers(1, 50))
def test_the_queue_keeps_order_and_every_bound(events: list[bytes], most: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tracking_queue, "MOST_EVENTS", most)
        patched.setattr(tracking_queue, "MOST_BYTES", 10 * LARGEST_EVENT)
        waiting = TrackingQueue()
        given_up = sum(waiting.put(event) for event in events)
        assert len(waiting) == len(events) - given_up <= most
        taken: list[bytes] = []
        while batch := waiting.take_batch():
            assert len(batch) <= BATCH_EVENTS
            assert len(batch) == 1 or sum(map(len, batch)) <= BATCH_BYTES
            taken += batch
        assert sum(map(len, taken)) <= 10 * LARGEST_EVENT
        assert taken == events[given_up:]


def test_the_largest_batch_is_within_what_the_daemon_takes() -> None:
    frame = len(orjson.dumps({"events": []})) + BATCH_EVENTS
    assert max(BATCH_BYTES, LARGEST_EVENT) + frame <= LARGEST_BODY
    assert tracking.CLOSE_TIME < 5
