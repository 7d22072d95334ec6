"""What every source keeps to, whatever it follows. A new source joins by adding its place to PLACES."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio

from burgeed.clock import SystemClock
from burgeed.reading.process import ReaderProcess
from burgeed.sources.protocol import Source
from burgeed.sources.uri import from_uri
from tests.daemon.sources.following import Recorder, a_reader, document, eventually, rename_over, whole


class Place(Protocol):
    """Somewhere that definitions can be put, and that a source can follow."""

    def __init__(self, base: Path) -> None: ...

    @property
    def uri(self) -> str:
        """The source's URI."""
        ...

    @property
    def file(self) -> str:
        """What faults call the place of what is put."""
        ...

    def put(self, text: str) -> None:
        """Put a YAML document there at one stroke, in place of what is there."""
        ...

    def take_away(self) -> None:
        """Leave nothing there."""
        ...


class FilePlace:
    def __init__(self, base: Path) -> None:
        self._path = base / "flags.yaml"

    @property
    def uri(self) -> str:
        return str(self._path)

    @property
    def file(self) -> str:
        return str(self._path)

    def put(self, text: str) -> None:
        rename_over(self._path, text)

    def take_away(self) -> None:
        self._path.unlink()


class DirectoryPlace(FilePlace):
    @property
    def uri(self) -> str:
        return f"file://{self._path.parent}"

    @property
    def file(self) -> str:
        return str(self._path)


PLACES: list[type[Place]] = [FilePlace, DirectoryPlace]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    made: Place = request.param(tmp_path)
    return made


@pytest_asyncio.fixture
async def reader() -> AsyncIterator[ReaderProcess]:
    async with a_reader() as started:
        yield started


@contextlib.asynccontextmanager
async def followed(source: Source) -> AsyncIterator[Recorder]:
    sink = Recorder()
    task = asyncio.create_task(source.follow(sink))
    try:
        yield sink
        assert not task.done(), "follow ended by itself"
    finally:
        task.cancel()
        await asyncio.wait((task,), timeout=10.0)
        assert task.cancelled(), "follow did not end when cancelled"


@pytest.fixture
def source(place: Place, reader: ReaderProcess) -> Source:
    return from_uri(place.uri, reader=reader, clock=SystemClock())


async def test_its_name_is_its_uri_and_its_layers_carry_it(place: Place, source: Source) -> None:
    assert source.name == place.uri
    place.put(document("a"))
    async with followed(source) as sink:
        layer = await sink.comes_to("delivered")
        assert layer.source == place.uri


async def test_it_delivers_what_is_there_and_each_change(place: Place, source: Source) -> None:
    place.put(document("a"))
    async with followed(source) as sink:
        for mark in ("a", "b", "c"):
            place.put(document(mark))
            await sink.serves(whole(mark))


async def test_it_tells_that_nothing_is_there_yet_and_awaits_it(place: Place, source: Source) -> None:
    async with followed(source) as sink:
        assert await sink.comes_to("absent")
        place.put(document("a"))
        await sink.serves(whole("a"))
        assert sink.kinds == ["absent", "delivered"]


async def test_a_fault_is_told_once_with_file_line_and_column_and_changes_nothing(
    place: Place, source: Source
) -> None:
    place.put(document("a"))
    async with followed(source) as sink:
        await sink.serves(whole("a"))
        place.put(document("b").replace("defaultVariant: b", "defaultVarient: b", 1))
        faults = await sink.comes_to("rejected")
        found = [fault for fault in faults if "defaultVarient" in fault.message]
        assert [(fault.file, fault.line, fault.column) for fault in found] == [(place.file, 4, 5)]
        source.reload()
        await asyncio.sleep(0.7)
        assert sink.kinds == ["delivered", "rejected"]
        assert sink.served == whole("a")


async def test_the_last_good_content_coming_back_is_told_with_the_same_layer(
    place: Place, source: Source
) -> None:
    place.put(document("a"))
    async with followed(source) as sink:
        await sink.serves(whole("a"))
        place.put("flags: [")
        await sink.comes_to("rejected")
        place.put(document("a"))
        await sink.comes_to("delivered")
        first, second = sink.all("delivered")
        assert first is second


async def test_the_same_content_again_is_not_delivered_again(place: Place, source: Source) -> None:
    place.put(document("a"))
    async with followed(source) as sink:
        await sink.serves(whole("a"))
        place.put(document("a"))
        source.reload()
        place.put(document("b"))
        await sink.serves(whole("b"))
        assert sink.kinds == ["delivered", "delivered"]


async def test_what_is_taken_away_stands_and_its_return_is_seen(place: Place, source: Source) -> None:
    place.put(document("a"))
    async with followed(source) as sink:
        await sink.serves(whole("a"))
        place.take_away()
        assert await sink.comes_to("absent")
        assert sink.served == whole("a")
        place.put(document("b"))
        await sink.serves(whole("b"))


async def test_positions_are_those_of_the_content_last_delivered(place: Place, source: Source) -> None:
    wanted = [("flags", "flag-0"), ("flags", "flag-1", "defaultVariant"), ("flags", "nowhere")]
    assert await source.locate(place.file, wanted) == [None, None, None]
    place.put(document("a"))
    async with followed(source) as sink:
        await sink.serves(whole("a"))
        place.put("\n\n\nflags: [")
        await sink.comes_to("rejected")
        assert await source.locate(place.file, wanted) == [(2, 3), (7, 5), None]
        assert await source.locate("somewhere else", wanted) == [None, None, None]


async def test_it_can_be_followed_again(place: Place, source: Source) -> None:
    place.put(document("a"))
    for _ in range(2):
        async with followed(source) as sink:
            await sink.serves(whole("a"))
    assert sink.kinds == ["delivered"]


async def test_reload_before_and_while_following_does_no_harm(place: Place, source: Source) -> None:
    source.reload()
    place.put(document("a"))
    async with followed(source) as sink:
        for _ in range(20):
            source.reload()
            await asyncio.sleep(0)
        await eventually(lambda: sink.kinds == ["delivered"])
        await sink.serves(whole("a"))
