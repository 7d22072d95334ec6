"""``track()``: what an event says, and that none harms the application."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.tracking import LARGEST_EVENT, TrackingCounts
from openfeature.evaluation_context import EvaluationContext
from openfeature.track import TrackingEventDetails

from burgee.instant import parse_instant
from burgee.wire.tracking import read_events
from tests.provider.conftest import eventually
from tests.provider.tracking.sending import names, warnings
from tests.support.daemon import RunningDaemon
from tests.support.fake_daemon import FakeDaemon


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
