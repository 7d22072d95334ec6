"""What a file source outlives: each way of replacing, losing and regaining a file, by itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.daemon.sources.following import document, followed, rename_over, swap, whole

from burgeed.clock import SystemClock
from burgeed.reading.process import ReaderProcess
from burgeed.sources import taking
from burgeed.sources.following import FollowedPath


async def test_an_editors_rename_is_seen_again_and_again_without_a_poll(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burgeed.sources.file.POLL", 60.0)
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        for mark in ("b", "c", "d", "e", "f", "g"):
            rename_over(path, document(mark))
            await following.sink.serves(whole(mark))


async def test_a_save_that_moves_the_old_file_away_and_writes_a_new_one_is_seen(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        for mark in ("b", "c"):
            path.rename(tmp_path / "flags.yaml~")
            path.write_text(document(mark))
            await following.sink.serves(whole(mark))
        assert following.sink.kinds == ["delivered"] * 3


async def test_a_config_maps_swap_is_seen_though_no_event_names_the_file(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burgeed.sources.file.POLL", 60.0)
    path = tmp_path / "flags.yaml"
    for number, mark in enumerate("abcd"):
        version = tmp_path / f"..2026_{number}"
        version.mkdir()
        (version / "flags.yaml").write_text(document(mark))
    (tmp_path / "..data").symlink_to("..2026_0")
    path.symlink_to("..data/flags.yaml")
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        for number, mark in enumerate("bcd", start=1):
            swap(tmp_path / "..data", f"..2026_{number}")
            shutil.rmtree(tmp_path / f"..2026_{number - 1}")
            await following.sink.serves(whole(mark))


def test_a_swap_in_the_middle_of_a_look_never_gives_half_old_half_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a.yaml", "b.yaml", "c.yaml"]
    for version in ("..old", "..new"):
        (tmp_path / version).mkdir()
        for name in names:
            (tmp_path / version / name).write_text(f"{version} {name}")
    (tmp_path / "..data").symlink_to("..old")
    for name in names:
        (tmp_path / name).symlink_to(f"..data/{name}")
    takes = []

    def take_and_swap(path: str, limit: int) -> taking.Taken | None:
        taken = taking.take(path, limit)
        takes.append(path)
        if len(takes) == 2:
            swap(tmp_path / "..data", "..new")
        return taken

    monkeypatch.setattr("burgeed.sources.settling.take", take_and_swap)
    view = FollowedPath(str(tmp_path), 1 << 20, SystemClock().monotonic).look()
    assert [file.content.decode() for file in view.files] == [f"..new {name}" for name in names]


async def test_a_file_that_is_deleted_serves_on_and_its_return_is_seen(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        path.unlink()
        why = await following.sink.comes_to("absent")
        assert str(path) in why
        assert following.sink.served == whole("a")
        path.write_text(document("b"))
        await following.sink.serves(whole("b"))


@pytest.mark.parametrize("name", ["flags.yaml", "directory"])
async def test_a_parent_that_is_removed_and_made_again_is_watched_again(
    tmp_path: Path, reader: ReaderProcess, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = tmp_path / "etc"
    parent.mkdir()
    path = parent / name
    file = path if name == "flags.yaml" else path / "flags.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        for mark in ("b", "c"):
            shutil.rmtree(parent)
            await following.sink.comes_to("absent")
            file.parent.mkdir(parents=True)
            file.write_text(document(mark))
            await following.sink.serves(whole(mark))
            # The new directory may even have the old one's inode; its events must arrive all the same.
            with monkeypatch.context() as without_polling:
                without_polling.setattr("burgeed.sources.file.POLL", 60.0)
                for again in range(3):
                    rename_over(file, document(f"{mark}{again}"))
                    await following.sink.serves(whole(f"{mark}{again}"))


async def test_a_directory_replaced_in_an_instant_is_watched_again(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "etc" / "flags.yaml"
    path.parent.mkdir()
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        shutil.rmtree(path.parent)
        path.parent.mkdir()  # often with the inode of the old one
        path.write_text(document("b"))
        await following.sink.serves(whole("b"))
        monkeypatch.setattr("burgeed.sources.file.POLL", 60.0)
        for mark in ("c", "d", "e", "f", "g"):
            rename_over(path, document(mark))
            await following.sink.serves(whole(mark))


async def test_a_parent_that_is_missing_at_the_start_is_awaited(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    path = tmp_path / "not" / "yet" / "flags.yaml"
    async with followed(path, reader) as following:
        why = await following.sink.comes_to("absent")
        assert f"there is no directory {tmp_path / 'not'}" in why
        path.parent.mkdir(parents=True)
        path.write_text(document("a"))
        await following.sink.serves(whole("a"))


async def test_a_directory_link_that_is_pointed_elsewhere_is_followed(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    for mark in "ab":
        (tmp_path / mark).mkdir()
        (tmp_path / mark / "flags.yaml").write_text(document(mark))
    current = tmp_path / "current"
    current.symlink_to("a")
    async with (
        followed(current, reader) as directory,
        followed(current / "flags.yaml", reader) as file,
    ):
        for following in (directory, file):
            await following.sink.serves(whole("a"))
        swap(current, "b")
        for following in (directory, file):
            await following.sink.serves(whole("b"))
        rename_over(tmp_path / "b" / "flags.yaml", document("c"))
        for following in (directory, file):
            await following.sink.serves(whole("c"))


async def test_a_file_behind_a_link_out_of_the_directory_is_seen_to_change(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    (tmp_path / "watched").mkdir()
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "any-name.yaml"
    target.write_text(document("a"))
    link = tmp_path / "watched" / "flags.yaml"
    link.symlink_to(target)
    async with followed(link, reader) as file, followed(link.parent, reader) as directory:
        for following in (file, directory):
            await following.sink.serves(whole("a"))
        rename_over(target, document("b"))
        for following in (file, directory):
            await following.sink.serves(whole("b"))
        target.write_text(document("c"))
        for following in (file, directory):
            await following.sink.serves(whole("c"))


async def test_a_file_put_back_with_an_older_time_is_seen(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not by reading it at every event for a while, as is done besides.
    monkeypatch.setattr("burgeed.sources.settling.YOUNG", 0.0)
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    backup = tmp_path / "backup"
    backup.write_text(document("b"))
    os.utime(backup, (1_000_000_000, 1_000_000_000))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        backup.rename(path)
        await following.sink.serves(whole("b"))
        status = path.stat()
        path.write_text(document("c"))  # of the same size
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        await following.sink.serves(whole("c"))


async def test_changes_are_seen_by_polling_where_no_watch_can_be_had(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("burgeed.sources.watching.awatch", refuse)
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        rename_over(path, document("b"))
        await following.sink.serves(whole("b"))


async def test_reload_looks_at_once_and_trusts_no_signature(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    from burgeed.file_state import FileState
    from burgeed.sources import settling

    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    blind = FileState.of(path.stat())
    monkeypatch.setattr(settling, "signature_of", lambda _: blind)
    monkeypatch.setattr(settling, "YOUNG", 0.0)
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        path.write_text(document("b"))
        with pytest.raises(AssertionError):
            await following.sink.serves(whole("b"), within=0.8)
        following.source.reload()
        await following.sink.serves(whole("b"))
