"""When what stands in a file counts as whole."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from tests.daemon.sources.following import document, followed, rename_over, whole

from burgeed.reading.process import ReaderProcess
from burgeed.sources import taking
from burgeed.sources.lease import Writer


def write_slowly(path: Path, text: str, *, slices: int, gap: float) -> None:
    """Write a file where it stands, in slices that end where lines end."""
    lines = text.splitlines(keepends=True)
    with path.open("w") as file:
        for start in range(0, len(lines), max(1, len(lines) // slices)):
            file.write("".join(lines[start : start + max(1, len(lines) // slices)]))
            file.flush()
            time.sleep(gap)


def without_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "writer_of", lambda _: Writer.UNKNOWN)


async def test_a_slow_writer_is_waited_for_however_long_it_pauses(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(document("a", flags=20))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a", flags=20))
        await asyncio.to_thread(write_slowly, path, document("b", flags=20), slices=5, gap=0.3)
        await following.sink.serves(whole("b", flags=20))
        assert following.sink.kinds == ["delivered", "delivered"]
        assert len(following.reader.given) == 2


async def test_a_file_that_is_created_slowly_is_waited_for(tmp_path: Path, reader: ReaderProcess) -> None:
    path = tmp_path / "flags.yaml"
    async with followed(path, reader) as following:
        await following.sink.comes_to("absent")
        await asyncio.to_thread(write_slowly, path, document("a", flags=20), slices=5, gap=0.2)
        await following.sink.serves(whole("a", flags=20))
        assert len(following.reader.given) == 1


async def test_without_leases_content_counts_once_two_reads_are_equal(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_leases(monkeypatch)
    path = tmp_path / "flags.yaml"
    path.write_text(document("a", flags=20))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a", flags=20))
        await asyncio.to_thread(write_slowly, path, document("b", flags=20), slices=10, gap=0.03)
        await following.sink.serves(whole("b", flags=20))
        assert len(following.reader.given) == 2


async def test_without_leases_a_rename_still_acts_at_once(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_leases(monkeypatch)
    monkeypatch.setattr("burgeed.sources.settling.QUIET", 60.0)
    path = tmp_path / "flags.yaml"
    rename_over(path, document("a"), after=0.02)
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        for mark in ("b", "c"):
            rename_over(path, document(mark), after=0.02)
            await following.sink.serves(whole(mark))


async def test_a_file_that_stays_open_for_writing_is_taken_in_the_end(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burgeed.sources.settling.OPEN_BUT_QUIET", 0.6)
    path = tmp_path / "flags.yaml"
    with path.open("w") as held:
        held.write(document("a"))
        held.flush()
        began = time.monotonic()
        async with followed(path, reader) as following:
            await following.sink.serves(whole("a"))
            assert time.monotonic() - began >= 0.5


async def test_in_a_directory_a_file_being_written_holds_up_no_other(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    one, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    one.write_text(document("a", prefix="one"))
    other.write_text(document("a", prefix="other"))
    async with followed(tmp_path, reader) as following:
        await following.sink.serves(whole("a", prefix="one") | whole("a", prefix="other"))
        with one.open("w") as held:
            held.write(document("half", prefix="one", flags=1))
            held.flush()
            rename_over(other, document("b", prefix="other"))
            await following.sink.serves(whole("a", prefix="one") | whole("b", prefix="other"))
            held.write(document("half", prefix="two", flags=1).removeprefix("flags:\n"))
        await following.sink.serves({"one-0": "half", "two-0": "half"} | whole("b", prefix="other"))
