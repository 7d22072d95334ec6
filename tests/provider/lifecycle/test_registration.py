"""Registered, replaced and registered again in the real SDK, while starting and from many threads."""

from __future__ import annotations

import threading
import time

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.exception import ProviderNotReadyError
from openfeature.provider import ProviderStatus

from tests.provider.conftest import eventually, threads_named
from tests.provider.lifecycle.telling import a_generation, listen, names, status
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, hang

pytestmark = pytest.mark.usefixtures("openfeature_api")


def test_a_provider_replaced_while_it_starts_says_nothing_and_leaves_nothing(unix_daemon: FakeDaemon) -> None:
    told = listen()
    unix_daemon.events = hang
    api.set_provider(BurgeeProvider(unix_daemon.address, initialize_deadline=30))
    eventually(lambda: unix_daemon.open_connections == 1)
    unix_daemon.events = fake_daemon.stream_events
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    eventually(lambda: len(threads_named("burgee-subscription")) == 1)
    unix_daemon.publish(a_generation(2, "x"))
    eventually(lambda: len(told) == 2)
    assert names(told) == ["READY", "CONFIGURATION_CHANGED"]
    assert status() is ProviderStatus.READY


def test_a_provider_set_again_while_it_still_starts_becomes_ready(unix_daemon: FakeDaemon) -> None:
    unix_daemon.events = hang
    first = BurgeeProvider(unix_daemon.address, initialize_deadline=30)
    api.set_provider(first)
    eventually(lambda: unix_daemon.open_connections == 1)
    unix_daemon.events = fake_daemon.stream_events
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    api.set_provider(first)
    eventually(lambda: status() is ProviderStatus.READY)
    eventually(lambda: len(threads_named("burgee-subscription")) == 1)
    assert api.get_client().provider is first
    told = listen()
    unix_daemon.publish(a_generation(2, "x"))
    eventually(lambda: "CONFIGURATION_CHANGED" in names(told))


def test_a_provider_that_failed_to_start_works_when_it_is_set_again(unix_daemon: FakeDaemon) -> None:
    unix_daemon.stop()
    first = BurgeeProvider(unix_daemon.address, initialize_deadline=0.1)
    second = BurgeeProvider(unix_daemon.address, initialize_deadline=0.1)
    for provider in (first, second):
        with pytest.raises(ProviderNotReadyError):
            api.set_provider_and_wait(provider)
    unix_daemon.start()
    api.set_provider_and_wait(first)
    assert status() is ProviderStatus.READY
    assert api.get_client().get_boolean_value("f", False) is True


def test_a_second_domain_follows_what_happens_too(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    api.set_provider_and_wait(provider)
    api.set_provider_and_wait(provider, domain="other")
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    assert status(api.get_client("other")) is ProviderStatus.READY
    unix_daemon.stop()
    eventually(lambda: status(api.get_client("other")) is ProviderStatus.STALE)
    unix_daemon.start()
    eventually(lambda: status(api.get_client("other")) is ProviderStatus.READY)


def test_shut_down_through_the_sdk_twice_and_set_again(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    for _ in range(3):
        api.set_provider_and_wait(provider)
        assert status() is ProviderStatus.READY
        api.shutdown()
        api.shutdown()
        assert not threads_named("burgee-subscription")
        eventually(lambda: not unix_daemon.open_connections)


def test_set_and_replaced_from_many_threads_the_last_one_serves_and_no_other_is_left_unless_held(
    unix_daemon: FakeDaemon,
) -> None:
    """The SDK may call ``shutdown`` too seldom here, so the others end once nobody holds them."""
    providers = [BurgeeProvider(unix_daemon.address) for _ in range(3)]

    def work(offset: int) -> None:
        for turn in range(8):
            api.set_provider(providers[(turn + offset) % 3])
            api.get_client().get_boolean_value("f", False)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: not [t for t in threading.enumerate() if "_run_initialize" in t.name])
    eventually(lambda: not [t for t in threading.enumerate() if "_shutdown_provider" in t.name])
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    assert status() is ProviderStatus.READY
    assert api.get_client().get_boolean_value("f", False) is True
    providers.clear()
    eventually(lambda: len(threads_named("burgee-subscription")) == 1)


def test_a_daemon_that_dies_while_initialize_returns_ends_in_the_right_status(
    unix_daemon: FakeDaemon,
) -> None:
    for _ in range(2):
        api.set_provider_and_wait(BurgeeProvider(unix_daemon.address, grace=0.1))
        unix_daemon.stop()
        died = time.monotonic()
        eventually(lambda: status() is ProviderStatus.ERROR)
        assert time.monotonic() - died < 6
        unix_daemon.start()
        eventually(lambda: status() is ProviderStatus.READY)
        api.shutdown()
