"""The provider in the real SDK: its states, its events, and the order in which others may call it."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from burgee.wire.sync import GenerationEvent
from tests.provider.conftest import eventually, fastest, threads_named
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, Handler, answer, hang, http, raw

pytestmark = pytest.mark.usefixtures("openfeature_api")


class Longest(Random):
    """Chance that always says the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


Told = list[tuple[float, ProviderEvent, EventDetails]]


def listen() -> Told:
    """Every event of Burgee's from now on, with its moment."""
    told: Told = []

    def handler(event: ProviderEvent) -> Callable[[EventDetails], None]:
        def take(details: EventDetails) -> None:
            if details.provider_name == "burgee":
                told.append((time.monotonic(), event, details))

        return take

    for event in ProviderEvent:
        api.add_handler(event, handler(event))
    return told


def names(told: Told) -> list[str]:
    return [event.value.removeprefix("PROVIDER_") for _, event, _ in sorted(told, key=lambda one: one[0])]


def status(client: OpenFeatureClient | None = None) -> ProviderStatus:
    return (client or api.get_client()).get_provider_status()


def a_generation(number: int, *flags: str, reason: str = "config") -> GenerationEvent:
    return GenerationEvent("e", number, flags_changed=frozenset(flags), reason=reason)


# Starting.


def test_a_provider_is_ready_as_soon_as_the_daemon_spoke(daemon: FakeDaemon) -> None:
    told = listen()
    began = time.monotonic()
    api.set_provider_and_wait(BurgeeProvider(daemon.address))
    assert time.monotonic() - began < 1
    assert status() is ProviderStatus.READY
    assert api.get_client().get_boolean_value("f", False) is True
    eventually(lambda: names(told) == ["READY"])


def test_initialize_raises_at_its_deadline_and_ready_follows_by_itself(daemon: FakeDaemon) -> None:
    told = listen()
    daemon.stop()
    provider = BurgeeProvider(daemon.address, initialize_deadline=0.2)
    began = time.monotonic()
    with pytest.raises(ProviderNotReadyError) as caught:
        api.set_provider_and_wait(provider)
    assert 0.2 <= time.monotonic() - began < 1
    assert caught.value.error_code is ErrorCode.PROVIDER_NOT_READY
    assert daemon.address in str(caught.value.error_message)
    assert status() is ProviderStatus.ERROR
    details = api.get_client().get_boolean_details("f", False)
    assert (details.value, details.error_code) == (False, ErrorCode.PROVIDER_NOT_READY)
    daemon.start()
    eventually(lambda: status() is ProviderStatus.READY)
    assert api.get_client().get_boolean_value("f", False) is True
    eventually(lambda: names(told) == ["ERROR", "READY"])


def test_a_provider_set_without_waiting_becomes_ready_too(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider(BurgeeProvider(unix_daemon.address))
    eventually(lambda: status() is ProviderStatus.READY)
    eventually(lambda: names(told) == ["READY"])


@pytest.mark.parametrize(
    ("events", "says"),
    [
        pytest.param(hang, "not asked yet|silent|within", id="hangs"),
        pytest.param(raw(http(503, b"{}")), "not ready yet", id="503"),
        pytest.param(raw(http(404, b"nginx")), "refuses its event stream \\(HTTP 404\\)", id="404"),
        pytest.param(raw(http(302, b"", {"Location": "http://x/"})), "redirected to http://x/", id="302"),
        pytest.param(
            raw(http(200, b"{}", {"Content-Type": "application/json"})), "no Burgee daemon", id="json"
        ),
        pytest.param(fake_daemon.cut(b"SSH-2.0-x\r\n"), "no Burgee daemon", id="ssh"),
        pytest.param(
            fake_daemon.cut(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: generation\ndata: []\n\n"
            ),
            "not an object",
            id="garbled-event",
        ),
        pytest.param(
            fake_daemon.cut(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: only comments\n\n"),
            "ended the event stream",
            id="comments",
        ),
    ],
)
def test_a_stream_that_says_nothing_of_use_makes_nothing_ready_and_is_explained(
    unix_daemon: FakeDaemon, events: Handler, says: str
) -> None:
    unix_daemon.events = events
    provider = BurgeeProvider(unix_daemon.address, initialize_deadline=0.2)
    with pytest.raises(ProviderNotReadyError) as caught:
        api.set_provider_and_wait(provider)
    assert re.search(says, str(caught.value.error_message))
    unix_daemon.events = fake_daemon.stream_events
    unix_daemon.cut_connections()
    eventually(lambda: status() is ProviderStatus.READY)


def test_heartbeats_alone_make_nothing_ready(unix_daemon: FakeDaemon) -> None:
    def beat(exchange: fake_daemon.Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while True:
            exchange.send(fake_daemon.HEARTBEAT)
            exchange.wait(0.05)

    unix_daemon.events = beat
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(BurgeeProvider(unix_daemon.address, initialize_deadline=0.3))


def test_one_provider_for_several_domains_is_started_once(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    api.set_provider_and_wait(provider)
    api.set_provider_and_wait(provider, domain="a")
    api.set_provider_and_wait(provider, domain="b")
    assert status(api.get_client("b")) is ProviderStatus.READY
    assert unix_daemon.streams == 1


# What the SDK asks of every provider.


def test_providers_are_told_apart_and_usable_as_keys(unix_daemon: FakeDaemon) -> None:
    first, second = BurgeeProvider(unix_daemon.address), BurgeeProvider(unix_daemon.address)
    assert first != second
    assert {first: 1, second: 2}[first] == 1


def test_what_the_sdk_calls_outside_its_guard_does_not_raise(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    for _ in range(2):
        assert provider.get_metadata().name == "burgee"
        assert provider.get_provider_hooks() == []
        provider.track("bought", EvaluationContext("u"), None)
        provider.shutdown()


def test_an_asynchronous_error_gives_the_default_value(unix_daemon: FakeDaemon) -> None:
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.evaluation = answer("no boolean")

    async def run() -> Any:
        return await api.get_client().get_boolean_details_async("f", True)

    details = asyncio.run(run())
    assert (details.value, details.error_code) == (True, ErrorCode.TYPE_MISMATCH)


def test_a_client_call_that_was_cancelled_leaves_the_next_one_alone(unix_daemon: FakeDaemon) -> None:
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    client = api.get_client()

    async def run() -> bool:
        unix_daemon.evaluation = hang
        task = asyncio.create_task(client.get_boolean_value_async("f", False))
        await asyncio.to_thread(eventually, lambda: unix_daemon.requests)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        unix_daemon.evaluation = answer(True)
        return await client.get_boolean_value_async("f", False)

    assert asyncio.run(run()) is True


def test_nothing_is_logged_for_an_evaluation(
    unix_daemon: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    caplog.clear()
    client = api.get_client()
    client.get_boolean_value("f", False)
    client.get_integer_value("f", 1)
    client.get_boolean_value("f", False, EvaluationContext("u", {"bad": object()}))  # type: ignore[dict-item]
    unix_daemon.stop()
    client.get_boolean_value("unknown", False)
    assert [record for record in caplog.records if "evaluat" in record.message] == []


# Changes.


def test_a_change_reaches_a_handler_within_tens_of_milliseconds_and_names_its_flags(
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

    assert fastest(change, 0.05) <= 0.05
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


# Silence.


def test_silence_makes_stale_then_error_then_ready_each_once(daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(daemon.address, grace=0.5))
    client = api.get_client()
    assert client.get_boolean_details("f", False).reason == Reason.STATIC
    died = time.monotonic()
    daemon.stop()
    eventually(lambda: status() is ProviderStatus.STALE)
    assert 1 < time.monotonic() - died < 2
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
    assert 1 < time.monotonic() - fell_silent < 2
    unix_daemon.beating = True
    eventually(lambda: status() is ProviderStatus.READY)
    eventually(lambda: len(told) == 3)
    assert names(told) == ["READY", "STALE", "READY"]


def test_a_daemon_that_accepts_but_never_speaks_again_becomes_stale_in_time_too(
    unix_daemon: FakeDaemon,
) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address, grace=0.3))
    unix_daemon.events = hang
    unix_daemon.cut_connections()
    cut = time.monotonic()
    eventually(lambda: status() is ProviderStatus.STALE)
    assert 1 < time.monotonic() - cut < 2
    eventually(lambda: status() is ProviderStatus.ERROR)
    assert time.monotonic() - cut < 2.5
    eventually(lambda: len(told) >= 3)
    assert names(told)[:3] == ["READY", "STALE", "ERROR"]


def test_a_daemon_that_is_back_ends_the_pause_after_timeouts(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address, deadline=0.02, random=Longest())
    api.set_provider_and_wait(provider)
    unix_daemon.evaluation = hang
    client = api.get_client()

    def asked() -> int:
        client.get_boolean_value("f", False)
        return len(unix_daemon.requests)

    eventually(lambda: asked() == 3)
    last_asked = time.monotonic()
    unix_daemon.evaluation = answer(True)
    assert client.get_boolean_details("f", False).error_code is ErrorCode.PROVIDER_NOT_READY
    unix_daemon.publish(a_generation(2, "f"))
    assert eventually(lambda: client.get_boolean_value("f", False)) is True
    assert time.monotonic() - last_asked < 1, "the pause of two seconds was waited out"


def test_retries_do_not_hammer_a_dead_daemon(unix_daemon: FakeDaemon) -> None:
    attempts: list[float] = []

    def refuse(exchange: fake_daemon.Exchange) -> None:
        attempts.append(time.monotonic())
        exchange.close()

    unix_daemon.events = refuse
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(BurgeeProvider(unix_daemon.address, initialize_deadline=3))
    assert 4 <= len(attempts) <= 40


# Ending.


@pytest.mark.parametrize("state", ["following", "hanging", "dead"])
def test_shutdown_is_prompt_idempotent_and_leaves_no_thread_and_no_connection(
    daemon: FakeDaemon, state: str
) -> None:
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
    assert time.monotonic() - began < 0.5
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
    thread.join(1)
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
