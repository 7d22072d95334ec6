"""What only asynchronous calls can do wrong."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
import weakref
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import Reason

from tests.provider.conftest import eventually, fastest
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, after, answer, answer_bytes, hang


def echo(exchange: fake_daemon.Exchange) -> None:
    """Answer with the attribute ``n``, after ``wait`` seconds."""
    context = exchange.request.context
    exchange.wait(context.get("wait", 0))
    exchange.send(answer_bytes(context["n"]))


async def ask(provider: BurgeeProvider, number: int, wait: float = 0) -> int:
    context = EvaluationContext(None, {"n": number, "wait": wait})
    details = await provider.resolve_integer_details_async("f", -1, context)
    value: int = details.value
    return value


def test_twenty_calls_to_a_slow_daemon_wait_together(daemon: FakeDaemon) -> None:
    daemon.evaluation = after(0.2, answer(True))
    provider = BurgeeProvider(daemon.address, deadline=10)

    async def calls() -> None:
        details = await asyncio.gather(
            *(provider.resolve_boolean_details_async("f", False) for _ in range(20))
        )
        assert all(one.value for one in details)

    assert 0.2 <= fastest(lambda: asyncio.run(calls()), 0.4) < 2
    provider.shutdown()


def test_calls_beyond_the_bound_wait_for_their_turn(unix_daemon: FakeDaemon) -> None:
    unix_daemon.evaluation = after(0.02, answer(True))
    provider = BurgeeProvider(unix_daemon.address, connections=4, deadline=10)

    async def calls() -> list[Any]:
        return await asyncio.gather(*(provider.resolve_boolean_details_async("f", False) for _ in range(40)))

    assert all(details.value for details in asyncio.run(calls()))
    assert unix_daemon.accepted == 4
    provider.shutdown()


@pytest.mark.parametrize("state", ["alive", "slow", "hung", "dead"])
def test_the_event_loop_is_never_blocked(
    daemon: FakeDaemon, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if state == "hung":
        monkeypatch.setenv("BURGEE_DEADLINE", "0.5")
    provider = BurgeeProvider(daemon.address)

    async def calls() -> None:
        with blockbuster_ctx():
            await provider.resolve_boolean_details_async("f", False)
            if state == "slow":
                daemon.evaluation = after(0.05, answer(True))
            if state == "hung":
                daemon.evaluation = hang
            if state == "dead":
                await asyncio.to_thread(daemon.stop)
            for _ in range(3):
                details = await provider.resolve_boolean_details_async("f", False)
                expected = Reason.STATIC if state in ("alive", "slow") else Reason.STALE
                assert (details.value, details.reason) == (True, expected)

    asyncio.run(calls())
    provider.shutdown()


def test_the_very_first_call_of_a_process_does_not_block_its_loop(unix_daemon: FakeDaemon) -> None:
    script = (
        "import asyncio, sys, time\n"
        "from openfeature.contrib.provider.burgee import BurgeeProvider\n"
        "provider = BurgeeProvider(sys.argv[1])\n"
        "async def run():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    loop.slow_callback_duration = 0.03\n"
        "    began = time.perf_counter()\n"
        "    details = await provider.resolve_boolean_details_async('f', False)\n"
        "    print(details.value, time.perf_counter() - began, 'aiohttp' in sys.modules)\n"
        "asyncio.run(run())\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script, unix_daemon.address],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    value, elapsed, imported = ended.stdout.split()
    # Importing aiohttp is what would block it.
    assert (value, imported) == ("True", "False")
    assert float(elapsed) < 5.0


def test_event_loops_come_and_go(provider: BurgeeProvider, daemon: FakeDaemon) -> None:
    daemon.evaluation = echo
    for number in range(5):
        assert asyncio.run(ask(provider, number)) == number
    assert daemon.accepted == 1


def test_event_loops_of_several_threads_do_not_mix_their_answers(daemon: FakeDaemon) -> None:
    daemon.evaluation = echo
    provider = BurgeeProvider(daemon.address, deadline=20)
    wrong: list[object] = []

    def work(thread: int) -> None:
        async def run() -> None:
            numbers = [thread * 1000 + step for step in range(30)]
            answers = await asyncio.gather(*(ask(provider, number) for number in numbers))
            if answers != numbers:
                wrong.append((numbers, answers))

        asyncio.run(run())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    provider.shutdown()


def test_a_finished_event_loop_is_not_kept(provider: BurgeeProvider) -> None:
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def run() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await asyncio.gather(*(provider.resolve_boolean_details_async("f", False) for _ in range(100)))

    for _ in range(5):
        asyncio.run(run())
    gc.collect()
    assert sum(loop() is not None for loop in loops) <= 1


def test_a_cancelled_call_leaves_no_answer_to_the_next(provider: BurgeeProvider, daemon: FakeDaemon) -> None:
    daemon.evaluation = echo

    async def run() -> None:
        assert await ask(provider, 1) == 1
        for number in range(2, 30):
            task = asyncio.create_task(ask(provider, -number, 0.3))  # not answered before it is cancelled
            await asyncio.sleep(0.004 if number % 2 else 0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await ask(provider, number) == number

    asyncio.run(run())


def test_a_cancelled_call_closes_its_connection(provider: BurgeeProvider, daemon: FakeDaemon) -> None:
    daemon.evaluation = hang

    async def run() -> None:
        tasks = [asyncio.create_task(ask(provider, 1)) for _ in range(5)]
        await asyncio.to_thread(eventually, lambda: len(daemon.requests) == 5)
        for task in tasks:
            task.cancel()
        assert all(
            isinstance(outcome, asyncio.CancelledError)
            for outcome in await asyncio.gather(*tasks, return_exceptions=True)
        )

    asyncio.run(run())
    daemon.evaluation = answer(7)
    assert asyncio.run(ask(provider, 7)) == 7
    assert daemon.accepted == 6


def test_an_outer_timeout_is_the_callers_own(daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(daemon.address, deadline=20)
    daemon.evaluation = hang

    async def run() -> None:
        async with asyncio.timeout(0.05):
            await provider.resolve_boolean_details_async("f", False)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(run())
    assert time.monotonic() - began < 10


def test_uvloop_does_as_well(daemon: FakeDaemon) -> None:
    uvloop = pytest.importorskip("uvloop")
    provider = BurgeeProvider(daemon.address, deadline=3.0)
    daemon.evaluation = echo

    async def run() -> None:
        numbers = list(range(1, 31))
        assert await asyncio.gather(*(ask(provider, number, 0.01) for number in numbers)) == numbers
        task = asyncio.create_task(ask(provider, -1, 1))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ask(provider, 99) == 99
        daemon.evaluation = hang
        assert await ask(provider, 99) == 99
        await asyncio.to_thread(daemon.stop)
        assert await ask(provider, 100) == -1

    uvloop.run(run())
    provider.shutdown()
