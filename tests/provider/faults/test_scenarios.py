"""Whatever happens on the way: a call never raises, never waits too long, and says the best that is known."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from burgee.resolution import ErrorCode, Reason, Resolution
from tests.provider.conftest import eventually
from tests.provider.faults.conftest import DEADLINE, Make, timed
from tests.provider.faults.scenarios import FATAL, HARMLESS, Scenario
from tests.provider.remote.asking import Asker
from tests.support.fake_daemon import answer_bytes
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Fault, Instead, Latency, OnAccept, Relay, hang, swallow


def said(resolution: Resolution) -> tuple[object, Reason, ErrorCode | None]:
    """What counts of an answer."""
    return resolution.value, resolution.reason, resolution.error_code


FRESH = ("fresh", Reason.STATIC, None)
LAST_KNOWN = ("fresh", Reason.STALE, None)
FALLBACK = ("kept", Reason.STALE, None)


def test_there_are_enough_scenarios() -> None:
    assert len(FATAL) + len(HARMLESS) >= 40


@pytest.mark.parametrize("scenario", HARMLESS.values(), ids=HARMLESS)
def test_what_does_no_harm_is_not_noticed(
    proxy: FaultProxy, make: Make, asker: Asker, scenario: Scenario
) -> None:
    resolver = make(proxy.address, deadline=5.0)
    proxy.fault = scenario.fault
    for _ in range(3):
        assert said(timed(asker, resolver, "known", 5.0)) == FRESH
        assert timed(asker, resolver, "kept", 5.0).value == "never served"
    assert timed(asker, resolver, "unknown", 5.0).error_code is ErrorCode.FLAG_NOT_FOUND


@pytest.mark.parametrize("scenario", FATAL.values(), ids=FATAL)
def test_what_breaks_an_exchange_breaks_no_call(
    proxy: FaultProxy, make: Make, asker: Asker, scenario: Scenario
) -> None:
    resolver = make(proxy.address)
    eventually(lambda: said(asker.ask(resolver, {}, "known", "string")) == FRESH)
    proxy.fault = scenario.fault
    began = time.monotonic()
    assert said(timed(asker, resolver, "known")) == LAST_KNOWN
    if scenario.waits:
        assert time.monotonic() - began > DEADLINE * 0.9
    # Nothing was ever heard of this one.
    assert said(timed(asker, resolver, "kept")) == FALLBACK
    unknown = timed(asker, resolver, "unknown")
    assert (unknown.has_value, unknown.reason) == (False, Reason.ERROR)
    assert unknown.error_message
    assert said(timed(asker, resolver, "known")) == LAST_KNOWN

    # Where nothing has to be waited for, a busy machine gets the time to find out what is wrong.
    alone = make(proxy.address, deadline=0.1 if scenario.waits else 5.0)
    alone_says = asker.ask(alone, {}, "known", "string")
    assert (alone_says.has_value, alone_says.error_code) == (False, ErrorCode(scenario.code))

    proxy.fault = Fault()
    fresh = eventually(lambda: (found := timed(asker, resolver, "known")).reason is Reason.STATIC and found)
    assert said(fresh) == FRESH
    resolver.close()
    alone.close()
    eventually(lambda: not proxy.open_connections)


@pytest.mark.parametrize("fault", [Instead(swallow), OnAccept(hang), Latency(9.0)])
def test_a_daemon_that_says_nothing_costs_one_wait_in_all(
    proxy: FaultProxy, make: Make, asker: Asker, fault: Fault
) -> None:
    resolver = make(proxy.address, random=Random())
    eventually(lambda: said(asker.ask(resolver, {}, "known", "string")) == FRESH)
    proxy.fault = fault
    slow = 0
    for _ in range(100):
        began = time.monotonic()
        assert said(timed(asker, resolver, "known")) == LAST_KNOWN
        slow += time.monotonic() - began > DEADLINE / 2
    # A busy machine makes a few more calls slow; without the breaker it would be all of them.
    assert 1 <= slow <= 20


def test_a_daemon_that_is_gone_costs_no_wait_at_all(proxy: FaultProxy, make: Make, asker: Asker) -> None:
    resolver = make(proxy.address, deadline=5.0)
    asker.ask(resolver, {}, "known", "string")
    proxy.refuse()
    proxy.drop()
    began = time.monotonic()
    for _ in range(20):
        assert said(asker.ask(resolver, {}, "known", "string")) == LAST_KNOWN
        assert said(asker.ask(resolver, {}, "kept", "string")) == FALLBACK
    assert time.monotonic() - began < 4.5
    assert asker.ask(resolver, {}, "unknown", "string").error_code is ErrorCode.PROVIDER_NOT_READY
    proxy.listen()
    assert said(asker.ask(resolver, {}, "known", "string")) == FRESH


def test_a_socket_that_is_removed_and_comes_back(
    proxy: FaultProxy, make: Make, asker: Asker, tmp_path: Path
) -> None:
    if proxy.path is None:
        proxy.move(str(tmp_path / "moved.sock"))
    resolver = make(proxy.address)
    eventually(lambda: said(asker.ask(resolver, {}, "known", "string")) == FRESH)
    assert proxy.path is not None
    path = Path(proxy.path)
    proxy.refuse()
    proxy.drop()
    path.unlink()
    assert said(timed(asker, resolver, "known")) == LAST_KNOWN
    path.write_text("somebody else's")
    assert said(timed(asker, resolver, "known")) == LAST_KNOWN
    path.unlink()
    proxy.listen()
    eventually(lambda: said(timed(asker, resolver, "known")) == FRESH)


def test_a_daemon_that_comes_back_at_another_place_is_found_there(
    proxy: FaultProxy, make: Make, asker: Asker, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.sock"
    resolver = make(proxy.address, f"unix://{elsewhere}", deadline=2.0)
    assert said(timed(asker, resolver, "known", 2.0)) == FRESH
    proxy.move(str(elsewhere))
    for _ in range(3):
        assert said(timed(asker, resolver, "known", 2.0)) == FRESH


def test_a_daemon_that_accepts_nobody_holds_a_call_for_its_deadline_only(
    proxy: FaultProxy, make: Make, asker: Asker
) -> None:
    proxy.refuse()
    proxy.listen(0, accept=False)
    deadline = 0.4
    resolver = make(proxy.address, deadline=deadline)
    assert said(timed(asker, resolver, "kept")) == FALLBACK
    began = time.monotonic()
    for _ in range(20):
        timed(asker, resolver, "kept")
    assert time.monotonic() - began < 20 * deadline * 0.75


def test_an_answer_that_comes_too_late_is_nobody_elses(proxy: FaultProxy, make: Make, asker: Asker) -> None:
    resolver = make(proxy.address, deadline=0.1)
    proxy.fault = Latency(0.15)
    asker.ask(resolver, {}, "known", "string")
    proxy.fault = Fault()
    for key, value in [("kept", "never served"), ("known", "fresh")] * 3:
        found = eventually(
            lambda key=key: (
                (answer := asker.ask(resolver, {}, key, "string")).reason is Reason.STATIC and answer  # type: ignore[misc]
            )
        )
        assert found.value == value


class Afterthought(Fault):
    """Each answer is followed, a little later, by one that nobody asked for."""

    def __init__(self) -> None:
        self.said = 0

    def answered(self, relay: Relay, data: bytes) -> None:
        relay.answer(data)
        relay.wait(0.01)
        relay.answer(answer_bytes("forged"))
        self.said += 1


def test_an_answer_that_nobody_asked_for_is_nobodys(proxy: FaultProxy, make: Make, asker: Asker) -> None:
    resolver = make(proxy.address, deadline=5.0)
    proxy.fault = fault = Afterthought()
    for number in range(1, 5):
        assert said(timed(asker, resolver, "known", 5.0)) == FRESH
        eventually(lambda number=number: fault.said == number)  # type: ignore[misc]


def test_connections_that_died_at_rest_cost_nothing_but_new_ones(
    proxy: FaultProxy, make: Make, asker: Asker
) -> None:
    resolver = make(proxy.address, deadline=5.0)
    for _ in range(5):
        assert said(timed(asker, resolver, "known", 5.0)) == FRESH
        proxy.drop()
        eventually(lambda: not proxy.open_connections)
    assert proxy.accepted == 5
