"""What is slow, hangs or fails beside the thread that follows the daemon does not keep it from following."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.exchange import Unreachable
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ProviderNotReadyError
from openfeature.provider import ProviderStatus

from burgee.wire.sync import GenerationEvent
from tests.provider.conftest import eventually, threads_named
from tests.provider.lifecycle.telling import a_generation, listen, names, status
from tests.support.fake_daemon import FakeDaemon

pytestmark = pytest.mark.usefixtures("openfeature_api")


class Download:
    """Stands in for a resolver's download of what the daemon said, and may take as long as it likes."""

    def __init__(self, provider: BurgeeProvider) -> None:
        self.events: list[GenerationEvent] = []
        self.may_end = threading.Event()
        self.failure: Exception | None = None
        self.at_once = 0
        self.most_at_once = 0
        provider._resolver.daemon_said = self.take  # type: ignore[method-assign]
        self._close = provider._resolver.close
        provider._resolver.close = self.close  # type: ignore[method-assign]
        self.ends_when_closed = False

    def take(self, event: GenerationEvent) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.events.append(event)
        self.may_end.wait(20)
        self.at_once -= 1
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        if self.ends_when_closed:
            self.may_end.set()
        self._close()


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Set at the end of a test, so that no handler hangs for ever."""
    event = threading.Event()
    yield event
    event.set()


def test_a_download_longer_than_silence_does_not_make_the_daemon_silent(unix_daemon: FakeDaemon) -> None:
    told = listen()
    provider = BurgeeProvider(unix_daemon.address)
    download = Download(provider)
    download.may_end.set()
    api.set_provider_and_wait(provider)
    download.may_end.clear()
    unix_daemon.publish(a_generation(2, "x"))
    eventually(lambda: len(download.events) == 2)
    time.sleep(2)  # what is proven is that nothing happens in that time
    assert (status(), names(told)) == (ProviderStatus.READY, ["READY"])
    download.may_end.set()
    eventually(lambda: len(told) == 2)
    unix_daemon.publish(a_generation(3, "y"))
    eventually(lambda: len(told) == 3)
    assert names(told) == ["READY", "CONFIGURATION_CHANGED", "CONFIGURATION_CHANGED"]
    assert unix_daemon.streams == 1


def test_a_daemon_that_died_during_a_download_is_stale_right_after_it(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    download = Download(provider)
    download.may_end.set()
    api.set_provider_and_wait(provider)
    download.may_end.clear()
    unix_daemon.publish(a_generation(2, "x"))
    eventually(lambda: len(download.events) == 2)
    unix_daemon.stop()
    time.sleep(1.6)  # longer than silence takes, so that none is left to wait for
    download.may_end.set()
    ended = time.monotonic()
    eventually(lambda: status() is ProviderStatus.STALE)
    assert time.monotonic() - ended < 5


def test_initialize_waits_for_the_download_and_ready_follows_it(unix_daemon: FakeDaemon) -> None:
    told = listen()
    provider = BurgeeProvider(unix_daemon.address, initialize_deadline=0.3)
    download = Download(provider)
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(provider)
    assert download.events
    download.may_end.set()
    eventually(lambda: status() is ProviderStatus.READY)
    eventually(lambda: names(told) == ["ERROR", "READY"])


def test_what_could_not_be_had_is_had_over_the_next_stream_and_told_once(unix_daemon: FakeDaemon) -> None:
    told = listen()
    provider = BurgeeProvider(unix_daemon.address)
    download = Download(provider)
    download.may_end.set()
    api.set_provider_and_wait(provider)
    download.failure = Unreachable("the download was cut off")
    unix_daemon.publish(a_generation(2, "x"))
    eventually(lambda: len(download.events) >= 3)
    assert names(told) == ["READY"]
    download.failure = None
    eventually(lambda: names(told) == ["READY", "CONFIGURATION_CHANGED"])
    unix_daemon.publish(a_generation(3, "y"))
    eventually(lambda: len(told) == 3)
    assert [details.flags_changed for _, _, details in told[1:]] == [None, ["y"]]


@pytest.mark.parametrize("ends_when_closed", [True, False])
def test_shutdown_does_not_wait_for_a_download(unix_daemon: FakeDaemon, ends_when_closed: bool) -> None:
    provider = BurgeeProvider(unix_daemon.address, initialize_deadline=0.2)
    download = Download(provider)
    download.ends_when_closed = ends_when_closed
    with pytest.raises(ProviderNotReadyError):
        provider.initialize(EvaluationContext())
    eventually(lambda: download.events)
    began = time.monotonic()
    provider.shutdown()
    assert time.monotonic() - began < (3 if ends_when_closed else 6)
    download.may_end.set()
    eventually(lambda: not threads_named("burgee-subscription"))


def test_a_provider_started_again_during_a_download_never_downloads_twice_at_once(
    unix_daemon: FakeDaemon,
) -> None:
    provider = BurgeeProvider(unix_daemon.address, initialize_deadline=0.2)
    download = Download(provider)
    for _ in range(3):
        with pytest.raises(ProviderNotReadyError):
            provider.initialize(EvaluationContext())
    download.may_end.set()
    eventually(lambda: provider._heard.generation() == ("e", 1))
    eventually(lambda: len(threads_named("burgee-subscription")) == 1)
    assert download.most_at_once == 1
    for _ in range(3):
        provider.shutdown()


def test_handlers_that_hang_or_raise_or_evaluate_keep_nobody_from_following(
    unix_daemon: FakeDaemon, released: threading.Event
) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    api.set_provider_and_wait(provider)
    client = api.get_client()
    values: list[bool] = []

    def hang_up(_: EventDetails) -> None:
        released.wait(20)

    def fail(_: EventDetails) -> None:
        raise RuntimeError("a handler's own fault")

    def evaluate(_: EventDetails) -> None:
        values.append(client.get_boolean_value("f", False))

    for handler in (fail, evaluate, hang_up):
        api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, handler)
    for number in range(2, 5):
        unix_daemon.publish(a_generation(number, "f"))
        eventually(lambda number=number: provider._heard.generation() == ("e", number))
    eventually(lambda: values)
    assert values[0] is True
    assert unix_daemon.streams == 1
    unix_daemon.stop()
    eventually(lambda: status() is ProviderStatus.STALE)


def test_an_sdk_that_never_returns_from_an_event_keeps_nobody_from_following(
    unix_daemon: FakeDaemon, released: threading.Event
) -> None:
    taken: list[ProviderEvent] = []

    def on_emit(provider: object, event: ProviderEvent, details: object) -> None:
        taken.append(event)
        released.wait(20)

    provider = BurgeeProvider(unix_daemon.address)
    provider.attach(on_emit)
    provider.initialize(EvaluationContext())
    assert provider.get_metadata().name == "burgee"
    for number in range(2, 300):
        unix_daemon.publish(a_generation(number, "f"))
    eventually(lambda: provider._heard.generation() == ("e", 299))
    assert len(taken) == 1
    assert len(provider._lifecycle.announcer._pending) <= 100
    released.set()
    eventually(lambda: len(taken) > 1)
    began = time.monotonic()
    provider.shutdown()
    assert time.monotonic() - began < 5


def test_shutting_down_or_setting_a_provider_from_within_a_handler_works(unix_daemon: FakeDaemon) -> None:
    second = BurgeeProvider(unix_daemon.address)
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    client = api.get_client()
    done = threading.Event()

    def replace(_: EventDetails) -> None:
        if not done.is_set():
            api.set_provider_and_wait(second)
            done.set()

    api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, replace)
    unix_daemon.publish(a_generation(2, "f"))
    assert done.wait(20)
    assert client.provider is second
    assert status() is ProviderStatus.READY
    eventually(lambda: unix_daemon.open_streams == 1)
