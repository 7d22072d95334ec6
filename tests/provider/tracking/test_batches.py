"""Tracked events go in batches, in order, and so many of them at most."""

from __future__ import annotations

import threading

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.contrib.provider.burgee import BurgeeProvider, tracking, tracking_queue, tracking_sender
from openfeature.contrib.provider.burgee.tracking import LARGEST_EVENT, TrackingCounts
from openfeature.contrib.provider.burgee.tracking_queue import BATCH_BYTES, BATCH_EVENTS, TrackingQueue
from openfeature.contrib.provider.burgee.tracking_sender import THREAD

from burgee.wire.tracking import read_events
from tests.provider.conftest import eventually, threads_named
from tests.provider.tracking.sending import names
from tests.support.fake_daemon import FakeDaemon


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


LARGEST_BODY = 1_000_000
"""Bytes that the daemon takes."""


def test_the_largest_batch_is_within_what_the_daemon_takes() -> None:
    frame = len(orjson.dumps({"events": []})) + BATCH_EVENTS
    assert max(BATCH_BYTES, LARGEST_EVENT) + frame <= LARGEST_BODY
    assert tracking.CLOSE_TIME < 5
