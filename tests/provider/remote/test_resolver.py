"""The remote resolver in front of a daemon: what it asks, what it remembers, what it says instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from openfeature.contrib.provider.burgee.cache_statistics import CacheStatistics

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.generation import Generation
from burgee.resolution import ErrorCode, Reason
from burgee.snapshot import Snapshot
from burgee.wire.sync import GenerationEvent
from tests.provider.remote.asking import Asker
from tests.provider.remote.conftest import FIRST, SECOND, HandClock, Make, Served, told
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, hang


def test_what_was_asked_is_not_asked_again(make: Make, fake: FakeDaemon, asker: Asker) -> None:
    fake.evaluation = told(vary="customer,plan%20b", metadata={"burgee.source": "customer"})
    resolver = make()
    context = {"customer": "c", "plan b": 1, "request": 1}
    first = asker.ask(resolver, context)
    assert (first.reason, first.metadata) == (Reason.STATIC, {"burgee.source": "customer"})
    again = asker.ask(resolver, {**context, "request": 2})
    assert (again.value, again.variant, again.reason) == (True, "on", Reason.CACHED)
    assert again.metadata == {"burgee.source": "customer", "burgee.reason": "STATIC"}
    assert len(fake.requests) == 1
    asker.ask(resolver, {**context, "customer": "d"})
    asker.ask(resolver, {**context, "plan b": True})
    assert len(fake.requests) == 3
    assert resolver.cache_statistics() == CacheStatistics(hits=1, misses=3, evictions=0, size=3)


def test_a_code_default_is_remembered_too(make: Make, fake: FakeDaemon, asker: Asker) -> None:
    fake.evaluation = told(None, reason="DISABLED", variant="")
    resolver = make()
    asker.ask(resolver)
    again = asker.ask(resolver, flag_type="string")
    assert (again.has_value, again.reason, again.metadata) == (
        False,
        Reason.CACHED,
        {"burgee.reason": "DISABLED"},
    )
    assert len(fake.requests) == 1


def test_an_unknown_flag_is_asked_for_once_in_a_generation(
    make: Make, fake: FakeDaemon, served: Served, asker: Asker
) -> None:
    fake.evaluation = told(None, status=404, errorCode="FLAG_NOT_FOUND", errorDetails="no such flag")
    resolver = make()
    for _ in range(3):
        found = asker.ask(resolver)
        assert (found.error_code, found.error_message) == (ErrorCode.FLAG_NOT_FOUND, "no such flag")
    assert len(fake.requests) == 1
    served.now = SECOND
    fake.evaluation = told(True, generation=SECOND)
    assert asker.ask(resolver).value is True


@pytest.mark.parametrize(
    "headers",
    [
        {"vary": "*"},
        {"vary": "a,,b"},
        {"vary": "%FF"},
        {"generation": "nonsense"},
        {"generation": ""},
        {"until": "soon"},
        {"until": "-1"},
        {"until": "1.5"},
        {"until": "9" * 40},
    ],
)
def test_an_answer_that_does_not_say_how_far_it_carries_is_asked_for_each_time(
    make: Make, fake: FakeDaemon, asker: Asker, headers: dict[str, Any]
) -> None:
    fake.evaluation = told(**headers)
    resolver = make()
    for _ in range(2):
        assert asker.ask(resolver).reason is Reason.STATIC
    assert len(fake.requests) == 2
    fake.stop()
    assert asker.ask(resolver).reason is Reason.STALE


def test_a_new_generation_is_asked_for_at_once(
    make: Make, fake: FakeDaemon, served: Served, asker: Asker
) -> None:
    fake.evaluation = told(True)
    resolver = make()
    asker.ask(resolver)
    served.now, fake.evaluation = SECOND, told(False, generation=SECOND)
    assert asker.ask(resolver).value is False
    assert asker.ask(resolver).reason is Reason.CACHED


def test_an_edge_in_time_is_counted_from_the_question_on(make: Make, fake: FakeDaemon, asker: Asker) -> None:
    clock = HandClock()
    resolver = make(clock=clock, deadline=30.0)

    def slow(exchange: fake_daemon.Exchange) -> None:
        clock.now += 1.0
        told(until=1500)(exchange)

    fake.evaluation = slow
    asker.ask(resolver)
    clock.now += 0.499
    assert asker.ask(resolver).reason is Reason.CACHED
    clock.now += 0.002
    assert asker.ask(resolver).reason is Reason.STATIC


def test_an_edge_in_time_that_the_daemon_announces_ends_the_answers_of_the_flags_it_names(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    fake.evaluation = told(until=60_000)
    resolver = make()
    asker.ask(resolver)
    resolver.daemon_said(GenerationEvent("e", 1, flags_changed=frozenset({"other"}), reason="time"))
    assert asker.ask(resolver).reason is Reason.CACHED
    resolver.daemon_said(GenerationEvent("e", 1, flags_changed=frozenset({"flag"}), reason="time"))
    assert asker.ask(resolver).reason is Reason.STATIC


def test_while_the_daemon_is_silent_it_is_asked_and_what_it_said_is_only_the_last_known_answer(
    make: Make, fake: FakeDaemon, served: Served, asker: Asker
) -> None:
    fake.evaluation = told(vary="customer")
    resolver = make()
    asker.ask(resolver, {"customer": "c"})
    served.now = None
    assert asker.ask(resolver, {"customer": "c"}).reason is Reason.STATIC
    fake.stop()
    stale = asker.ask(resolver, {"customer": "c", "request": 7})
    assert (stale.value, stale.reason, stale.metadata) == (True, Reason.STALE, {"burgee.reason": "STATIC"})
    other = asker.ask(resolver, {"customer": "d"})
    assert (other.has_value, other.error_code) == (False, ErrorCode.PROVIDER_NOT_READY)


def test_without_a_cache_every_call_asks_and_nothing_is_known_afterwards(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    fake.evaluation = told()
    resolver = make(cache_size=0)
    for _ in range(2):
        assert asker.ask(resolver).reason is Reason.STATIC
    fake.stop()
    assert asker.ask(resolver).error_code is ErrorCode.PROVIDER_NOT_READY
    assert resolver.cache_statistics().size == 0


# What a snapshot says instead.


def snapshot(number: int, served: str) -> Snapshot:
    flags = {
        "flag": {"variants": {"a": "a", "b": "b"}, "defaultVariant": served},
        "layout": {"variants": {"x": {"list": [1]}}, "defaultVariant": "x"},
    }
    layer, _ = read_layer("file", [SourceDocument({"flags": flags}, "flags.json")])
    return compose([layer], generation=Generation("e", number))


def test_a_snapshot_answers_where_nothing_is_known(make: Make, fake: FakeDaemon, asker: Asker) -> None:
    kept = snapshot(1, "b")
    resolver = make(instead=lambda: kept)
    fake.stop()
    found = asker.ask(resolver, flag_type="string")
    assert (found.value, found.reason, found.metadata["burgee.reason"]) == ("b", Reason.STALE, "STATIC")
    assert asker.ask(resolver, flag_key="layout", flag_type="object").value == {"list": [1]}
    for key, flag_type in [("other", "string"), ("flag", "boolean")]:
        missing = asker.ask(resolver, flag_key=key, flag_type=flag_type)  # type: ignore[arg-type]
        assert missing.error_code is ErrorCode.PROVIDER_NOT_READY


def test_a_flag_that_only_the_daemon_can_answer_is_not_answered_by_a_snapshot(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    kept = replace(snapshot(1, "b"), needs_daemon=frozenset({"flag"}))
    resolver = make(instead=lambda: kept)
    fake.stop()
    assert asker.ask(resolver, flag_type="string").error_code is ErrorCode.PROVIDER_NOT_READY
    assert asker.ask(resolver, flag_key="layout", flag_type="object").value == {"list": [1]}


def test_what_the_daemon_said_goes_before_a_snapshot_unless_the_snapshot_is_later(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    fake.evaluation = told("a", generation=FIRST)
    kept = [snapshot(1, "b")]
    resolver = make(instead=lambda: kept[0])
    asker.ask(resolver, flag_type="string")
    fake.stop()
    resolver.daemon_said(GenerationEvent("e", 1, flags_changed=frozenset({"flag"})))
    assert asker.ask(resolver, flag_type="string").value == "a"
    kept[0] = snapshot(2, "b")
    assert asker.ask(resolver, flag_type="string").value == "b"
    kept[0] = snapshot(0, "b")
    assert asker.ask(resolver, flag_type="string").value == "a"


def test_a_snapshot_that_cannot_be_had_is_a_failure_like_none(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    def broken() -> Snapshot:
        raise OSError("gone")

    resolver = make(instead=broken)
    fake.stop()
    assert asker.ask(resolver).error_code is ErrorCode.PROVIDER_NOT_READY


def test_a_hung_daemon_costs_one_wait_and_then_the_snapshot_answers_at_once(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    kept = snapshot(1, "b")
    fake.evaluation = hang
    resolver = make(instead=lambda: kept, deadline=0.2)
    values = {asker.ask(resolver, {"n": number}, flag_type="string").value for number in range(20)}
    assert values == {"b"}
    assert len(fake.requests) < 20


def test_a_closed_resolver_has_forgotten_and_goes_on(make: Make, fake: FakeDaemon, asker: Asker) -> None:
    fake.evaluation = told()
    resolver = make()
    asker.ask(resolver)
    resolver.close()
    assert asker.ask(resolver).reason is Reason.STATIC
    assert asker.ask(resolver).reason is Reason.CACHED
