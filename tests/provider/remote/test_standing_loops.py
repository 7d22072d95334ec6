"""Event loops, and threads, that stand still while a call is under way: nobody else has to pay for it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop
from openfeature.contrib.provider.burgee.clock import SystemClock
from openfeature.contrib.provider.burgee.remote import RemoteResolver

from burgee.resolution import ErrorCode, Resolution
from tests.provider.conftest import eventually
from tests.provider.remote.asking import resolve, resolve_async
from tests.provider.remote.conftest import Make, told, told_bytes
from tests.support.fake_daemon import Exchange, FakeDaemon

PAST = 3600.0
"""Seconds by which time moves on while a loop or a thread stands still: over each deadline here."""


class Gate:
    """A daemon's answer that comes when it is let through.

    Attributes:
        opened: lets it through.
        answered: it was sent.
    """

    def __init__(self, fake: FakeDaemon) -> None:
        self.opened, self.answered = threading.Event(), threading.Event()
        fake.evaluation = self._answer

    def _answer(self, exchange: Exchange) -> None:
        assert self.opened.wait(20)
        told(7)(exchange)
        self.answered.set()

    def answer_while_the_loop_stands(self) -> None:
        """Have the answer come and the deadline pass before the running loop does anything else."""
        loop = asyncio.get_running_loop()
        self.opened.set()
        assert self.answered.wait(20)
        now = loop.time
        loop.time = lambda: now() + PAST  # type: ignore[method-assign]


@pytest.fixture
def gate(fake: FakeDaemon) -> Iterator[Gate]:
    made = Gate(fake)
    yield made
    made.opened.set()


async def under_way(resolver: RemoteResolver, fake: FakeDaemon) -> asyncio.Task[Resolution]:
    """A call whose question has reached the daemon."""
    task = asyncio.create_task(resolve_async(resolver, "flag", "integer", {}))
    await asyncio.to_thread(eventually, lambda: len(fake.requests) == 1)
    return task


def test_a_blocking_call_does_not_wait_for_a_task_of_its_own_thread(
    make: Make, fake: FakeDaemon, gate: Gate
) -> None:
    resolver = make(deadline=20.0)

    async def run() -> tuple[Resolution, Resolution]:
        task = await under_way(resolver, fake)
        gate.opened.set()
        return resolve(resolver, "flag", "integer", {}), await task

    found, awaited = asyncio.run(run())
    assert (found.value, found.error_code) == (7, None)
    assert awaited.value == 7
    assert len(fake.requests) == 2
    assert len(resolver._flights) == 0


def test_a_loop_that_stands_still_costs_one_call_its_answer_and_not_all_that_ask_the_same(
    make: Make, fake: FakeDaemon, gate: Gate
) -> None:
    resolver = make(deadline=3.0)
    loop = asyncio.new_event_loop()
    try:
        task = loop.run_until_complete(under_way(resolver, fake))
        gate.opened.set()
        found: list[Resolution] = []

        def work() -> None:
            found.extend(resolve(resolver, "flag", "integer", {}) for _ in range(3))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert [each.error_code for each in found] == [ErrorCode.PROVIDER_NOT_READY, None, None]
        assert [each.value for each in found[1:]] == [7, 7]
        loop.run_until_complete(task)
        assert len(resolver._flights) == 0
    finally:
        loop.close()


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_an_answer_that_came_while_the_loop_stood_still_is_taken(
    make: Make, fake: FakeDaemon, gate: Gate, new_loop: Any
) -> None:
    resolver = make(deadline=20.0)

    async def run() -> list[Resolution]:
        first = await under_way(resolver, fake)
        waits = asyncio.create_task(resolve_async(resolver, "flag", "integer", {}))
        await asyncio.sleep(0)
        if new_loop is uvloop.new_event_loop:
            gate.opened.set()  # its time cannot be moved: only that it does as well
        else:
            gate.answer_while_the_loop_stands()
        return [await first, await waits]

    with asyncio.Runner(loop_factory=new_loop) as runner:
        found = runner.run(run())
    assert [(each.value, each.error_code) for each in found] == [(7, None)] * 2
    assert resolver._breaker.admit() is not None
    assert len(fake.requests) == 1


def test_a_call_that_is_cancelled_while_the_loop_stands_still_is_cancelled(
    make: Make, fake: FakeDaemon, gate: Gate
) -> None:
    resolver = make(deadline=20.0)

    async def run() -> None:
        task = await under_way(resolver, fake)
        gate.answer_while_the_loop_stands()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(run())


def test_a_child_that_lets_go_of_a_call_leaves_the_loop_of_its_parent_alone(
    make: Make, fake: FakeDaemon, gate: Gate
) -> None:
    resolver = make(deadline=20.0)

    async def run() -> Resolution:
        task = await under_way(resolver, fake)
        await asyncio.sleep(0.01)
        child = os.fork()
        if child == 0:
            coroutine: Any = task.get_coro()
            coroutine.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        gate.opened.set()
        return await task

    began = time.monotonic()
    assert asyncio.run(run()).value == 7
    assert time.monotonic() - began < 15  # the answer was waited for, and not found at the deadline


def test_an_answer_that_came_while_the_thread_stood_still_is_taken(make: Make, fake: FakeDaemon) -> None:
    answer = told_bytes(7)

    class StandingStill(SystemClock):
        """Holds who asks for the time, once, until the answer is there, and then says that it is late."""

        def __init__(self) -> None:
            self.armed, self.held, self.answered = (threading.Event() for _ in range(3))
            self.late = 0.0

        def monotonic(self) -> float:  # type: ignore[override]
            if self.armed.is_set() and not self.held.is_set():
                self.held.set()
                assert self.answered.wait(20)
                self.late = PAST
            return SystemClock.monotonic() + self.late

    clock = StandingStill()

    def in_two_pieces(exchange: Exchange) -> None:
        clock.armed.set()
        exchange.send(answer[:20])
        assert clock.held.wait(20)
        exchange.send(answer[20:])
        clock.answered.set()

    fake.evaluation = in_two_pieces
    resolver = make(deadline=20.0, clock=clock)
    found = resolve(resolver, "flag", "integer", {})
    assert (found.value, found.error_code) == (7, None)
    assert clock.late == PAST
    assert resolver._breaker.admit() is not None
