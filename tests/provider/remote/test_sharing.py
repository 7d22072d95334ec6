"""Calls that ask the same at the same time, and many that do not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import breaker
from openfeature.contrib.provider.burgee.remote import RemoteResolver

from burgee.resolution import ErrorCode, Reason, Resolution
from tests.provider.conftest import eventually
from tests.provider.remote.asking import resolve, resolve_async
from tests.provider.remote.conftest import Make, Served, told, told_bytes
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, after, hang

Contexts = list[dict[str, Any]]


def together(way: str, resolver: RemoteResolver, contexts: Contexts) -> list[Resolution]:
    """Ask with all contexts at once, from as many threads or tasks."""
    if way == "asynchronous":

        async def run() -> list[Resolution]:
            return await asyncio.gather(
                *(resolve_async(resolver, "flag", "integer", context) for context in contexts)
            )

        return asyncio.run(run())
    found: list[Resolution | None] = [None] * len(contexts)

    def work(number: int) -> None:
        found[number] = resolve(resolver, "flag", "integer", contexts[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(contexts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [each for each in found if each is not None]


def echo(exchange: fake_daemon.Exchange) -> None:
    """Answer with the attribute ``n``, and say so."""
    exchange.send(told_bytes(exchange.request.context["n"], vary="n"))


@pytest.fixture(params=["blocking", "asynchronous"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_calls_that_ask_the_same_share_one_exchange(make: Make, fake: FakeDaemon, way: str) -> None:
    fake.evaluation = after(0.1, told(7))
    resolver = make(deadline=5.0)
    found = together(way, resolver, [{"n": 1}] * 30)
    assert {each.value for each in found} == {7}
    assert len(fake.requests) == 1
    assert Counter(each.reason for each in found) == {Reason.STATIC: 1, Reason.CACHED: 29}


def test_what_is_known_of_a_flag_tells_which_calls_ask_the_same(
    make: Make, fake: FakeDaemon, served: Served, way: str
) -> None:
    fake.evaluation = told(1, vary="customer")
    resolver = make(deadline=5.0)
    resolve(resolver, "flag", "integer", {"customer": "a"})
    fake.evaluation = after(0.1, told(2, vary="customer"))
    found = together(way, resolver, [{"customer": "b", "n": number} for number in range(20)])
    assert ({each.value for each in found}, len(fake.requests)) == ({2}, 2)


def test_threads_and_tasks_share_with_each_other(make: Make, fake: FakeDaemon) -> None:
    fake.evaluation = after(0.2, told(7))
    resolver = make(deadline=5.0)
    found: list[Resolution] = []
    blocking = threading.Thread(target=lambda: found.append(resolve(resolver, "flag", "integer", {})))
    blocking.start()
    eventually(lambda: len(fake.requests) == 1)
    found += together("asynchronous", resolver, [{}] * 3)
    blocking.join()
    assert ([each.value for each in found], len(fake.requests)) == ([7] * 4, 1)


def test_calls_do_not_share_what_cannot_be_kept(
    make: Make, fake: FakeDaemon, served: Served, way: str
) -> None:
    fake.evaluation = after(0.05, told(7, vary="*"))
    resolver = make(deadline=5.0)
    resolve(resolver, "flag", "integer", {})
    assert {each.reason for each in together(way, resolver, [{}] * 10)} == {Reason.STATIC}
    assert len(fake.requests) == 11
    served.now = None
    fake.evaluation = after(0.05, told(7))
    assert {each.reason for each in together(way, resolver, [{}] * 10)} == {Reason.STATIC}
    assert len(fake.requests) == 21


def test_those_who_waited_in_vain_wait_no_longer_than_their_deadline(
    make: Make, fake: FakeDaemon, way: str
) -> None:
    fake.evaluation = hang
    # Long enough for everybody to have asked before the first has waited in vain.
    resolver = make(deadline=1.0)
    began = time.monotonic()
    found = together(way, resolver, [{}] * 20)
    assert time.monotonic() - began < 10  # one after the other they would wait for 20 s
    assert {each.error_code for each in found} == {ErrorCode.PROVIDER_NOT_READY}
    assert len(fake.requests) == 1
    assert len(resolver._flights) == 0


def test_a_failure_is_shared_by_nobody_and_leaves_nothing_behind(
    make: Make, fake: FakeDaemon, way: str
) -> None:
    fake.stop()
    resolver = make(deadline=5.0)
    found = together(way, resolver, [{}] * 20)
    assert {each.error_code for each in found} == {ErrorCode.PROVIDER_NOT_READY}
    assert len(resolver._flights) == 0


def test_a_cancelled_call_leaves_its_question_to_those_who_wait(make: Make, fake: FakeDaemon) -> None:
    fake.evaluation = after(0.2, told(7))
    resolver = make(deadline=5.0)

    async def run() -> list[Any]:
        calls = [asyncio.create_task(resolve_async(resolver, "flag", "integer", {})) for _ in range(5)]
        await asyncio.to_thread(eventually, lambda: len(fake.requests) == 1)
        calls[0].cancel()
        calls[1].cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    cancelled, also, *others = asyncio.run(run())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert isinstance(also, asyncio.CancelledError)
    assert [each.value for each in others] == [7, 7, 7]
    assert len(resolver._flights) == 0


def test_one_that_waits_no_longer_takes_nothing_from_the_others(make: Make, fake: FakeDaemon) -> None:
    fake.evaluation = after(0.2, told(7))
    resolver = make(deadline=5.0)

    async def run() -> list[Any]:
        calls = [asyncio.create_task(resolve_async(resolver, "flag", "integer", {})) for _ in range(5)]
        await asyncio.to_thread(eventually, lambda: len(fake.requests) == 1)
        calls[2].cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    found = asyncio.run(run())
    assert isinstance(found.pop(2), asyncio.CancelledError)
    assert [(each.value, each.error_code) for each in found] == [(7, None)] * 4
    assert len(fake.requests) == 1


def test_an_event_loop_that_ends_does_not_hold_up_the_thread_that_waits_for_it(
    make: Make, fake: FakeDaemon
) -> None:
    fake.evaluation = after(0.3, told(7))
    resolver = make(deadline=5.0)
    found: list[Resolution] = []

    async def run() -> None:
        task = asyncio.create_task(resolve_async(resolver, "flag", "integer", {}))
        await asyncio.to_thread(eventually, lambda: len(fake.requests) == 1)
        waiting.start()
        await asyncio.sleep(0.05)
        assert not task.done()

    waiting = threading.Thread(target=lambda: found.append(resolve(resolver, "flag", "integer", {})))
    asyncio.run(run())
    waiting.join()
    assert ([each.value for each in found], len(fake.requests)) == ([7], 2)


def test_64_threads_with_their_own_questions_get_their_own_answers(make: Make, fake: FakeDaemon) -> None:
    fake.evaluation = echo
    resolver = make(deadline=20.0, cache_size=300)
    wrong: list[object] = []

    def work(thread: int) -> None:
        for step in range(30):
            asked = (thread * 7 + step * 13) % 400
            found = resolve(resolver, "flag", "integer", {"n": asked, "thread": thread})
            if found.value != asked:
                wrong.append((asked, found))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statistics = resolver.cache_statistics()
    assert wrong == []
    assert statistics.hits + statistics.misses == 64 * 30
    assert (statistics.size <= 300, fake.accepted <= 64) == (True, True)


def test_1000_calls_in_one_event_loop_go_over_few_connections(make: Make, fake: FakeDaemon) -> None:
    fake.evaluation = echo
    resolver = make(deadline=30.0, connections=16)
    found = together("asynchronous", resolver, [{"n": number % 500} for number in range(1000)])
    assert [each.value for each in found] == [number % 500 for number in range(1000)]
    assert fake.accepted <= 16
    # Those that ask before the first answer tells what counts do not share with those that ask after it.
    assert 500 <= len(fake.requests) <= 516


def test_calls_that_get_no_turn_hold_up_nobody_else_afterwards(make: Make, fake: FakeDaemon) -> None:
    fake.evaluation = after(0.15, echo)
    resolver = make(deadline=0.4, connections=1)
    found = together("asynchronous", resolver, [{"n": number} for number in range(1, 9)])
    assert sum(each.error_code is None for each in found) >= 1
    assert any("no turn" in each.error_message for each in found)
    fake.evaluation = echo
    assert eventually(lambda: resolve(resolver, "flag", "integer", {"n": 100}).value == 100)


@pytest.mark.parametrize("why", ["it timed out before", "it is waited for in vain elsewhere"])
def test_nobody_waits_with_a_call_on_trial_that_asks_the_same(
    make: Make, fake: FakeDaemon, served: Served, way: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than anything here is waited for.
    monkeypatch.setattr(breaker, "FIRST_PAUSE", 1e9)
    monkeypatch.setattr(breaker, "LONGEST_PAUSE", 1e9)
    fake.evaluation = hang
    resolver = make(deadline=30.0)
    on_trial = threading.Thread(target=resolve, args=(resolver, "flag", "integer", {}))
    on_trial.start()
    eventually(lambda: len(fake.requests) == 1)
    if why == "it timed out before":
        ticket = resolver._breaker.admit()
        assert ticket is not None
        resolver._breaker.timed_out(ticket)
    else:
        served.is_hung = True
    found = together(way, resolver, [{}] * 5)
    assert on_trial.is_alive(), "they waited as long as the one on trial"
    assert {each.error_code for each in found} == {ErrorCode.PROVIDER_NOT_READY}
    assert len(fake.requests) == 1
    fake.cut_connections()
    on_trial.join(30)


def test_a_daemon_that_is_known_to_hang_is_not_asked_and_what_it_said_last_is_given(
    make: Make, fake: FakeDaemon, served: Served, way: str
) -> None:
    fake.evaluation = told(7)
    resolver = make(deadline=30.0)
    together(way, resolver, [{}])
    fake.evaluation = hang
    served.now, served.is_hung = None, True
    found = together(way, resolver, [{}])[0]
    assert (found.value, found.reason) == (7, Reason.STALE)
    never_asked = resolve(resolver, "other", "integer", {})
    assert never_asked.error_code is ErrorCode.PROVIDER_NOT_READY
    assert "waited for in vain" in never_asked.error_message
    assert resolver.prefetch({"n": 1}) == 0
    assert len(fake.requests) == 1
    fake.evaluation = told(8)
    served.is_hung = False
    assert together(way, resolver, [{}])[0].value == 8
