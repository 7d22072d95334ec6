"""The order of what the SDK announces itself and what it is told."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider, announcements
from openfeature.contrib.provider.burgee.announcements import (
    MOST_PENDING,
    Announcer,
    ConfigurationChanged,
    StatusChanged,
)
from openfeature.contrib.provider.burgee.clock import SystemClock
from openfeature.contrib.provider.burgee.status import Status
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent, ProviderEventDetails

from burgee.generation import Generation
from tests.provider.conftest import eventually, threads_named
from tests.support.fake_daemon import FakeDaemon

ONE = Generation("e", 1)


class Sink:
    """What was told, in order; holds the teller up while ``open`` is not set."""

    def __init__(self) -> None:
        self.told: list[tuple[ProviderEvent, ProviderEventDetails]] = []
        self.open = threading.Event()
        self.open.set()

    def emit(self, event: ProviderEvent, details: ProviderEventDetails) -> None:
        self.told.append((event, details))
        self.open.wait(20)

    @property
    def names(self) -> list[str]:
        return [event.value.removeprefix("PROVIDER_") for event, _ in self.told]


def changed(*flags: str) -> ConfigurationChanged:
    return ConfigurationChanged(flags, "config", ONE)


def test_changes_are_told_in_their_order_and_the_thread_ends_with_them() -> None:
    sink = Sink()
    announcer = Announcer(sink.emit, SystemClock())
    for number in range(50):
        announcer.announce(changed(str(number)))
    eventually(lambda: len(sink.told) == 50)
    assert [details.flags_changed for _, details in sink.told] == [[str(number)] for number in range(50)]
    eventually(lambda: not threads_named("burgee-events"))
    announcer.announce(StatusChanged(Status.STALE, "silent"))
    eventually(lambda: announcer.announced is Status.STALE)


def test_nothing_is_told_between_the_end_of_initialize_and_the_sdks_own_announcement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announcements, "AFTER_INITIALIZE", 60.0)
    sink = Sink()
    announcer = Announcer(sink.emit, SystemClock())
    announcer.initialize_began()
    announcer.announce(StatusChanged(Status.STALE, "silent"))
    announcer.initialize_ended(Status.READY)
    other = threading.Thread(target=announcer.asked_for_metadata)
    other.start()
    other.join()
    time.sleep(0.2)  # what is proven is that nothing happens in that time
    assert (sink.told, announcer.announced, announcer.holding) == ([], None, True)
    announcer.asked_for_metadata()
    eventually(lambda: sink.names == ["STALE"])
    assert (announcer.announced, announcer.holding) == (Status.STALE, False)


def test_without_an_announcement_of_the_sdk_the_wait_ends_by_itself() -> None:
    sink = Sink()
    announcer = Announcer(sink.emit, SystemClock())
    announcer.initialize_began()
    announcer.initialize_ended(Status.ERROR)
    announcer.announce(StatusChanged(Status.READY, "there"))
    began = time.monotonic()
    eventually(lambda: sink.names == ["READY"])
    assert 0.5 < time.monotonic() - began <= announcements.AFTER_INITIALIZE + 5


def test_a_new_initialize_drops_what_belongs_to_the_time_before() -> None:
    sink = Sink()
    sink.open.clear()
    announcer = Announcer(sink.emit, SystemClock())
    announcer.announce(changed("told"))
    eventually(lambda: sink.told)
    announcer.announce(changed("dropped"))
    announcer.initialize_began()
    announcer.initialize_ended(Status.READY)
    announcer.asked_for_metadata()
    announcer.announce(changed("new"))
    sink.open.set()
    eventually(lambda: len(sink.told) == 2)
    assert [details.flags_changed for _, details in sink.told] == [["told"], ["new"]]


def test_one_change_more_than_may_wait_draws_them_together() -> None:
    sink = Sink()
    sink.open.clear()
    announcer = Announcer(sink.emit, SystemClock())
    announcer.announce(changed("first"))
    eventually(lambda: sink.told)
    for number in range(MOST_PENDING - 2):
        announcer.announce(changed(str(number)))
    announcer.announce(StatusChanged(Status.STALE, "silent"))
    announcer.announce(StatusChanged(Status.READY, "there"))
    assert len(announcer._pending) == MOST_PENDING
    announcer.announce(changed("one more"))
    sink.open.set()
    eventually(lambda: len(sink.told) == 3)
    assert sink.names == ["CONFIGURATION_CHANGED", "READY", "CONFIGURATION_CHANGED"]
    assert sink.told[2][1].flags_changed is None


def test_a_forked_child_goes_on_with_what_the_parent_had_not_told() -> None:
    sink = Sink()
    announcer = Announcer(sink.emit, SystemClock())
    announcer.initialize_began()
    announcer.announce(StatusChanged(Status.STALE, "silent"))
    announcer.announce(changed("a"))
    with announcer._lock:
        announcer.after_fork()
        announcer.go_on()
        announcer.announce(changed("b"))
        announcer.go_on()
        eventually(lambda: len(sink.told) == 2)
    assert [details.flags_changed for _, details in sink.told] == [["a"], ["b"]]


def test_a_slow_return_to_the_sdk_cannot_overwrite_a_later_status(
    unix_daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK sets READY some time after ``initialize`` returned; STALE, found before, has to come later."""
    monkeypatch.setattr(announcements, "AFTER_INITIALIZE", 60.0)
    told: list[str] = []
    provider = BurgeeProvider(unix_daemon.address)
    provider._lifecycle._subscribe = partial(provider._lifecycle._subscribe, fallback=lambda: True)
    unix_daemon.stop()

    def on_emit(_: object, event: ProviderEvent, details: ProviderEventDetails) -> None:
        told.append(event.value)

    def run_as_the_sdk_does() -> None:
        provider.initialize(EvaluationContext())
        time.sleep(0.4)  # the thread is not scheduled for a while
        told.append("the SDK's READY")
        provider.get_metadata()

    provider.attach(on_emit)
    thread = threading.Thread(target=run_as_the_sdk_does)
    thread.start()
    thread.join()
    eventually(lambda: len(told) == 2)
    assert told == ["the SDK's READY", "PROVIDER_STALE"]
    provider.shutdown()
