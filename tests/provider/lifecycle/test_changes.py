"""What the handlers of an application hear of changes, across gaps too."""

from __future__ import annotations

import time

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider, subscription
from openfeature.event import ProviderEvent
from openfeature.provider import ProviderStatus

from burgee.wire.sync import GenerationEvent
from tests.provider.conftest import eventually, fastest
from tests.provider.lifecycle.telling import a_generation, listen, names, status
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon

pytestmark = pytest.mark.usefixtures("openfeature_api")


def test_a_change_reaches_a_handler_at_once_and_names_its_flags(
    daemon: FakeDaemon,
) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(daemon.address))
    eventually(lambda: names(told) == ["READY"])
    numbers = iter(range(2, 99))

    def change() -> None:
        count = len(told)
        daemon.publish(a_generation(next(numbers), "b", "a"))
        eventually(lambda: len(told) > count)

    # With room for a busy machine; what is not told is found by silence, after more than a second.
    assert fastest(change, 0.05) <= 0.8
    _, event, details = told[-1]
    assert event is ProviderEvent.PROVIDER_CONFIGURATION_CHANGED
    assert details.flags_changed == ["a", "b"]
    assert details.message == "config"
    assert status() is ProviderStatus.READY


def test_only_events_that_name_changes_are_told(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.publish(a_generation(2))
    unix_daemon.publish(a_generation(2, "ramped", reason="time"))
    eventually(lambda: names(told) == ["READY", "CONFIGURATION_CHANGED"])
    assert told[-1][2].flags_changed == ["ramped"]
    assert told[-1][2].message == "time"


def test_many_changes_in_one_piece_are_all_told(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.send_events(b"".join(a_generation(number, f"f{number}").encode() for number in range(2, 12)))
    eventually(lambda: len(told) == 11)
    changed = sorted(str(details.flags_changed) for _, _, details in told[1:] if details.flags_changed)
    assert changed == sorted(f"['f{number}']" for number in range(2, 12))


def test_after_a_gap_with_another_generation_the_changed_flags_are_unknown(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.generation = GenerationEvent("other", 9)
    unix_daemon.cut_connections()
    eventually(lambda: names(told) == ["READY", "CONFIGURATION_CHANGED"])
    details = told[-1][2]
    assert details.flags_changed is None
    assert "gap" in (details.message or "")
    assert details.metadata == {"burgee.generation": "other-9"}


def test_a_short_gap_with_the_same_generation_tells_nothing(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    for number in range(2, 5):
        unix_daemon.cut_connections()
        eventually(lambda number=number: unix_daemon.streams == number and unix_daemon.open_streams == 1)
    unix_daemon.publish(a_generation(2, "x"))
    eventually(lambda: names(told) == ["READY", "CONFIGURATION_CHANGED"])


def test_the_selector_goes_along_with_the_stream(unix_daemon: FakeDaemon) -> None:
    seen: list[str] = []

    def events(exchange: fake_daemon.Exchange) -> None:
        seen.append(exchange.request.headers.get("flagd-selector", ""))
        fake_daemon.stream_events(exchange)

    unix_daemon.events = events
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address, selector="source=file"))
    assert seen == ["source=file"]


def test_a_change_by_time_alone_during_a_gap_is_told_afterwards(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.generation = GenerationEvent("e", 1, times=1)
    unix_daemon.cut_connections()
    eventually(lambda: names(told) == ["READY", "CONFIGURATION_CHANGED"])
    assert told[-1][2].flags_changed is None
    assert "time" in (told[-1][2].message or "")


def test_a_change_by_time_that_was_told_is_not_told_again_after_a_gap(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.publish(GenerationEvent("e", 1, flags_changed=frozenset({"x"}), reason="time", times=1))
    eventually(lambda: len(told) == 2)
    unix_daemon.cut_connections()
    eventually(lambda: unix_daemon.streams == 2 and unix_daemon.open_streams == 1)
    unix_daemon.publish(a_generation(2, "y"))
    eventually(lambda: len(told) == 3)
    assert [details.flags_changed for _, _, details in told[1:]] == [["x"], ["y"]]


def test_the_generation_is_known_from_the_first_word_to_the_last_and_never_an_old_one(
    daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "SILENT_AFTER", 90.0)
    provider = BurgeeProvider(daemon.address)
    known = provider._heard.generation
    assert known() is None
    at_handlers: list[object] = []
    api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, lambda _: at_handlers.append(known()))
    api.set_provider_and_wait(provider)
    assert known() == ("e", 1)
    daemon.publish(a_generation(2, "x"))
    eventually(lambda: at_handlers)
    assert at_handlers == [("e", 2)]
    daemon.stop()
    # Long before silence would tell: a stream that broke says no more.
    eventually(lambda: known() is None)
    daemon.start()
    eventually(lambda: known() == ("e", 2))


def test_a_generation_is_no_longer_known_once_the_daemon_hangs(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    api.set_provider_and_wait(provider)
    unix_daemon.beating = False
    fell_silent = time.monotonic()
    eventually(lambda: provider._heard.generation() is None)
    assert 0.5 < time.monotonic() - fell_silent < 6
