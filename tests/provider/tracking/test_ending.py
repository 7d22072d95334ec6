"""The thread that sends events comes and goes with them; what is queued at the end is sent, or counted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider, tracking_sender
from openfeature.contrib.provider.burgee.tracking import TrackingCounts
from openfeature.contrib.provider.burgee.tracking_sender import THREAD

from tests.provider.conftest import eventually, threads_named
from tests.provider.tracking.sending import ACCEPTED, names, once, warnings
from tests.support.daemon import RunningDaemon, clean_environment
from tests.support.fake_daemon import FakeDaemon, Handler, hang, http, raw


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
    assert provider.tracking.counts == TrackingCounts(0, 0, 601)
    eventually(lambda: not threads_named(THREAD))
    assert len(fake.requests) <= 4


@pytest.mark.parametrize("late", [ACCEPTED, raw(http(400, b"{}"))], ids=["taken", "refused"])
def test_a_batch_that_is_answered_after_the_end_is_not_counted_twice(
    provider: BurgeeProvider,
    fake: FakeDaemon,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    late: Handler,
) -> None:
    monkeypatch.setattr(tracking_sender, "SEND_DEADLINE", 60.0)
    answering = threading.Event()
    fake.evaluation = once(answering, late)
    provider.track("n")
    eventually(lambda: fake.requests)
    assert provider.tracking.counts == TrackingCounts(1, 0, 0)
    provider.tracking.close(0.05)
    assert provider.tracking.counts == TrackingCounts(0, 0, 1)
    answering.set()
    eventually(lambda: not threads_named(THREAD))
    assert provider.tracking.counts == TrackingCounts(0, 0, 1)
    assert warnings(caplog) == ["tracked events are dropped: the time to shut down is over"]


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
