"""The control plane over a real SQLite database and the real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate
from burgee.instant import instant_text
from burgee.selector import Selector
from burgeed.control.commands import (
    CreateFlag,
    DeleteFlag,
    KillFlag,
    OverrideItem,
    ReviveFlag,
    RollBack,
    SetOverrides,
    ToggleFlag,
)
from burgeed.control.errors import (
    AlreadyExists,
    ControlError,
    Invalid,
    KeyReused,
    NotAllowed,
    NotFound,
    Stale,
    Unwritten,
)
from burgeed.control.plane import Plane
from burgeed.control.protocol import HistoryFilter
from burgeed.control.request import WriteRequest
from tests.support.planes import (
    FILE,
    WRITER,
    Running,
    SetClock,
    TableRecorder,
    layer_store,
    restricted,
    running,
    sqlite,
    until,
)

DOCUMENT = {
    "flags": {"a": {"defaultVariant": "off"}, "b": {"defaultVariant": "on"}},
    "overrides": {"customer": {"c-9": {"a": "on"}}},
    "kill": {"b": "off"},
}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Running]:
    async with sqlite(tmp_path / "burgee.db") as database, running(database, DOCUMENT) as found:
        yield found


def for_customer(scope: str, variant: Any, flag_key: str = "a") -> SetOverrides:
    return SetOverrides("", (OverrideItem("customer", scope, flag_key, variant),))


async def test_a_write_is_served_and_told_when_it_is_answered(here: Running) -> None:
    outcome = await here.write(for_customer("c-1", "on"), reason="pilot")
    assert here.variant("a", customer="c-1") == "on"
    assert here.variant("a", customer="c-2") == "off"
    assert (outcome.revision, outcome.action, outcome.flags_changed) == (1, "override.set", {"a"})
    assert outcome.generation == str(here.store.snapshot.generation)
    assert [(event.type, event.revision, event.scope, event.reason) for event in here.told] == [
        ("override.set", 1, "c-1", "pilot")
    ]
    assert [(event.action, event.leaf, event.new) for event in here.recorder.events] == [
        ("override.set", "variant", "on"),
        ("token.use", "", None),
    ]


async def test_what_changes_nothing_is_no_revision(here: Running) -> None:
    await here.write(for_customer("c-1", "on"))
    outcome = await here.write(for_customer("c-1", {"variant": "on"}))
    assert (outcome.revision, outcome.changes, outcome.flags_changed) == (1, (), frozenset())
    assert here.plane.state.revision == 1
    assert len(here.told) == 1


async def test_a_dry_run_tells_what_would_change_and_writes_nothing(here: Running) -> None:
    outcome = await here.write(ToggleFlag("", "a"), dry_run=True)
    assert outcome.dry_run
    assert outcome.revision == 0
    assert outcome.changes[0].after is not None
    assert outcome.warnings
    assert outcome.flags_changed is None
    assert here.variant("a") == "off"
    assert (here.told, here.recorder.events) == ([], [])
    with pytest.raises(AlreadyExists):
        await here.write(CreateFlag("", "a", {}), dry_run=True)


async def test_a_toggled_flag_of_a_file_is_one_leaf_in_the_audit(here: Running) -> None:
    await here.write(ToggleFlag("", "a"))
    leaves = [event for event in here.recorder.events if event.action == "flag.toggle"]
    assert [(each.leaf, each.had_old, each.new) for each in leaves] == [("state", False, "DISABLED")]


async def test_a_kill_of_a_file_is_revived_and_a_flag_of_a_file_is_killed(here: Running) -> None:
    assert here.variant("b") == "off"
    await here.write(ReviveFlag("", "b"))
    assert here.variant("b") == "on"
    await here.write(KillFlag("", "b", {"variant": "off"}))
    assert here.variant("b") == "off"
    assert [event.type for event in here.told] == ["flag.revived", "flag.killed"]


async def test_a_stale_revision_is_refused_only_where_the_same_was_changed(here: Running) -> None:
    await here.write(for_customer("c-1", "on"))
    await here.write(for_customer("c-2", "on"))
    await here.write(for_customer("c-1", "off"), if_match=1)
    with pytest.raises(Stale) as stale:
        await here.write(for_customer("c-1", "on"), if_match=2)
    assert stale.value.revision == 3
    await here.write(for_customer("c-2", None), if_match=3)
    with pytest.raises(Stale):
        await here.write(for_customer("c-2", "on"), if_match=3)
    with pytest.raises(Stale):
        await here.write(RollBack(0), if_match=3)
    with pytest.raises(Stale):
        await here.write(for_customer("c-3", "on"), if_match=99)


async def test_the_same_key_gives_the_first_outcome_again(here: Running) -> None:
    first = await here.write(for_customer("c-1", "on"), idempotency_key="k")
    await here.write(for_customer("c-1", "off"))
    again = await here.write(for_customer("c-1", "on"), idempotency_key="k")
    assert again.replayed
    assert (again.revision, again.changes, again.action) == (first.revision, first.changes, first.action)
    assert here.variant("a", customer="c-1") == "off"
    with pytest.raises(KeyReused):
        await here.write(for_customer("c-1", "off"), idempotency_key="k")
    here.clock.time += 24 * 3600 + 1
    assert not (await here.write(for_customer("c-1", "on"), idempotency_key="k")).replayed


async def test_a_key_that_changed_nothing_is_remembered_too(here: Running) -> None:
    await here.write(for_customer("c-1", None), idempotency_key="k")
    await here.write(for_customer("c-1", "on"))
    assert (await here.write(for_customer("c-1", None), idempotency_key="k")).replayed
    assert here.variant("a", customer="c-1") == "on"


async def test_a_restricted_principal_cannot_reach_further_by_a_rollback(here: Running) -> None:
    writer = restricted(levels=("customer",))
    await here.write(for_customer("c-1", "on"), writer)
    await here.write(ToggleFlag("", "a"))
    with pytest.raises(NotAllowed):
        await here.write(RollBack(0), writer)
    await here.write(RollBack(0, "", level="customer", scope="c-1"), writer)
    assert list(here.plane.state.entries) != []


async def test_whoever_agrees_has_to_be_allowed_there_too(here: Running) -> None:
    with pytest.raises(NotAllowed):
        await here.write(KillFlag("", "a", {"variant": "off"}), second=restricted(levels=("customer",)))
    await here.write(for_customer("c-1", "on"), second=restricted(levels=("customer",)))


async def test_demands_refuse_with_their_text(tmp_path: Path) -> None:
    def demands(request: WriteRequest, plan: Any) -> str | None:
        return None if request.reason else "a reason is required"

    async with (
        sqlite(tmp_path / "burgee.db") as database,
        running(database, DOCUMENT, demands=demands) as here,
    ):
        with pytest.raises(NotAllowed, match="a reason is required"):
            await here.write(ToggleFlag("", "a"))
        await here.write(ToggleFlag("", "a"), reason="x")


async def test_texts_that_no_database_keeps_are_refused(here: Running) -> None:
    for options in ({"reason": "a\0b"}, {"on_behalf_of": "\ud800"}, {"request_id": "x" * 300}):
        with pytest.raises(Invalid):
            await here.write(ToggleFlag("", "a"), **options)


async def test_a_rollback_is_a_revision_of_its_own_and_can_be_rolled_back(here: Running) -> None:
    await here.write(for_customer("c-1", "on"))
    await here.write(ToggleFlag("", "a"))
    outcome = await here.write(RollBack(1, "", "a"))
    assert outcome.action == "rollback"
    assert (await here.plane.revision(3)).target == 1
    assert here.variant("a", customer="c-1") == "on"
    assert [event.type for event in here.told[-2:]] == ["flag.updated", "rolled_back"]
    assert [event.action for event in here.recorder.events[-3:]] == ["rollback", "flag.delete", "token.use"]
    await here.write(RollBack(2))
    assert here.variant("a", customer="c-1") is None
    with pytest.raises(NotFound):
        await here.write(RollBack(99))


async def test_history_is_filtered_and_paged_newest_first(here: Running) -> None:
    await here.write(for_customer("c-1", "on"))
    here.clock.time += 10
    await here.write(ToggleFlag("", "b"))
    here.clock.time += 10
    await here.write(for_customer("c-2", "on"), restricted())
    numbers = [each.number for each in await here.plane.history(HistoryFilter(), 2)]
    assert numbers == [3, 2]
    start = here.clock.time - 20

    async def found(**asked: Any) -> list[int]:
        return [each.number for each in await here.plane.history(HistoryFilter(**asked), 100)]

    assert await found(before=2) == [1]
    assert await found(flag_key="a") == [3, 1]
    assert await found(flag_key="a", flag_set="other") == []
    assert await found(level="customer", scope="c-1") == [1]
    assert await found(actor="restricted") == [3]
    assert await found(action="flag.toggle") == [2]
    assert await found(since=start + 10, until=start + 20) == [2]


async def test_a_difference_has_each_entry_once_in_either_direction(here: Running) -> None:
    await here.write(for_customer("c-1", "on"))
    await here.write(for_customer("c-1", "off"))
    await here.write(for_customer("c-2", "on"))
    await here.write(for_customer("c-2", None))
    there = await here.plane.difference(1, 4)
    assert [(each.key.scope, each.before, each.after) for each in there] == [
        ("c-1", {"variant": "on"}, {"variant": "off"})
    ]
    back = await here.plane.difference(4, 0)
    assert [(each.key.scope, each.before, each.after) for each in back] == [("c-1", {"variant": "off"}, None)]
    with pytest.raises(NotFound):
        await here.plane.difference(0, 5)


async def test_a_past_moment_is_evaluated_over_what_the_sources_said_then(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as database, running(database, DOCUMENT, follow=True) as here:
        started = here.clock.time
        await until(lambda: any(event.action == "generation" for event in here.recorder.events))
        here.clock.time += 10
        await here.write(for_customer("c-1", "on"))
        here.clock.time += 10
        here.deliver({"flags": {"a": {"defaultVariant": "on"}}})
        await until(lambda: [e.action for e in here.recorder.events].count("generation") == 2)
        here.clock.time += 10
        await here.write(for_customer("c-1", "off"))

        async def then(**when: Any) -> tuple[str | None, str | None, bool, int]:
            past = await here.plane.past(**when)
            first, second = (
                evaluate(past.snapshot, "a", {"customer": customer}, now=past.at).variant
                for customer in ("c-1", "c-2")
            )
            return first, second, past.exact, past.revision

        assert await then(at=started + 5) == ("off", "off", True, 0)
        assert await then(at=started + 15) == ("on", "off", True, 1)
        assert await then(at=started + 25) == ("on", "on", True, 1)
        assert await then() == ("off", "on", True, 2)
        assert await then(revision=1) == ("on", "off", True, 1)
        assert await then(revision=1, at=started + 25) == ("on", "on", True, 1)
        assert await then(at=started - 5) == ("on", "on", False, 0)
        with pytest.raises(NotFound):
            await then(revision=3)


async def test_what_a_write_did_is_told_by_the_time_it_is_answered(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as database, running(database, DOCUMENT, follow=True) as here:
        outcome = await here.write(for_customer("c-1", "on"))
        assert [(event.type, event.revision) for event in here.told] == [("override.set", outcome.revision)]


async def test_many_at_once_are_all_kept_in_an_order_that_is_their_numbers(here: Running) -> None:
    commands = [for_customer(f"c-{each}", "on") for each in range(40)]
    outcomes = await asyncio.gather(*(here.write(command) for command in commands))
    assert sorted(outcome.revision for outcome in outcomes) == list(range(1, 41))
    assert [event.revision for event in here.told] == list(range(1, 41))
    assert all(here.variant("a", customer=f"c-{each}") == "on" for each in range(40))


async def test_of_those_who_want_to_create_the_same_flag_one_does(here: Running) -> None:
    results = await asyncio.gather(
        *(here.write(CreateFlag("", "new", {})) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(each, AlreadyExists) for each in results) == 7
    assert here.plane.state.revision == 1


async def test_whoever_stops_waiting_does_not_stop_the_write(here: Running) -> None:
    task = asyncio.create_task(here.write(for_customer("c-1", "on")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await until(lambda: here.variant("a", customer="c-1") == "on")
    assert here.plane.state.revision == 1


async def test_a_restart_serves_the_same(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as database, running(database, DOCUMENT) as here:
        await here.write(for_customer("c-1", "on"))
        await here.write(CreateFlag("", "new", {"defaultVariant": "on"}))
        await here.write(KillFlag("", "a", {"code_default": True, "note": "incident"}))
        await here.write(for_customer("c-1", None))
        before = here.plane.state
    async with sqlite(tmp_path / "burgee.db") as database, running(database, DOCUMENT) as again:
        assert again.plane.state == before
        assert again.variant("new") == "on"
        assert again.value("a") is None
        await again.write(DeleteFlag("", "new"))
        assert again.plane.state.revision == before.revision + 1


async def test_nothing_is_served_before_the_state_is_read_and_nothing_written_before_the_sources_spoke(
    tmp_path: Path,
) -> None:
    async with sqlite(tmp_path / "burgee.db") as database:
        store = layer_store(FILE)
        plane = Plane(database, TableRecorder(), store, SetClock(), tell=lambda events: None)
        with pytest.raises(Unwritten):
            await plane.write(WriteRequest(CreateFlag("", "x", {}), WRITER))
        await plane.open()
        assert store.awaited == {FILE}
        with pytest.raises(Unwritten, match=r"flags\.yaml"):
            await plane.write(WriteRequest(CreateFlag("", "x", {}), WRITER))


async def test_a_later_edit_of_the_file_counts_for_what_was_not_covered(here: Running) -> None:
    await here.write(ToggleFlag("", "a"))
    here.deliver({"flags": {"a": {"defaultVariant": "on"}, "b": {"defaultVariant": "off"}}})
    assert here.variant("a") is None
    assert here.variant("b") == "off"
    await here.write(DeleteFlag("", "a"))
    assert here.variant("a") == "on"


async def test_an_override_ends_with_its_window(here: Running) -> None:
    until_then = instant_text(here.clock.time + 60)
    await here.write(for_customer("c-1", {"variant": "on", "until": until_then}))
    assert here.variant("a", customer="c-1") == "on"
    here.clock.time += 60
    assert here.variant("a", customer="c-1") == "off"


async def test_a_refused_write_leaves_everything_as_it_was(here: Running) -> None:
    with pytest.raises(ControlError):
        await here.write(for_customer("c-1", "onn"))
    assert (here.plane.state.revision, here.told, here.recorder.events) == (0, [], [])


async def test_each_flag_set_gets_its_own_and_no_other(tmp_path: Path) -> None:
    async with sqlite(tmp_path / "burgee.db") as database, running(database, None) as here:
        one = {"metadata": {"flagSetId": "shop", "version": "7"}, "flags": {"a": {"defaultVariant": "off"}}}
        two = {"metadata": {"flagSetId": "depot"}, "flags": {"a": {"defaultVariant": "off"}}}
        layer, _ = read_layer(FILE, [SourceDocument(one), SourceDocument(two)])
        here.store.put(FILE, layer)
        item = OverrideItem("customer", "c-1", "a", {"variant": "on"})
        await here.write(SetOverrides("shop", (item,)))
        selectors = {each: Selector(flag_set_id=each) for each in ("shop", "depot")}
        answers = {
            each: evaluate(here.store.snapshot, "a", {"customer": "c-1"}, now=0.0, selector=selector).variant
            for each, selector in selectors.items()
        }
        assert answers == {"shop": "on", "depot": "off"}
        assert here.store.snapshot.flag_sets["shop"].metadata["version"] == "7"
        with pytest.raises(NotFound, match="did you mean `shop`"):
            await here.write(SetOverrides("shoop", (item,)))
        with pytest.raises(NotFound):
            await here.write(SetOverrides("", (item,)))
