"""The end of a provider: prompt, repeatable, in any order, from any thread."""

from __future__ import annotations

import threading
import time

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider, lifecycle
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.exception import ProviderNotReadyError
from openfeature.provider import ProviderStatus

from tests.provider.conftest import eventually, threads_named
from tests.provider.lifecycle.telling import a_generation, listen, names, status
from tests.support.fake_daemon import FakeDaemon, hang

pytestmark = pytest.mark.usefixtures("openfeature_api")


@pytest.mark.parametrize("state", ["following", "hanging", "dead"])
def test_shutdown_is_prompt_idempotent_and_leaves_no_thread_and_no_connection(
    daemon: FakeDaemon, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "PROMPT_END", 60.0)
    if state == "hanging":
        daemon.events = hang
    if state == "dead":
        daemon.stop()
    provider = BurgeeProvider(daemon.address, initialize_deadline=0.1)
    if state == "following":
        provider.initialize(EvaluationContext())
        assert threads_named("burgee-subscription")
        provider.resolve_boolean_details("f", False)
    else:
        with pytest.raises(ProviderNotReadyError):
            provider.initialize(EvaluationContext())
    began = time.monotonic()
    provider.shutdown()
    assert time.monotonic() - began < 15
    assert not threads_named("burgee-subscription")
    provider.shutdown()
    eventually(lambda: not daemon.open_connections)


def test_a_provider_replaced_while_it_initializes_ends_at_once(unix_daemon: FakeDaemon) -> None:
    unix_daemon.events = hang
    provider = BurgeeProvider(unix_daemon.address, initialize_deadline=30)
    failures: list[Exception] = []

    def initialize() -> None:
        try:
            provider.initialize(EvaluationContext())
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=initialize)
    thread.start()
    eventually(lambda: unix_daemon.open_connections)
    provider.shutdown()
    thread.join(20)
    assert not thread.is_alive()
    assert isinstance(failures[0], ProviderNotReadyError)


def test_a_provider_that_was_replaced_says_nothing_any_more(unix_daemon: FakeDaemon) -> None:
    told = listen()
    provider = BurgeeProvider(unix_daemon.address)
    api.set_provider_and_wait(provider)
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    eventually(lambda: unix_daemon.open_streams == 1)
    unix_daemon.publish(a_generation(2, "x"))
    eventually(lambda: len(told) == 3)
    assert names(told) == ["READY", "READY", "CONFIGURATION_CHANGED"]


def test_a_provider_set_again_after_another_works_whatever_the_order(unix_daemon: FakeDaemon) -> None:
    first, second = BurgeeProvider(unix_daemon.address), BurgeeProvider(unix_daemon.address)
    for _ in range(10):
        api.set_provider_and_wait(first)
        api.set_provider_and_wait(second)
        api.set_provider_and_wait(first)
        eventually(lambda: unix_daemon.open_streams == 1)
        assert status() is ProviderStatus.READY
        told = listen()
        unix_daemon.publish(a_generation(unix_daemon.generation.number + 1, "x"))
        eventually(lambda told=told: "CONFIGURATION_CHANGED" in names(told))
        assert api.get_client().get_boolean_value("f", False) is True


def test_a_late_shutdown_of_an_earlier_start_does_not_stop_the_later_one(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    provider.initialize(EvaluationContext())
    provider.initialize(EvaluationContext())
    provider.shutdown()
    eventually(lambda: unix_daemon.open_streams == 1)
    assert len(threads_named("burgee-subscription")) == 1
    provider.shutdown()
    eventually(lambda: unix_daemon.open_streams == 0)
    assert not threads_named("burgee-subscription")


def test_starts_and_shutdowns_from_many_threads_end_with_nothing_left(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)

    def work() -> None:
        for _ in range(10):
            try:
                provider.initialize(EvaluationContext())
            except ProviderNotReadyError:
                pass
            provider.resolve_boolean_details("f", False)
            provider.shutdown()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    provider.shutdown()
    eventually(lambda: not threads_named("burgee-subscription"))
    eventually(lambda: not unix_daemon.open_connections)


def test_a_provider_that_nobody_holds_any_more_stops_following(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    provider.initialize(EvaluationContext())
    assert threads_named("burgee-subscription")
    del provider
    eventually(lambda: not threads_named("burgee-subscription"))


def test_a_provider_that_the_sdk_shut_down_before_it_began_does_not_begin(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    provider.attach(lambda *_: None)
    provider.shutdown()
    provider.detach()
    with pytest.raises(ProviderNotReadyError, match="set it again"):
        provider.initialize(EvaluationContext())
    assert not threads_named("burgee-subscription")


def test_a_provider_that_the_sdk_detaches_late_when_it_is_set_again_begins(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    for _ in range(2):
        provider.attach(lambda *_: None)
    provider.detach()
    provider.initialize(EvaluationContext())
    assert threads_named("burgee-subscription")
    provider.shutdown()


def test_an_event_that_the_sdk_cannot_take_does_not_end_the_thread(unix_daemon: FakeDaemon) -> None:
    told: list[ProviderEvent] = []

    def on_emit(provider: object, event: ProviderEvent, details: object) -> None:
        told.append(event)
        raise RuntimeError("cannot schedule new futures after shutdown")

    provider = BurgeeProvider(unix_daemon.address)
    provider.attach(on_emit)
    provider.initialize(EvaluationContext())
    for number in range(2, 5):
        unix_daemon.publish(a_generation(number, "x"))
    eventually(lambda: len(told) == 3)
    provider.detach()
    unix_daemon.publish(a_generation(9, "x"))
    assert unix_daemon.streams == 1
    provider.shutdown()
