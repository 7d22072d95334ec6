"""What a child's SDK is told goes on from what the parent's was told: nothing twice, and nothing left out."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.exception import ProviderNotReadyError

from burgee.wire.sync import GenerationEvent
from tests.provider.conftest import eventually
from tests.support.fake_daemon import FakeDaemon, hang

Told = list[str]


def in_child(check: Callable[[], Any], before_waiting: Callable[[], Any] = lambda: None) -> None:
    """Fork, run the check in the child, and fail where it failed there.

    Args:
        before_waiting: run in the parent meanwhile.
    """
    child = os.fork()
    if child == 0:
        try:
            check()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    before_waiting()
    until = time.monotonic() + 20
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the child hangs")
        time.sleep(0.005)
    assert os.waitstatus_to_exitcode(ended[1]) == 0


def attached(provider: BurgeeProvider) -> Told:
    """Listen as the SDK does."""
    told: Told = []
    provider.attach(lambda _, event, details: told.append(event.value.removeprefix("PROVIDER_")))
    return told


def initialized(address: str, **options: Any) -> tuple[BurgeeProvider, Told]:
    """A provider that the SDK would call ready."""
    provider = BurgeeProvider(address, **options)
    told = attached(provider)
    provider.initialize(EvaluationContext())
    provider.get_metadata()
    return provider, told


def test_where_nothing_changed_a_child_is_told_nothing_and_then_the_next_change(
    unix_daemon: FakeDaemon,
) -> None:
    provider, told = initialized(unix_daemon.address)

    def check() -> None:
        assert provider.resolve_boolean_details("f", False).value is True
        eventually(lambda: provider._heard.generation() == ("e", 1))
        assert told == []
        os.write(ready, b"r")
        eventually(lambda: told == ["CONFIGURATION_CHANGED"])

    wait, ready = os.pipe()

    def change() -> None:
        assert os.read(wait, 1) == b"r"
        unix_daemon.publish(GenerationEvent("e", 2, flags_changed=frozenset({"f"})))

    in_child(check, change)
    eventually(lambda: told == ["CONFIGURATION_CHANGED"])
    provider.shutdown()


def test_a_change_between_the_fork_and_the_first_use_is_told(unix_daemon: FakeDaemon) -> None:
    provider, told = initialized(unix_daemon.address)
    wait, ready = os.pipe()

    def check() -> None:
        assert os.read(wait, 1) == b"r"
        provider.resolve_boolean_details("f", False)
        eventually(lambda: told == ["CONFIGURATION_CHANGED"])

    def change() -> None:
        unix_daemon.publish(GenerationEvent("e", 2))
        os.write(ready, b"r")

    in_child(check, change)
    provider.shutdown()


def test_a_child_of_a_ready_parent_finds_the_daemon_gone(unix_daemon: FakeDaemon) -> None:
    provider, told = initialized(unix_daemon.address, grace=0.3)
    unix_daemon.stop()

    def check() -> None:
        told.clear()
        provider.resolve_boolean_details("f", False)
        eventually(lambda: told == ["STALE", "ERROR"])

    in_child(check)
    provider.shutdown()


def test_a_child_of_a_stale_parent_finds_the_daemon_back(unix_daemon: FakeDaemon) -> None:
    provider, told = initialized(unix_daemon.address)
    unix_daemon.stop()
    eventually(lambda: told == ["STALE"])

    def check() -> None:
        told.clear()
        provider.postfork()
        eventually(lambda: told == ["READY"])

    in_child(check, unix_daemon.start)
    provider.shutdown()


def test_a_child_of_a_parent_that_failed_to_start_becomes_ready(unix_daemon: FakeDaemon) -> None:
    unix_daemon.stop()
    provider = BurgeeProvider(unix_daemon.address, initialize_deadline=0.1)
    told = attached(provider)
    with pytest.raises(ProviderNotReadyError):
        provider.initialize(EvaluationContext())
    provider.get_metadata()

    def check() -> None:
        told.clear()
        provider.get_provider_hooks()
        eventually(lambda: told == ["READY"])

    in_child(check, unix_daemon.start)
    provider.shutdown()


def test_a_start_that_had_not_begun_at_the_fork_is_made_in_the_child(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    told = attached(provider)

    def check() -> None:
        provider.get_provider_hooks()
        eventually(lambda: told == ["READY"])

    in_child(check)
    assert told == []


@pytest.mark.parametrize(("fallback", "first"), [(False, "ERROR"), (True, "STALE")])
def test_a_start_made_in_the_child_without_the_daemon_ends_at_its_deadline_or_with_what_is_kept(
    unix_daemon: FakeDaemon, fallback: bool, first: str
) -> None:
    unix_daemon.events = hang
    provider = BurgeeProvider(unix_daemon.address, initialize_deadline=0.3)
    told = attached(provider)
    provider._lifecycle._subscribe = partial(provider._lifecycle._subscribe, fallback=lambda: fallback)
    if fallback:
        unix_daemon.stop()

    def check() -> None:
        provider.get_provider_hooks()
        eventually(lambda: told == [first])

    in_child(check)


def test_a_provider_shut_down_in_the_child_goes_on_in_the_parent(unix_daemon: FakeDaemon) -> None:
    provider, told = initialized(unix_daemon.address)
    assert provider.resolve_boolean_details("f", False).value is True

    def check() -> None:
        provider.shutdown()
        provider.shutdown()
        assert provider.resolve_boolean_details("f", False).value is True

    in_child(check)
    streams = unix_daemon.streams
    unix_daemon.publish(GenerationEvent("e", 2, flags_changed=frozenset({"f"})))
    eventually(lambda: told == ["CONFIGURATION_CHANGED"])
    assert provider.resolve_boolean_details("f", False).value is True
    assert unix_daemon.streams == streams == 1
    provider.shutdown()


def test_a_child_may_set_a_provider_of_its_own(unix_daemon: FakeDaemon) -> None:
    provider, _ = initialized(unix_daemon.address)

    def check() -> None:
        own, told = initialized(unix_daemon.address)
        provider.shutdown()
        eventually(lambda: own._heard.generation() == ("e", 1))
        assert own.resolve_boolean_details("f", False).value is True
        assert (told, ProviderEvent.PROVIDER_ERROR.value in told) == ([], False)

    in_child(check)
    provider.shutdown()
