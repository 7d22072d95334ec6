"""Lone events: some become entries at once, the rest a sum."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from burgeed.audit.checkpoint import read_note
from burgeed.audit.event import AuditEvent
from burgeed.audit.records import AuditFilter
from burgeed.audit.throttle import Throttle
from tests.daemon.audit.logs import START, SetClock, log_at


def denied(actor: str = "mallory", number: int = 0) -> AuditEvent:
    return AuditEvent("denied", START, actor, detail={"number": number})


def test_so_many_a_second_pass_and_the_rest_is_one_sum_of_the_second() -> None:
    clock = SetClock()
    throttle = Throttle(clock, most=5)
    assert len(throttle.admit([denied(number=number) for number in range(100)])) == 5
    assert throttle.admit([denied()]) == [] and throttle.due() == []
    clock.time += 1
    [summed] = throttle.due()
    assert summed.detail == {"count": 96, "last": {"number": 0}} and summed.actor == "mallory"
    assert throttle.due() == [] and len(throttle.admit([denied()])) == 1


def test_one_actor_does_not_use_up_anothers_share() -> None:
    throttle = Throttle(SetClock(), most=5)
    throttle.admit([denied()] * 50)
    assert len(throttle.admit([denied("bob")])) == 1


def test_a_thousand_names_do_not_make_a_thousand_entries_nor_grow_for_ever() -> None:
    clock = SetClock()
    throttle = Throttle(clock, most=5, most_of_all=50)
    assert len(throttle.admit([denied(f"name-{number}") for number in range(5000)])) == 50
    sums = throttle.rest()
    assert len(sums) == 1001 and sum(each.detail["count"] for each in sums) == 4950


async def test_at_the_end_the_last_sums_are_written_and_signed(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        task = asyncio.create_task(log.audit.run())
        await log.audit.append_alone([denied(number=number) for number in range(20)])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        records = (await log.audit.search(AuditFilter(), 50)).records
        note = await log.audit.checkpoint()
    assert records[0].detail["count"] == 15 and note is not None and read_note(note).size == 6


async def test_what_fails_while_it_runs_is_not_kept_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with log_at(tmp_path / "b.db") as log:

        async def failing() -> None:
            raise RuntimeError("planted")

        monkeypatch.setattr(log.checkpoints, "run", failing)
        with pytest.raises(RuntimeError, match="planted"):
            async with asyncio.timeout(20):
                await log.audit.run()


async def test_the_log_gets_the_first_ones_and_the_sum(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.audit.append_alone([denied(number=number) for number in range(20)])
        log.clock.time += 2
        await log.audit.append_alone([AuditEvent("audit.read", START, "ann")])
        records = (await log.audit.search(AuditFilter(), 50)).records
    assert [record.action for record in records] == ["audit.read"] + ["denied"] * 6
    assert records[1].detail == {"count": 15, "last": {"number": 19}}
