"""A database or an audit that fails: refused, or truly told, and evaluation goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from burgeed.audit.errors import AuditUnavailable
from burgeed.control.commands import OverrideItem, SetOverrides
from burgeed.control.errors import Unknown, Unwritten
from burgeed.control.protocol import HistoryFilter
from burgeed.database.errors import DatabaseUnavailable, OutcomeUnknown
from burgeed.database.protocol import Database, Transaction
from tests.support.planes import Running, running, sqlite, until

Outcome = TypeVar("Outcome")

DOCUMENT = {"flags": {"a": {"defaultVariant": "off"}}}


class FailingDatabase:
    """A real database behind faults that a test sets: each write takes the first of ``writes``."""

    def __init__(self, real: Database) -> None:
        self.real = real
        self.writes: list[str] = []
        self.reads: list[str] = []
        self.waited = 0
        self.refused: Callable[[], None] = lambda: None

    async def write(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        fault = self.writes.pop(0) if self.writes else ""
        if fault in ("full", "failing", "busy"):
            self.refused()
            raise DatabaseUnavailable(fault, f"the disk is {fault}")  # type: ignore[arg-type]
        if fault == "lost":
            raise OutcomeUnknown("the connection went away")
        outcome = await self.real.write(work)
        if fault == "kept":
            raise OutcomeUnknown("the connection went away")
        return outcome

    async def read(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        if self.reads:
            raise DatabaseUnavailable(self.reads.pop(0), "it cannot be read")  # type: ignore[arg-type]
        return await self.real.read(work)

    async def scrub(self, *tables: str) -> None:
        await self.real.scrub(*tables)

    async def changed(self, within: float) -> bool:
        self.waited += 1
        return await self.real.changed(0.01)

    def report(self) -> dict[str, Any]:
        return self.real.report()

    async def close(self) -> None:
        await self.real.close()


def for_customer(scope: str, variant: Any = "on") -> SetOverrides:
    return SetOverrides("", (OverrideItem("customer", scope, "a", variant),))


async def serves_as_before(here: Running) -> None:
    assert here.variant("a", customer="c-1") == "off"
    assert (here.plane.state.revision, here.told) == (0, [])
    await here.write(for_customer("c-1"))
    assert here.variant("a", customer="c-1") == "on"
    assert here.plane.state.revision == 1


@pytest.mark.parametrize("trouble", ["full", "failing", "busy"])
async def test_a_write_that_the_store_refuses_changes_nothing_and_the_next_one_works(
    tmp_path: Path, trouble: str
) -> None:
    async with sqlite(tmp_path / "burgee.db") as real:
        database = FailingDatabase(real)
        async with running(database, DOCUMENT) as here:
            database.writes = [trouble]
            with pytest.raises(Unwritten, match=trouble) as refused:
                await here.write(for_customer("c-1"))
            assert refused.value.full == (trouble == "full")
            assert not isinstance(refused.value, Unknown)
            await serves_as_before(here)


async def test_no_audit_entry_no_write(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as database, running(database, DOCUMENT) as here:
        here.recorder.refusal = AuditUnavailable("the key is missing")
        with pytest.raises(Unwritten, match="the key is missing"):
            await here.write(for_customer("c-1"))
        here.recorder.refusal = None
        assert list(await here.plane.history(HistoryFilter(), 10)) == []
        await serves_as_before(here)


async def test_a_commit_that_failed_and_was_one_is_answered_as_one(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as real:
        database = FailingDatabase(real)
        async with running(database, DOCUMENT) as here:
            database.writes = ["kept"]
            outcome = await here.write(for_customer("c-1"))
            assert outcome.revision == 1
            assert here.variant("a", customer="c-1") == "on"
            assert [event.type for event in here.told] == ["override.set"]
            assert (await here.write(for_customer("c-2"))).revision == 2


async def test_a_commit_that_failed_and_was_none_is_refused(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as real:
        database = FailingDatabase(real)
        async with running(database, DOCUMENT) as here:
            database.writes = ["lost", "failing"]
            with pytest.raises(Unwritten) as refused:
                await here.write(for_customer("c-1"))
            assert not isinstance(refused.value, Unknown)
            await serves_as_before(here)


async def test_a_commit_of_which_nothing_can_be_told_is_unknown_and_served_once_it_is_seen(
    tmp_path: Path,
) -> None:
    async with sqlite(tmp_path / "burgee.db") as real:
        database = FailingDatabase(real)
        async with running(database, DOCUMENT, random=lambda: 0.01) as here:
            database.writes = ["kept", *["failing"] * 5]
            with pytest.raises(Unknown):
                await here.write(for_customer("c-1"))
            assert here.variant("a", customer="c-1") == "off"
            outcome = await here.write(for_customer("c-2"))
            assert outcome.revision == 2
            assert here.variant("a", customer="c-1") == "on"
            assert [event.revision for event in here.told] == [1, 2]


async def test_what_cannot_be_read_is_refused_and_evaluation_goes_on(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as real:
        database = FailingDatabase(real)
        async with running(database, DOCUMENT) as here:
            for ask in (
                lambda: here.plane.history(HistoryFilter(), 10),
                lambda: here.plane.revision(1),
                lambda: here.plane.past(),
                lambda: here.plane.difference(0, 0),
                lambda: here.write(for_customer("c-1"), idempotency_key="k"),
            ):
                database.reads = ["failing"]
                with pytest.raises(Unwritten, match="it cannot be read"):
                    await ask()
            assert here.variant("a") == "off"


async def test_a_store_that_cannot_be_read_at_the_start_is_tried_until_it_can(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as real, running(real, DOCUMENT) as here:
        await here.write(for_customer("c-1"))
        database = FailingDatabase(real)
        database.reads = ["failing"] * 4
        async with running(database, DOCUMENT, random=lambda: 0.01) as again:
            assert database.reads == []
            assert again.variant("a", customer="c-1") == "on"


async def test_following_survives_a_store_that_fails_for_a_while(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as real:
        database = FailingDatabase(real)
        async with running(database, DOCUMENT, follow=True, random=lambda: 0.01) as here:
            database.reads = ["failing"] * 5
            await until(lambda: not database.reads and here.plane.report()["trouble"] == "")
            await here.write(for_customer("c-1"))


async def test_a_foundation_that_could_not_be_put_down_makes_the_time_between_doubtful(
    tmp_path: Path,
) -> None:
    async with sqlite(tmp_path / "burgee.db") as real:
        database = FailingDatabase(real)
        async with running(database, DOCUMENT, follow=True, random=lambda: 0.01) as here:
            await until(lambda: any(event.action == "generation" for event in here.recorder.events))
            start = here.clock.time

            def mend() -> None:
                # In the very moment of the refusal: the next try would put down what was refused.
                here.clock.time += 10
                here.deliver({"flags": {"a": {"defaultVariant": "off"}, "b": {}}})

            database.writes, database.refused = ["failing"], mend
            here.clock.time += 10
            here.deliver({"flags": {"a": {"defaultVariant": "on"}}})
            # Until it is committed: the recorder hears of it before that.
            async with asyncio.timeout(20):
                while (await here.plane.past(at=start + 15)).exact:
                    await asyncio.sleep(0.005)
            assert (await here.plane.past(at=start + 5)).exact
            here.clock.time += 10
            assert (await here.plane.past(at=here.clock.time)).exact


async def test_a_store_that_was_replaced_by_an_older_copy_is_the_truth_all_the_same(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "one.db") as one, sqlite(tmp_path / "two.db") as two:
        database = FailingDatabase(one)
        async with running(database, DOCUMENT, follow=True) as here:
            await here.write(for_customer("c-1"))
            async with running(two, DOCUMENT) as other:
                await other.write(for_customer("c-2"))
            database.real = two
            await until(lambda: here.variant("a", customer="c-2") == "on")
            assert here.variant("a", customer="c-1") == "off"
            assert (await here.write(for_customer("c-3"))).revision == 2


async def test_entries_that_todays_reader_refuses_are_left_out_and_the_rest_is_served(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as database, running(database, DOCUMENT) as here:
        await here.write(for_customer("c-1"))
        await here.write(for_customer("c-2"))
        await database.write(
            lambda transaction: transaction.execute(
                "UPDATE entries SET document = ? WHERE scope = ?", ('{"teleport":true}', "c-1")
            )
        )
        async with running(database, DOCUMENT) as again:
            assert again.plane.report()["unreadable"] == 1
            assert again.variant("a", customer="c-1") == "off"
            assert again.variant("a", customer="c-2") == "on"


async def test_what_could_not_be_served_is_said_and_served_with_the_next_one(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as database, running(database, DOCUMENT) as here:
        take, failures = here.store.take, ["once"]

        async def failing(source: str, layer: Any) -> Any:
            if failures:
                failures.pop()
                raise RuntimeError("composing failed")
            return await take(source, layer)

        here.store.take = failing  # type: ignore[method-assign]
        outcome = await here.write(for_customer("c-1"))
        assert outcome.warnings == ("it is written, and not served yet",)
        assert here.told == []
        await here.write(for_customer("c-2"))
        assert here.variant("a", customer="c-1") == "on"
        assert [event.revision for event in here.told] == [1, 2]
