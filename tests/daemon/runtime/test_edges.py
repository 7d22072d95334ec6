"""Edges in time: whom they are announced to, when, and whatever the wall clock does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from burgee.definition import SourceDocument, read_layer
from burgee.instant import parse_instant
from burgee.wire.sync import EventParser, GenerationEvent
from burgeed.clock import SystemClock
from burgeed.runtime.edges import announce_edges, flags_between
from burgeed.store.generations import GenerationCounter
from burgeed.store.layers import LayerStore
from burgeed.store.subscription import Publication
from tests.support.clocked_daemon import set_clock
from tests.support.daemon import running_daemon

DOCUMENT = {
    "flags": {
        "december": {
            "defaultVariant": "off",
            "rules": [{"from": "2026-12-01T00:00:00Z", "until": "2027-01-01T00:00:00Z", "serve": "on"}],
        },
        "advent": {
            "defaultVariant": "off",
            "rules": [{"from": "2026-12-01T00:00:00Z", "until": "2026-12-25T00:00:00Z", "serve": "on"}],
        },
        "always": {"defaultVariant": "on"},
    }
}


def instant(text: str) -> float:
    found = parse_instant(text)
    assert found is not None
    return found


DECEMBER = instant("2026-12-01T00:00:00Z")
CHRISTMAS = instant("2026-12-25T00:00:00Z")
JANUARY = instant("2027-01-01T00:00:00Z")


Published = Callable[[], Awaitable[Publication]]


class SetClock(SystemClock):
    """A wall clock that stands where it was put."""

    def __init__(self, now: float) -> None:
        self.now = now

    def wall(self) -> float:
        return self.now


@asynccontextmanager
async def announcing(now: float) -> AsyncIterator[tuple[LayerStore, SetClock, Published]]:
    """A store whose edges are announced, its clock, and a wait for what it publishes next."""
    clock = SetClock(now)
    counter = GenerationCounter(None)
    store = LayerStore(["base"], next_generation=counter.next)
    store.put("base", read_layer("base", [SourceDocument(DOCUMENT, None)])[0])
    subscription = store.subscribe()
    task = asyncio.create_task(announce_edges(store, clock))
    await asyncio.sleep(0)

    async def published() -> Publication:
        async with asyncio.timeout(10):
            return await anext(subscription)

    try:
        yield store, clock, published
    finally:
        store.close()
        await asyncio.wait_for(task, 5)


async def test_an_edge_is_announced_as_it_passes() -> None:
    async with announcing(DECEMBER - 1) as (store, clock, published):
        clock.now = DECEMBER
        publication = await published()
        assert publication == (store.snapshot, {"december", "advent"}, "time")


async def test_a_jump_over_several_edges_announces_all_of_them_at_once() -> None:
    async with announcing(DECEMBER - 1) as (_, clock, published):
        clock.now = JANUARY + 1
        publication = await published()
        assert publication.flags_changed == {"december", "advent"}


async def test_a_jump_backwards_over_an_edge_is_announced_too() -> None:
    async with announcing(JANUARY + 10) as (_, clock, published):
        clock.now = CHRISTMAS + 10
        publication = await published()
        assert publication.flags_changed == {"december"}


async def test_an_edge_of_a_new_snapshot_is_announced() -> None:
    async with announcing(CHRISTMAS + 10) as (store, clock, published):
        document = {"flags": {"late": DOCUMENT["flags"]["december"]}}
        store.put("base", read_layer("base", [SourceDocument(document, None)])[0])
        first = await published()
        clock.now = JANUARY
        second = await published()
        assert (first.reason, second.reason, second.flags_changed) == ("change", "time", {"late"})


async def test_edges_lie_after_the_earlier_instant_and_up_to_the_later() -> None:
    async with announcing(0.0) as (store, _, _):
        snapshot = store.snapshot
        found = [
            flags_between(snapshot, DECEMBER - 1, DECEMBER),
            flags_between(snapshot, DECEMBER, CHRISTMAS - 1),
            flags_between(snapshot, DECEMBER, CHRISTMAS),
            flags_between(snapshot, JANUARY, JANUARY + 10),
        ]
    assert found == [{"december", "advent"}, set(), {"advent"}, set()]


def test_the_daemon_tells_its_streams_of_an_edge_and_answers_by_it(tmp_path: Path) -> None:
    (tmp_path / "flags.json").write_text(json.dumps(DOCUMENT))
    clock = tmp_path / "clock"
    set_clock(clock, DECEMBER - 30)
    with running_daemon(tmp_path, "--source", tmp_path / "flags.json", clock_file=clock) as daemon:
        before = daemon.evaluate("december")
        connection = daemon.connect(timeout=10)
        connection.request("GET", "/sync/v1/events")
        stream = connection.getresponse()
        parser = EventParser()
        events: list[GenerationEvent] = []
        set_clock(clock, DECEMBER + 0.5)
        while not any(event.reason == "time" for event in events):
            received = parser.feed(stream.read1(65536))
            events += [GenerationEvent.read(event) for event in received if event.event == "generation"]
        after = daemon.evaluate("december")
        connection.close()
    assert (before["value"], after["value"]) == (False, True)
    assert events[-1].flags_changed == {"december", "advent"}
    assert str(events[-1].generation) == daemon.line["generation"]
