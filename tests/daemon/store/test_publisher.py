"""The publisher: what readers of this machine find, in which order, and what is left out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import read, write
from burgeed.clock import SystemClock
from burgeed.store import publisher as module
from burgeed.store.generations import GenerationCounter
from burgeed.store.layers import LayerStore
from burgeed.store.permissions import Permissions
from burgeed.store.publisher import LONGEST_REST, SHORTEST_REST, Publisher
from burgeed.store.shared_directory import SharedDirectory
from burgeed.store.sharing import Sharing
from burgeed.store.subscription import Publication, Subscription


class Published:
    """A store whose publications are followed, in a directory that a reader looks into."""

    def __init__(self, path: Path, store: LayerStore, publisher: Publisher) -> None:
        self.path = path
        self.store = store
        self.publisher = publisher
        self.subscription: Subscription = publisher.subscribe()

    def put(self, **variants: str) -> None:
        document = {"flags": {key: {"defaultVariant": name} for key, name in variants.items()}}
        self.store.put("base", read_layer("base", [SourceDocument(document, None)])[0])

    async def told(self) -> Publication:
        async with asyncio.timeout(10):
            return await anext(self.subscription)

    async def nothing_told(self) -> bool:
        try:
            async with asyncio.timeout(0):
                await anext(self.subscription)
        except TimeoutError:
            return True
        return False

    def current(self) -> Snapshot:
        return read((self.path / "snapshots" / "current").read_bytes(), whole=True)

    def sequence(self) -> int:
        return memoryview((self.path / "head").read_bytes()).cast("Q")[0]


@pytest.fixture
async def published(tmp_path: Path) -> AsyncIterator[Published]:
    counter = GenerationCounter(None, new_epoch=lambda: "epoch")
    store = LayerStore(["base"], next_generation=counter.next)
    sharing = Sharing(lambda: SharedDirectory(tmp_path, Permissions()), SystemClock())
    publisher = Publisher(
        store,
        sharing=sharing,
        needs_daemon=lambda snapshot: frozenset({"far"} & {*snapshot.flag_sets[""].flags}),
    )
    task = asyncio.create_task(publisher.run())
    yield Published(tmp_path, store, publisher)
    store.close()
    await asyncio.wait_for(task, 10)
    await publisher.close()


class Slow:
    """Encoding that waits until it is let go, and keeps count."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.entered = threading.Event()
        self.generations: list[int] = []

    def __call__(self, snapshot: Snapshot, **options: Any) -> Any:
        self.generations.append(snapshot.generation.number)
        self.entered.set()
        assert self.let_go.wait(30)
        return write(snapshot, **options)

    async def is_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, 10)


async def test_what_is_told_can_be_read_already(published: Published) -> None:
    published.put(a="on")
    publication = await published.told()
    found = published.current()
    assert found.generation == publication.snapshot.generation
    assert evaluate(found, "a", {}, now=0.0).value is True
    assert published.publisher.published is not None
    assert published.publisher.published.generation == found.generation


async def test_each_generation_moves_the_sequence_once_and_is_current(published: Published) -> None:
    sequences = []
    for variant in ("on", "off", "on"):
        published.put(a=variant)
        publication = await published.told()
        assert published.current().generation == publication.snapshot.generation
        sequences.append(published.sequence())
    assert sequences == [sequences[0], sequences[0] + 1, sequences[0] + 2]


async def test_passing_time_is_told_without_a_file(published: Published) -> None:
    published.put(a="on")
    await published.told()
    before = (published.sequence(), published.current().generation)
    published.store.announce_time(frozenset({"a"}))
    assert await published.told() == (published.store.snapshot, {"a"}, "time")
    assert (published.sequence(), published.current().generation) == before


async def test_a_change_is_told_before_the_time_that_passed_after_it(published: Published) -> None:
    published.put(a="on")
    await published.told()
    published.put(a="off")
    await asyncio.sleep(0)
    published.store.announce_time(frozenset({"b"}))
    first = await published.told()
    told = [first] if first.flags_changed == {"a", "b"} else [first, await published.told()]
    assert first.reason == "change" and "a" in first.flags_changed
    assert frozenset().union(*(each.flags_changed for each in told)) == {"a", "b"}


async def test_what_comes_faster_than_it_can_be_written_is_written_once(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    monkeypatch.setattr(module, "write", slow)
    published.put(a="on", b="on")
    await slow.is_entered()
    for number in range(20):
        published.put(a="off", b="off", **{f"c{number}": "on"})
    slow.let_go.set()
    first, second = await published.told(), await published.told()
    assert (first.snapshot.generation.number, second.snapshot.generation.number) == (1, 21)
    assert second.flags_changed == {"a", "b", *(f"c{number}" for number in range(20))}
    assert slow.generations == [1, 21] and await published.nothing_told()
    assert published.current().generation.number == 21


async def test_evaluations_need_not_wait_for_the_disk(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    monkeypatch.setattr(module, "write", slow)
    published.put(a="on")
    await slow.is_entered()
    assert evaluate(published.store.snapshot, "a", {}, now=0.0).value is True
    assert await published.nothing_told()
    slow.let_go.set()
    await published.told()


async def test_a_generation_with_equal_definitions_is_written_too(published: Published) -> None:
    published.put(a="on")
    await published.told()
    published.store.announce_outside(frozenset({"a"}))
    publication = await published.told()
    assert publication.flags_changed == {"a"}
    assert published.current().generation == publication.snapshot.generation


async def test_flags_that_need_the_daemon_are_marked(published: Published) -> None:
    published.put(a="on", far="on")
    await published.told()
    found = published.current().needs_daemon
    assert ("far" in found, "a" in found) == (True, False)


async def test_after_a_fault_of_its_own_it_tells_on_and_writes_the_next(
    published: Published, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    published.put(a="on")
    await published.told()
    with monkeypatch.context() as patched:
        patched.setattr(module, "write", None)
        published.put(a="off")
        publication = await published.told()
    withdrawn = not (published.path / "snapshots" / "current").exists()
    published.put(a="on")
    await published.told()
    assert publication.flags_changed == {"a"} and withdrawn
    assert published.current().generation.number == 3
    assert "the snapshot cannot be written as bytes" in caplog.text


async def test_a_file_that_failed_is_written_by_itself_later(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY", 0.02)
    current = published.path / "snapshots" / "current"
    while not current.parent.exists():
        await asyncio.sleep(0.01)
    # A directory cannot be replaced by a link, whoever tries.
    current.mkdir()
    (current / "occupied").touch()
    published.put(a="on")
    await published.told()
    failing = published.publisher.report()["files"]
    (current / "occupied").unlink()
    current.rmdir()
    async with asyncio.timeout(10):
        while not current.exists():
            await asyncio.sleep(0.01)
    assert failing["state"] == "failing" and failing["why"]
    assert published.current().generation.number == 1


async def test_a_directory_that_was_removed_is_there_again_later(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY", 0.02)
    published.put(a="on")
    await published.told()
    (published.path / "snapshots").rename(published.path / "removed")
    async with asyncio.timeout(10):
        while not (published.path / "snapshots" / "current").exists():
            await asyncio.sleep(0.01)
    assert published.current().generation.number == 1


async def test_a_late_subscriber_hears_what_comes_and_finds_what_is(published: Published) -> None:
    published.put(a="on")
    await published.told()
    late = published.publisher.subscribe()
    assert await published.publisher.first(0) == published.publisher.published is not None
    published.put(a="off")
    async with asyncio.timeout(10):
        assert (await anext(late)).flags_changed == {"a"}


async def test_who_waits_for_the_first_one_waits_no_longer_than_stated(published: Published) -> None:
    assert await published.publisher.first(0.01) is None


async def test_without_a_directory_everyone_is_told_all_the_same(tmp_path: Path) -> None:
    store = LayerStore(["base"], next_generation=GenerationCounter(None).next)
    publisher = Publisher(store)
    task = asyncio.create_task(publisher.run())
    published = Published(tmp_path, store, publisher)
    published.put(a="on")
    assert (await published.told()).flags_changed == {"a"}
    assert (
        publisher.published is not None and publisher.published.data and publisher.report()["files"] is None
    )
    store.close()
    await asyncio.wait_for(task, 10)


async def test_closing_the_store_ends_it_and_its_subscriptions(published: Published) -> None:
    published.store.close()
    async with asyncio.timeout(10):
        assert [each async for each in published.subscription] == []
    assert [each async for each in published.publisher.subscribe()] == []


async def test_a_store_that_was_ready_before_is_published(tmp_path: Path) -> None:
    store = LayerStore(["base"], next_generation=GenerationCounter(None).next)
    publisher = Publisher(store)
    published = Published(tmp_path, store, publisher)
    published.put(a="on")
    task = asyncio.create_task(publisher.run())
    assert (await published.told()).snapshot is store.snapshot
    task.cancel()
    await asyncio.wait({task})


class Resting(SystemClock):
    """A clock whose sleep is over when a test says so."""

    def __init__(self) -> None:
        self.rests: list[float] = []
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        await self.over.wait()


async def test_what_comes_while_publishing_rests_is_published_once_and_told_whole() -> None:
    counter, clock = GenerationCounter(None, new_epoch=lambda: "epoch"), Resting()
    store = LayerStore(["base"], next_generation=counter.next)
    publisher = Publisher(store, clock=clock)
    task = asyncio.create_task(publisher.run())
    found = Published(Path(), store, publisher)
    await asyncio.sleep(0)
    found.put(a="on")
    assert (await found.told()).snapshot.generation.number == 1
    for number in range(5):
        found.put(a="off", **{f"c{number}": "on"})
        await asyncio.sleep(0)
    assert await found.nothing_told()
    clock.over.set()
    publication = await found.told()
    assert publication.snapshot.generation.number == 6
    assert publication.flags_changed == {"a", *(f"c{number}" for number in range(5))}
    assert all(SHORTEST_REST <= rest <= LONGEST_REST for rest in clock.rests)
    store.close()
    await asyncio.wait_for(task, 10)
