"""How long anything waits: the queue in front of a thread, and attempts to connect."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise
from typing import Any

import pytest

from burgeed.database.backoff import FIRST, LONGEST, Backoff
from burgeed.database.errors import DatabaseUnavailable, OutcomeUnknown
from burgeed.database.lane import Lane
from burgeed.database.session import Session

DEADLINE = 20.0


def lane(patience: float = 0.05, grace: float = 0.05) -> tuple[Lane, Session[Any]]:
    session: Session[Any] = Session(lambda: pytest.fail("nothing connects here"))
    return (
        Lane(
            "test", [session], limit=8, patience=patience, grace=grace, stuck=lambda: OutcomeUnknown("stuck")
        ),
        session,
    )


async def test_a_call_that_cannot_be_interrupted_is_told_as_stuck_and_holds_nobody_up_for_ever() -> None:
    one, _ = lane()
    go_on = threading.Event()
    with pytest.raises(OutcomeUnknown, match="stuck"):
        await asyncio.wait_for(one.run(lambda session: go_on.wait(DEADLINE)), DEADLINE)
    with pytest.raises(DatabaseUnavailable, match="in vain"):
        await asyncio.wait_for(one.run(lambda session: True), DEADLINE)
    await asyncio.wait_for(one.close(), DEADLINE)
    go_on.set()


async def test_a_call_is_served_once_the_one_before_it_has_ended_late() -> None:
    one, _ = lane()
    go_on = threading.Event()
    with pytest.raises(OutcomeUnknown):
        await one.run(lambda session: go_on.wait(DEADLINE))
    go_on.set()
    assert await one.run(lambda session: 7, patience=DEADLINE) == 7
    await one.close()


async def test_a_caller_that_left_does_not_keep_its_call_from_being_ended() -> None:
    one, session = lane(patience=0.1)
    begun, ended = threading.Event(), threading.Event()
    session.interrupt = ended.set  # type: ignore[method-assign]

    def call(session: object) -> None:
        begun.set()
        assert ended.wait(DEADLINE)

    caller = asyncio.create_task(one.run(call))
    await asyncio.to_thread(begun.wait, DEADLINE)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert await asyncio.to_thread(ended.wait, DEADLINE)
    await one.close()


async def test_work_that_raises_stop_iteration_does_not_hang_its_caller() -> None:
    one, _ = lane(patience=DEADLINE)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(one.run(lambda session: next(iter(()))), DEADLINE)
    await one.close()


def test_attempts_to_connect_keep_apart_and_never_for_longer_than_the_limit() -> None:
    now, share = 0.0, 1.0
    backoff = Backoff(lambda: now, lambda: share)
    waits = []
    for _ in range(12):
        backoff.check()
        backoff.failed("no route")
        with pytest.raises(DatabaseUnavailable, match="no route") as refused:
            backoff.check()
        assert refused.value.trouble == "failing"
        begun = now
        while True:
            try:
                backoff.check()
                break
            except DatabaseUnavailable:
                now += 0.05
        waits.append(now - begun)
    assert waits[0] == pytest.approx(FIRST, abs=0.06)
    assert max(waits) == pytest.approx(LONGEST, abs=0.06)
    assert all(one < next_one + 0.06 for one, next_one in pairwise(waits))
    share = 0.0
    backoff.failed("no route")
    backoff.check()
    backoff.succeeded()
    share = 1.0
    backoff.failed("no route")
    now += FIRST
    backoff.check()
