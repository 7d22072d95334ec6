"""Silence: STALE, ERROR and READY, each told once."""

from __future__ import annotations

import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider, breaker
from openfeature.contrib.provider.burgee.address import parse_address
from openfeature.contrib.provider.burgee.transports.endpoint import Whereabouts
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from burgee.wire.sync import GenerationEvent
from tests.provider.conftest import eventually
from tests.provider.lifecycle.telling import Longest, a_generation, listen, names, status
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, answer, hang, running

pytestmark = pytest.mark.usefixtures("openfeature_api")


def test_silence_makes_stale_then_error_then_ready_each_once(daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(daemon.address, grace=0.5))
    client = api.get_client()
    assert client.get_boolean_details("f", False).reason == Reason.STATIC
    died = time.monotonic()
    daemon.stop()
    eventually(lambda: status() is ProviderStatus.STALE)
    assert 0.5 < time.monotonic() - died < 6
    assert client.get_boolean_details("f", False).reason == Reason.STALE
    eventually(lambda: status() is ProviderStatus.ERROR)
    assert client.get_boolean_details("f", False).value is True
    daemon.start()
    eventually(lambda: status() is ProviderStatus.READY)
    assert client.get_boolean_details("f", False).reason == Reason.STATIC
    eventually(lambda: len(told) == 4)
    assert names(told) == ["READY", "STALE", "ERROR", "READY"]
    stale, error = told[1][2], told[2][2]
    assert daemon.address in (stale.message or "")
    assert error.error_code is ErrorCode.PROVIDER_NOT_READY


def test_heartbeats_keep_a_provider_ready(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    until = time.monotonic() + 2.2
    while time.monotonic() < until:
        assert status() is ProviderStatus.READY
        time.sleep(0.01)
    assert (names(told), unix_daemon.streams) == (["READY"], 1)


def test_a_daemon_that_only_falls_silent_is_stale_and_ready_once_it_speaks(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.beating = False
    fell_silent = time.monotonic()
    eventually(lambda: status() is ProviderStatus.STALE)
    assert 0.5 < time.monotonic() - fell_silent < 6
    unix_daemon.beating = True
    eventually(lambda: status() is ProviderStatus.READY)
    eventually(lambda: len(told) == 3)
    assert names(told) == ["READY", "STALE", "READY"]
    assert (told[1][2].message or "").endswith("silent for 1.5 s")


def test_a_daemon_that_accepts_but_never_speaks_again_becomes_stale_in_time_too(
    unix_daemon: FakeDaemon,
) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address, grace=0.3))
    unix_daemon.events = hang
    unix_daemon.cut_connections()
    cut = time.monotonic()
    eventually(lambda: status() is ProviderStatus.STALE)
    assert 0.5 < time.monotonic() - cut < 6
    eventually(lambda: status() is ProviderStatus.ERROR)
    assert time.monotonic() - cut < 10
    eventually(lambda: len(told) >= 3)
    assert names(told)[:3] == ["READY", "STALE", "ERROR"]


@pytest.mark.parametrize("resolver", ["remote", "in-process"])
def test_no_call_waits_for_a_daemon_that_hangs_once_that_is_told(daemon: FakeDaemon, resolver: str) -> None:
    api.set_provider_and_wait(BurgeeProvider(daemon.address, resolver=resolver))
    client = api.get_client()
    assert client.get_boolean_value("f", False) is True
    daemon.evaluation = daemon.events = hang
    daemon.cut_connections()
    eventually(lambda: status() is ProviderStatus.STALE)
    asked = len(daemon.requests)
    for _ in range(20):
        assert client.get_boolean_details("f", False).reason == Reason.STALE
        assert client.get_boolean_details("never asked", False).error_code is ErrorCode.PROVIDER_NOT_READY
    assert len(daemon.requests) == asked
    daemon.evaluation, daemon.events = answer(True), fake_daemon.stream_events
    daemon.cut_connections()
    eventually(lambda: status() is ProviderStatus.READY)
    assert client.get_boolean_details("never asked", False).reason == Reason.STATIC


def test_a_daemon_that_only_refuses_to_be_followed_is_asked_on(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.events = fake_daemon.cut(fake_daemon.http(503, b"{}"))
    unix_daemon.cut_connections()
    eventually(lambda: status() is ProviderStatus.STALE)
    assert "not ready yet (HTTP 503)" in (eventually(lambda: told[1:])[0][2].message or "")
    assert api.get_client().get_boolean_details("f", False).reason == Reason.STATIC


def test_a_daemon_whose_events_never_came_is_asked_though_they_are_waited_for(
    unix_daemon: FakeDaemon,
) -> None:
    unix_daemon.events = hang
    provider = BurgeeProvider(unix_daemon.address, initialize_deadline=0.2)
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(provider)
    subscription = provider._lifecycle._subscription
    assert subscription is not None
    eventually(lambda: "silent" in subscription.diagnosis)
    assert api.get_client().get_boolean_details("f", False).reason == Reason.STATIC


def test_a_daemon_that_is_back_ends_the_pause_after_timeouts(
    unix_daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than anything here is waited for.
    monkeypatch.setattr(breaker, "FIRST_PAUSE", 600.0)
    monkeypatch.setattr(breaker, "LONGEST_PAUSE", 600.0)
    provider = BurgeeProvider(unix_daemon.address, deadline=0.3, random=Longest())
    api.set_provider_and_wait(provider)
    unix_daemon.evaluation = hang
    client = api.get_client()
    for _ in range(2):
        assert client.get_boolean_details("f", False).error_code is ErrorCode.PROVIDER_NOT_READY
    assert len(unix_daemon.requests) <= 1
    unix_daemon.evaluation = answer(True)
    assert client.get_boolean_details("f", False).error_code is ErrorCode.PROVIDER_NOT_READY
    unix_daemon.publish(a_generation(2, "f"))
    assert eventually(lambda: client.get_boolean_value("f", False)) is True


def test_retries_do_not_hammer_a_dead_daemon(unix_daemon: FakeDaemon) -> None:
    attempts: list[float] = []

    def refuse(exchange: fake_daemon.Exchange) -> None:
        attempts.append(time.monotonic())
        exchange.close()

    unix_daemon.events = refuse
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(BurgeeProvider(unix_daemon.address, initialize_deadline=3))
    assert 4 <= len(attempts) <= 40


def test_another_daemon_among_those_searched_takes_over_before_anybody_is_stale(tmp_path: Path) -> None:
    first, second = (FakeDaemon(str(tmp_path / name)) for name in ("first", "second"))
    second.generation = GenerationEvent("another", 1)
    told = listen()
    with running(first):
        provider = BurgeeProvider(first.address)
        places = [Whereabouts(parse_address(daemon.address), provider._clock) for daemon in (first, second)]
        made = cast("partial[Any]", provider._lifecycle._subscribe)
        provider._lifecycle._subscribe = partial(made.func, places, **made.keywords)
        api.set_provider_and_wait(provider)
        with running(second):
            assert second.streams == 0
            first.stop()
            eventually(lambda: names(told) == ["READY", "CONFIGURATION_CHANGED"])
            assert told[-1][2].metadata == {"burgee.generation": "another-1"}
            first.start()
            second.stop()
            eventually(lambda: len(told) == 3)
    assert names(told) == ["READY", "CONFIGURATION_CHANGED", "CONFIGURATION_CHANGED"]


@pytest.mark.long
def test_whatever_happens_to_the_daemon_each_change_is_told_once(daemon: FakeDaemon) -> None:
    chance = Random(4)
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(daemon.address, grace=0.3))
    for _ in range(12):
        kind = chance.choice(["dead", "silent", "hanging", "garbage", "flapping"])
        if kind == "dead":
            daemon.stop()
        elif kind == "silent":
            daemon.beating = False
        elif kind == "flapping":
            for _ in range(5):
                daemon.cut_connections()
                time.sleep(chance.uniform(0, 0.05))
            continue
        else:
            daemon.events = hang if kind == "hanging" else fake_daemon.cut(b"garbage")
            daemon.cut_connections()
        worst = ProviderStatus.STALE if kind == "silent" else ProviderStatus.ERROR
        eventually(lambda worst=worst: status() is worst)
        daemon.beating, daemon.events = True, fake_daemon.stream_events
        daemon.start() if kind == "dead" else daemon.cut_connections()
        eventually(lambda: status() is ProviderStatus.READY)
    eventually(lambda: names(told)[-1] == "READY")
    assert all(one != other for one, other in pairwise(names(told)))
    assert all(earlier == "STALE" for earlier, later in pairwise(names(told)) if later == "ERROR"), (
        "an error is never told without staleness before it"
    )
