"""Two daemons on one PostgreSQL: none loses what another wrote, and each serves it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from burgeed.control.commands import CreateFlag, OverrideItem, PatchFlag, RollBack, SetOverrides, ToggleFlag
from burgeed.control.errors import AlreadyExists, Stale
from burgeed.control.protocol import HistoryFilter
from tests.support.planes import Running, opened, running, until

DOCUMENT = {"flags": {"a": {"defaultVariant": "off"}, "n": {"variants": {"one": 1, "two": 2}}}}


async def start(stack: AsyncExitStack, uri: str, count: int = 2, *, follow: bool = True) -> list[Running]:
    planes = []
    for _ in range(count):
        database = await stack.enter_async_context(opened(uri))
        planes.append(await stack.enter_async_context(running(database, DOCUMENT, follow=follow)))
    return planes


def for_customer(scope: str, variant: Any = "on") -> SetOverrides:
    return SetOverrides("", (OverrideItem("customer", scope, "a", variant),))


def told_by(plane: Running) -> list[int]:
    """The revisions that it told of, in its order."""
    return [event.revision for event in plane.told if event.type == "override.set"]


async def test_what_one_writes_the_other_serves_and_tells(postgresql_database: str) -> None:
    async with AsyncExitStack() as stack:
        one, other = await start(stack, postgresql_database)
        await one.write(for_customer("c-1"), reason="pilot")
        await until(lambda: other.variant("a", customer="c-1") == "on", within=10)
        await until(lambda: bool(told_by(other)))
        [event] = [event for event in other.told if event.type == "override.set"]
        assert (event.revision, event.actor, event.reason) == (1, "writer", "pilot")
        await other.write(for_customer("c-1", None))
        await until(lambda: one.variant("a", customer="c-1") == "off", within=10)


async def test_both_write_at_once_and_nothing_is_lost(postgresql_database: str) -> None:
    async with AsyncExitStack() as stack:
        planes = await start(stack, postgresql_database)
        writes = [
            plane.write(for_customer(f"{place}-{each}"))
            for each in range(12)
            for place, plane in enumerate(planes)
        ]
        outcomes = await asyncio.gather(*writes)
        assert sorted(outcome.revision for outcome in outcomes) == list(range(1, 25))
        for plane in planes:
            await until(lambda plane=plane: plane.plane.state.revision == 24)  # type: ignore[misc]
        assert planes[0].plane.state == planes[1].plane.state
        assert len(planes[0].plane.state.entries) == 24
        for plane in planes:
            await until(lambda plane=plane: len(told_by(plane)) == 24)  # type: ignore[misc]
            assert told_by(plane) == list(range(1, 25))
        assert len(await planes[0].plane.history(HistoryFilter(), 100)) == 24


async def test_a_write_is_planned_upon_what_another_wrote_just_before(postgresql_database: str) -> None:
    async with AsyncExitStack() as stack:
        one, other = await start(stack, postgresql_database, follow=False)
        await one.write(PatchFlag("", "n", {"owner": "me"}))
        await other.write(PatchFlag("", "n", {"description": "x"}))
        [entry] = other.plane.state.entries.values()
        assert (entry.document["owner"], entry.document["description"]) == ("me", "x")
        results = await asyncio.gather(
            one.write(CreateFlag("", "new", {})),
            other.write(CreateFlag("", "new", {})),
            return_exceptions=True,
        )
        assert sum(isinstance(each, AlreadyExists) for each in results) == 1


async def test_a_revision_that_only_the_other_has_is_caught_up_with(postgresql_database: str) -> None:
    async with AsyncExitStack() as stack:
        one, other = await start(stack, postgresql_database, follow=False)
        seen = (await one.write(for_customer("c-1"))).revision
        assert (await other.write(for_customer("c-1", "off"), if_match=seen)).revision == 2
        try:
            await one.write(for_customer("c-1", "on"), if_match=seen)
        except Stale as stale:
            assert stale.revision == 2
        else:
            raise AssertionError("a stale write was taken")
        outcome = await one.write(RollBack(2), if_match=2)
        assert outcome.changes == ()


async def test_a_key_that_the_other_was_given_gives_its_outcome_here(postgresql_database: str) -> None:
    async with AsyncExitStack() as stack:
        planes = await start(stack, postgresql_database, follow=False)
        outcomes = await asyncio.gather(
            *(plane.write(ToggleFlag("", "a"), idempotency_key="k") for plane in planes)
        )
        assert sorted(outcome.replayed for outcome in outcomes) == [False, True]
        assert {outcome.revision for outcome in outcomes} == {1}


async def test_one_that_was_gone_for_many_revisions_catches_up(postgresql_database: str) -> None:
    async with AsyncExitStack() as stack:
        one, other = await start(stack, postgresql_database, follow=False)
        many = tuple(OverrideItem("customer", f"c-{each}", "a", {"variant": "on"}) for each in range(600))
        await one.write(SetOverrides("", many))
        for each in range(5):
            await one.write(for_customer(f"c-{each}", None))
        await other.write(for_customer("c-900"))
        assert len(other.plane.state.entries) == 596
        assert other.plane.state.revision == 7
