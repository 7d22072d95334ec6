"""How a file source tells how it stands."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx
from tests.daemon.sources.following import document, eventually, followed, rename_over, whole

from burgeed.reading.process import ReaderFailed, ReaderProcess
from burgeed.sources import file as file_source


async def test_the_same_content_again_is_neither_read_nor_delivered_again(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        os.utime(path)
        path.write_text(document("a"))
        rename_over(path, document("a"))
        following.source.reload()
        rename_over(path, document("b"))
        await following.sink.serves(whole("b"))
        assert following.sink.kinds == ["delivered", "delivered"]
        assert len(following.reader.given) == 2


async def test_a_faulty_content_is_told_once_and_the_last_good_one_comes_back_unread(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        rename_over(path, "flags: [")
        (fault, *_) = await following.sink.comes_to("rejected")
        assert fault.file == str(path)
        os.utime(path)
        following.source.reload()
        await asyncio.sleep(0.7)
        assert following.sink.kinds == ["delivered", "rejected"]
        rename_over(path, document("a"))
        await following.sink.comes_to("delivered")
        first, second = following.sink.all("delivered")
        assert first is second
        assert len(following.reader.given) == 2


async def test_another_faulty_content_is_told_again(tmp_path: Path, reader: ReaderProcess) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text("flags: [")
    async with followed(path, reader) as following:
        await following.sink.comes_to("rejected")
        rename_over(path, "flags: 7")
        await eventually(lambda: following.sink.kinds == ["rejected", "rejected"])
        one, other = following.sink.all("rejected")
        assert one != other


@pytest.mark.parametrize("nothing", ["", " \n\n"])
async def test_a_file_truncated_to_nothing_serves_on(
    tmp_path: Path, reader: ReaderProcess, nothing: str
) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        path.write_text(nothing)
        assert "is empty" in await following.sink.comes_to("absent")
        assert following.sink.served == whole("a")
        assert len(following.reader.given) == 1
        path.write_text(document("a"))
        await following.sink.serves(whole("a"))


async def test_a_file_that_is_gone_for_a_moment_is_not_told_of(tmp_path: Path, reader: ReaderProcess) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        path.unlink()
        await asyncio.sleep(0.4)
        path.write_text(document("b"))
        await following.sink.serves(whole("b"))
        assert following.sink.kinds == ["delivered", "delivered"]


async def test_in_a_directory_a_file_gone_for_a_second_is_withdrawn_and_not_before(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    one, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    one.write_text(document("a", prefix="one"))
    other.write_text(document("a", prefix="other"))
    async with followed(tmp_path, reader) as following:
        await following.sink.serves(whole("a", prefix="one") | whole("a", prefix="other"))
        began = time.monotonic()
        one.unlink()
        await following.sink.serves(whole("a", prefix="other"))
        assert time.monotonic() - began > 0.9


async def test_a_directory_that_loses_every_file_serves_on(tmp_path: Path, reader: ReaderProcess) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(document("x", prefix=name))
    async with followed(tmp_path, reader) as following:
        everything = whole("x", prefix="a") | whole("x", prefix="b")
        await following.sink.serves(everything)
        for path in tmp_path.iterdir():
            path.unlink()
        assert ".yaml" in await following.sink.comes_to("absent")
        assert following.sink.served == everything
        (tmp_path / "b.yaml").write_text(document("y", prefix="b"))
        await following.sink.serves(whole("y", prefix="b"))


async def test_an_empty_directory_is_awaited(tmp_path: Path, reader: ReaderProcess) -> None:
    async with followed(tmp_path, reader) as following:
        await following.sink.comes_to("absent")
        (tmp_path / "a.yaml").write_text(document("a"))
        await following.sink.serves(whole("a"))


async def test_a_directory_reads_definitions_in_name_order_and_leaves_the_rest_alone(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    for name in ("b.yml", "a.yaml", "c.yaml"):
        (tmp_path / name).write_text(document("x", prefix=name[0]))
    for name in (
        ".hidden.yaml",
        "a.yaml~",
        "#a.yaml#",
        ".#a.yaml",
        "~$a.yaml",
        "a.yaml.swp",
        "README.md",
        "4913",
    ):
        (tmp_path / name).write_text("not: [a definition")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "d.yaml").write_text(document("x", prefix="d"))
    async with followed(tmp_path, reader) as following:
        await following.sink.serves({f"{name}-{number}": "x" for name in "abc" for number in range(3)})
        assert [file.path for file in following.reader.given[-1]] == [
            str(tmp_path / name) for name in ("a.yaml", "b.yml", "c.yaml")
        ]


async def test_one_key_in_two_files_is_refused(tmp_path: Path, reader: ReaderProcess) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(document("x"))
    async with followed(tmp_path, reader) as following:
        assert len(await following.sink.comes_to("rejected")) >= 3


async def test_a_reader_that_fails_is_told_and_tried_again(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_source, "_FIRST_RETRY", 0.3)

    class FailingTwice:
        failures = 0

        async def read(self, *arguments: object) -> object:
            self.failures += 1
            if self.failures <= 2:
                raise ReaderFailed("it died")
            return await reader.read(*arguments)  # type: ignore[arg-type]

    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, FailingTwice()) as following:
        await following.sink.serves(whole("a"))
        assert following.sink.kinds == ["rejected", "delivered"]
        assert "it died" in following.sink.told[0][1][0].message


async def test_follow_outlives_a_reader_and_a_sink_that_raise(
    tmp_path: Path, reader: ReaderProcess, caplog: pytest.LogCaptureFixture
) -> None:
    class Surprising:
        surprised = False

        async def read(self, *arguments: object) -> object:
            if not self.surprised:
                self.surprised = True
                raise RuntimeError("who would have thought")
            return await reader.read(*arguments)  # type: ignore[arg-type]

    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, Surprising()) as following:
        await following.sink.serves(whole("a"))
        assert "who would have thought" in following.sink.told[0][1][0].message
        failing = following.sink.delivered
        following.sink.delivered = None  # type: ignore[assignment,method-assign]
        rename_over(path, document("b"))
        await following.sink.comes_to("rejected")
        following.sink.delivered = failing  # type: ignore[method-assign]
        await following.sink.serves(whole("b"))
    assert "unexpectedly" in caplog.text


async def test_positions_are_those_of_the_content_last_delivered(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        rename_over(path, "\n\n\n\nflags: [")
        await following.sink.comes_to("rejected")
        assert await following.source.locate(str(path), [("flags", "flag-0")]) == [(2, 3)]
        assert await following.source.locate("another", [("flags", "flag-0"), ()]) == [None, None]


async def test_following_never_blocks_the_event_loop(tmp_path: Path, reader: ReaderProcess) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    with blockbuster_ctx("burgeed.sources"):
        async with followed(path, reader) as file, followed(tmp_path, reader) as directory:
            for following in (file, directory):
                await following.sink.serves(whole("a"))
            await asyncio.to_thread(rename_over, path, document("b"))
            for following in (file, directory):
                await following.sink.serves(whole("b"))
                assert following.sink.kinds == ["delivered", "delivered"]
