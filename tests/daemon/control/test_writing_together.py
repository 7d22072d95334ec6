"""Writes that wait are planned one upon the other and committed together, as if one came after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from burgeed.audit.errors import AuditUnavailable
from burgeed.audit.event import AuditEvent
from burgeed.control.commands import (
    Command,
    CreateFlag,
    DeleteFlag,
    KillFlag,
    OverrideItem,
    ReviveFlag,
    RollBack,
    SetOverrides,
    ToggleFlag,
)
from burgeed.control.errors import AlreadyExists, ControlError, NotFound, Stale, Unwritten
from burgeed.control.protocol import HistoryFilter
from burgeed.control.request import WriteOutcome
from burgeed.database.errors import DatabaseUnavailable, OutcomeUnknown
from burgeed.database.protocol import Database, Transaction
from tests.support.planes import Running, TableRecorder, running, sqlite

Outcome = TypeVar("Outcome")

DOCUMENT = {"flags": {"a": {"defaultVariant": "off"}, "b": {"defaultVariant": "on"}}}


class CountingDatabase:
    """A real database that counts its transactions; the first write waits until it is let go."""

    def __init__(self, real: Database) -> None:
        self.real = real
        self.writes = 0
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()
        self.fault: Callable[[], Exception] | None = None
        self.keeps = False

    async def write(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        self.writes += 1
        if self.writes == 1:
            self.held.set()
            await self.let_go.wait()
        elif self.fault is not None:
            fault, self.fault = self.fault, None
            if self.keeps:
                await self.real.write(work)
            raise fault()
        return await self.real.write(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Line:
    """Requests that come while the first one is being written."""

    def __init__(self, here: Running, database: CountingDatabase) -> None:
        self.here = here
        self.database = database

    async def write(self, *requests: tuple[Command, dict[str, Any]]) -> list[WriteOutcome | BaseException]:
        """What became of each; the first one of all is written alone before them."""
        first = asyncio.create_task(self.here.write(for_customer("first")))
        await self.database.held.wait()
        others = [asyncio.create_task(self.here.write(command, **rest)) for command, rest in requests]
        await asyncio.sleep(0)
        self.database.let_go.set()
        await first
        return await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with sqlite(tmp_path / "burgee.db") as real:
        database = CountingDatabase(real)
        async with running(database, DOCUMENT) as here:
            yield Line(here, database)


def for_customer(scope: str, variant: str | None = "on") -> SetOverrides:
    return SetOverrides("", (OverrideItem("customer", scope, "a", variant),))  # type: ignore[arg-type]


def revisions(outcomes: Sequence[WriteOutcome | BaseException]) -> list[int]:
    return [outcome.revision for outcome in outcomes if isinstance(outcome, WriteOutcome)]


async def test_what_waits_is_one_transaction_and_as_many_revisions(line: Line) -> None:
    outcomes = await line.write(*((for_customer(f"c-{each}"), {}) for each in range(10)))
    assert line.database.writes == 2
    assert revisions(outcomes) == [*range(2, 12)]
    assert [event.scope for event in line.here.told] == ["first", *(f"c-{each}" for each in range(10))]
    assert [event.revision for event in line.here.told] == [*range(1, 12)]
    sets = [event.scope for event in line.here.recorder.events if event.action == "override.set"]
    assert sets == [event.scope for event in line.here.told]
    assert len(await line.here.plane.history(HistoryFilter(), 100)) == 11
    assert all(line.here.variant("a", customer=f"c-{each}") == "on" for each in range(10))


async def test_each_is_planned_upon_the_one_before(line: Line) -> None:
    outcomes = await line.write(
        (CreateFlag("", "new", {}), {}),
        (CreateFlag("", "new", {}), {}),
        (ToggleFlag("", "new"), {}),
        (for_customer("c-1"), {}),
        (for_customer("c-1"), {}),
        (DeleteFlag("", "new"), {}),
        (ToggleFlag("", "new"), {}),
    )
    assert line.database.writes == 2
    assert revisions(outcomes) == [2, 3, 4, 4, 5]
    assert isinstance(outcomes[1], AlreadyExists)
    assert isinstance(outcomes[6], NotFound)
    unchanged = outcomes[4]
    assert isinstance(unchanged, WriteOutcome)
    assert (unchanged.changes, unchanged.flags_changed) == ((), frozenset())


async def test_what_follows_from_a_write_that_failed_is_not_told(line: Line) -> None:
    line.database.fault = lambda: DatabaseUnavailable("full", "there is no room")
    outcomes = await line.write(
        (CreateFlag("", "a", {}), {}),
        (CreateFlag("", "new", {}), {}),
        (CreateFlag("", "new", {}), {}),
        (ToggleFlag("", "new"), {"dry_run": True}),
    )
    assert isinstance(outcomes[0], AlreadyExists)
    assert [type(outcome) for outcome in outcomes[1:]] == [Unwritten] * 3
    assert line.here.plane.state.revision == 1
    assert revisions([await line.here.write(CreateFlag("", "new", {}))]) == [2]


async def test_one_that_the_audit_refuses_is_refused_alone(line: Line) -> None:
    append = line.here.recorder.append

    def refusing(transaction: Transaction, events: Sequence[AuditEvent]) -> None:
        if any(event.reason == "unfit" for event in events):
            raise AuditUnavailable("no audit entry can be made")
        append(transaction, events)

    line.here.recorder.append = refusing  # type: ignore[method-assign]
    outcomes = await line.write(
        (for_customer("c-1"), {}), (for_customer("c-2"), {"reason": "unfit"}), (for_customer("c-3"), {})
    )
    assert revisions(outcomes) == [2, 3]
    assert isinstance(outcomes[1], Unwritten)
    assert line.here.variant("a", customer="c-2") == "off"
    assert line.here.variant("a", customer="c-3") == "on"


async def test_a_commit_that_failed_is_looked_for_once_and_told_to_all(line: Line) -> None:
    line.database.fault, line.database.keeps = lambda: OutcomeUnknown("the connection went away"), True
    outcomes = await line.write((for_customer("c-1"), {}), (for_customer("c-2"), {}))
    assert revisions(outcomes) == [2, 3]
    assert line.here.plane.state.revision == 3


async def test_a_commit_that_was_none_is_told_to_all_as_unwritten(line: Line) -> None:
    line.database.fault = lambda: OutcomeUnknown("the connection went away")
    outcomes = await line.write((for_customer("c-1"), {}), (for_customer("c-2"), {}))
    assert [type(outcome) for outcome in outcomes] == [Unwritten, Unwritten]
    assert line.here.plane.state.revision == 1


async def test_a_key_that_waits_twice_is_written_once(line: Line) -> None:
    outcomes = await line.write(*[(ToggleFlag("", "a"), {"idempotency_key": "k"})] * 3)
    assert revisions(outcomes) == [2, 2, 2]
    assert [each.replayed for each in outcomes if isinstance(each, WriteOutcome)] == [False, True, True]


async def test_what_asks_the_history_sees_all_that_came_before_it(line: Line) -> None:
    outcomes = await line.write(
        (for_customer("c-1"), {}),
        (for_customer("c-1", "off"), {"if_match": 1}),
        (for_customer("c-2"), {}),
        (RollBack(2), {}),
        (RollBack(9), {}),
    )
    assert isinstance(outcomes[1], Stale)
    assert isinstance(outcomes[4], NotFound)
    assert revisions(outcomes) == [2, 3, 4]
    assert line.here.variant("a", customer="c-1") == "on"
    assert line.here.variant("a", customer="c-2") == "off"


async def test_who_stops_waiting_stops_nobody_else(line: Line) -> None:
    first = asyncio.create_task(line.here.write(for_customer("first")))
    await line.database.held.wait()
    gone, stays = (asyncio.create_task(line.here.write(for_customer(each))) for each in ("gone", "stays"))
    await asyncio.sleep(0)
    gone.cancel()
    line.database.let_go.set()
    assert revisions([await first, await stays]) == [1, 3]
    assert line.here.variant("a", customer="gone") == "on"


async def test_many_changes_do_not_hold_up_what_came_before_them(line: Line) -> None:
    many = SetOverrides(
        "", tuple(OverrideItem("customer", f"m-{each}", "a", {"variant": "on"}) for each in range(100))
    )
    outcomes = await line.write((for_customer("c-1"), {}), (many, {}), (for_customer("c-2"), {}))
    assert revisions(outcomes) == [2, 3, 4]
    assert line.database.writes == 4


COMMANDS: tuple[Command, ...] = (
    *(for_customer(scope, variant) for scope in ("c-1", "c-2") for variant in ("on", "off", None)),
    CreateFlag("", "new", {}),
    DeleteFlag("", "new"),
    ToggleFlag("", "new"),
    ToggleFlag("", "a"),
    KillFlag("", "b", {"variant": "off"}),
    ReviveFlag("", "b"),
    SetOverrides("", (OverrideItem("customer", "c-1", "new", {"variant": "on"}),)),
    RollBack(1),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(COMMANDS), min_size=2, max_size=12), st.integers(0, 2**32))
def test_together_they_do_what_they_do_one_after_the_other(
    tmp_path_factory: pytest.TempPathFactory, commands: list[Command], seed: int
) -> None:
    async def written(together: bool) -> tuple[list[Any], Any, list[Any], list[Any]]:
        random = Random(seed)
        path = tmp_path_factory.mktemp("planes") / "burgee.db"
        async with sqlite(path) as database, running(database, DOCUMENT) as here:
            options = [{"if_match": 0} if random.random() < 0.1 else {} for _ in commands]
            if together:
                writes = [here.write(each, **rest) for each, rest in zip(commands, options, strict=True)]
                outcomes = await asyncio.gather(*writes, return_exceptions=True)
            else:
                outcomes = [
                    await refusable(here, each, **rest) for each, rest in zip(commands, options, strict=True)
                ]
            told = [(event.revision, event.type, event.flag_key, event.scope) for event in here.told]
            return [plain(each) for each in outcomes], here.plane.state, told, recorded(here.recorder)

    assert asyncio.run(written(True)) == asyncio.run(written(False))


async def refusable(here: Running, command: Command, **options: Any) -> WriteOutcome | ControlError:
    try:
        return await here.write(command, **options)
    except ControlError as refused:
        return refused


def plain(outcome: WriteOutcome | BaseException) -> tuple[Any, ...]:
    if isinstance(outcome, WriteOutcome):
        return outcome.revision, outcome.action, outcome.changes, outcome.warnings
    return type(outcome), str(outcome)


def recorded(recorder: TableRecorder) -> list[Any]:
    return [(event.action, event.revision, event.leaf, event.old, event.new) for event in recorder.events]
