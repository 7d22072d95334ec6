"""A daemon that does not take tracked events is tried again, so often, and holds nobody up."""

from __future__ import annotations

import threading

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider, tracking_queue, tracking_sender
from openfeature.contrib.provider.burgee.clock import Random
from openfeature.contrib.provider.burgee.tracking import TrackingCounts
from openfeature.contrib.provider.burgee.tracking_sender import ATTEMPTS

from tests.provider.conftest import eventually
from tests.provider.tracking.sending import ACCEPTED, in_turn, names, once, warnings
from tests.support.fake_daemon import FakeDaemon, Handler, cut, http, raw


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
    assert warnings(caplog) == [f"tracked events are dropped: {fake.address}: HTTP 503: not now"]
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
    assert provider.tracking.counts == TrackingCounts(101, 0, 900)
    answering.set()
    eventually(lambda: provider.tracking.counts == TrackingCounts(0, 101, 900))
    assert names(fake) == ["first", *(f"n-{number}" for number in range(900, 1_000))]
