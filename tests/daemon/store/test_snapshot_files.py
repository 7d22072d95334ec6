"""Snapshot files: whole or not there, the newest current, a few kept, whatever stops the writing."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import stat
from pathlib import Path

import pytest

from burgee.generation import Generation
from burgeed.store.directory import DirectoryUnusable
from burgeed.store.permissions import Permissions
from burgeed.store.snapshot_files import KEPT, SnapshotFiles, forget_left_files


def generation(number: int) -> Generation:
    return Generation("epoch", number)


def current(directory: Path) -> bytes:
    return (directory / "snapshots" / "current").read_bytes()


def names(directory: Path) -> list[str]:
    return sorted(set(os.listdir(directory / "snapshots")) - {"burgee.lock"})


@pytest.fixture
def files(tmp_path: Path) -> SnapshotFiles:
    return SnapshotFiles(tmp_path, Permissions())


def test_a_written_snapshot_is_current_under_its_generations_name(
    tmp_path: Path, files: SnapshotFiles
) -> None:
    path = files.write(generation(7), b"seven")
    assert (path, current(tmp_path)) == (tmp_path / "snapshots" / "epoch-7.snapshot", b"seven")
    assert os.readlink(tmp_path / "snapshots" / "current") == "epoch-7.snapshot"


def test_the_newest_four_are_kept(tmp_path: Path, files: SnapshotFiles) -> None:
    for number in range(1, KEPT + 3):
        path = files.write(generation(number), b"%d" % number)
        os.utime(path, ns=(number, number))
    assert names(tmp_path) == ["current", *(f"epoch-{number}.snapshot" for number in (3, 4, 5, 6))]


def test_the_one_just_written_is_kept_though_the_clock_went_back(
    tmp_path: Path, files: SnapshotFiles
) -> None:
    for number in range(1, KEPT + 1):
        os.utime(files.write(generation(number), b"old"), (2e9 + number, 2e9 + number))
    files.write(generation(9), b"new")
    assert "epoch-9.snapshot" in names(tmp_path) and "epoch-1.snapshot" not in names(tmp_path)
    assert current(tmp_path) == b"new"


def test_who_has_a_file_mapped_keeps_it_after_its_removal(tmp_path: Path, files: SnapshotFiles) -> None:
    with files.write(generation(1), b"x" * 10_000).open("rb") as file:
        page = mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ)
    for number in range(2, KEPT + 3):
        files.write(generation(number), b"y")
    assert "epoch-1.snapshot" not in names(tmp_path) and page[:] == b"x" * 10_000


def test_a_generation_that_is_written_again_is_another_file_to_those_who_mapped_it(
    tmp_path: Path, files: SnapshotFiles
) -> None:
    with files.write(generation(1), b"once").open("rb") as file:
        files.write(generation(1), b"twice")
        assert file.read() == b"once"
    assert current(tmp_path) == b"twice"


def test_leftovers_of_a_killed_daemon_are_removed_and_its_snapshots_stay(
    tmp_path: Path, files: SnapshotFiles
) -> None:
    files.write(generation(1), b"one")
    files.close()
    (tmp_path / "snapshots" / "epoch-2.snapshot.new").write_bytes(b"hal")
    (tmp_path / "snapshots" / "current.new").symlink_to("epoch-2.snapshot")
    SnapshotFiles(tmp_path, Permissions())
    assert names(tmp_path) == ["current", "epoch-1.snapshot"] and current(tmp_path) == b"one"


def test_a_current_that_leads_nowhere_is_removed_at_the_start(tmp_path: Path, files: SnapshotFiles) -> None:
    files.write(generation(1), b"one").unlink()
    files.close()
    SnapshotFiles(tmp_path, Permissions())
    assert names(tmp_path) == []


@pytest.mark.parametrize("broken", ["fsync", "rename", "write"])
def test_a_write_that_fails_leaves_the_old_one_current_and_nothing_half_done(
    tmp_path: Path, files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    files.write(generation(1), b"one")
    fail = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def failing(*arguments: object, **options: object) -> None:
        raise fail

    with monkeypatch.context() as patched:
        if broken == "write":
            patched.setattr(os, "fdopen", failing)
        else:
            patched.setattr(os, broken, failing)
        with pytest.raises(OSError, match="No space left"):
            files.write(generation(2), b"two")
    assert names(tmp_path) == ["current", "epoch-1.snapshot"] and current(tmp_path) == b"one"
    files.write(generation(2), b"two")
    assert current(tmp_path) == b"two"


def test_what_is_withdrawn_is_not_current_and_can_be_withdrawn_again(
    tmp_path: Path, files: SnapshotFiles
) -> None:
    files.write(generation(1), b"one")
    files.withdraw()
    files.withdraw()
    assert names(tmp_path) == ["epoch-1.snapshot"]


def test_a_file_is_flushed_before_it_has_its_name_and_its_name_before_it_is_current(
    tmp_path: Path, files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def noted_fsync(descriptor: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append("flush directory" if is_directory else "flush file")
        fsync(descriptor)

    def noted_rename(source: str | Path, target: str | Path, **options: int) -> None:
        done.append(Path(target).name)
        rename(source, target, **options)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "rename", noted_rename)
    files.write(generation(1), b"one")
    assert done == ["flush file", "epoch-1.snapshot", "flush directory", "current", "flush directory"]


@pytest.mark.parametrize(("socket_mode", "file", "folder"), [(0o660, 0o640, 0o750), (0o666, 0o644, 0o755)])
def test_modes_follow_the_sockets_whatever_the_umask(
    tmp_path: Path, socket_mode: int, file: int, folder: int
) -> None:
    (tmp_path / "snapshots").mkdir(mode=0o700)
    old = os.umask(0o077)
    try:
        path = SnapshotFiles(tmp_path, Permissions.of_socket(socket_mode, None)).write(generation(1), b"one")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == file
    assert stat.S_IMODE(path.parent.stat().st_mode) == folder


def test_a_second_daemon_may_not_have_the_directory(tmp_path: Path, files: SnapshotFiles) -> None:
    with pytest.raises(DirectoryUnusable, match="another daemon"):
        SnapshotFiles(tmp_path, Permissions())
    files.close()
    SnapshotFiles(tmp_path, Permissions())


def open_to_others(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    os.chmod(tmp_path / "snapshots", 0o777)


def beneath_what_is_open_to_others(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o777)


def a_link_to_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "snapshots").symlink_to("elsewhere")


def a_file(tmp_path: Path) -> None:
    (tmp_path / "snapshots").touch()


@pytest.mark.parametrize(
    "spoil", [open_to_others, beneath_what_is_open_to_others, a_link_to_elsewhere, a_file]
)
def test_a_directory_in_which_others_could_replace_files_is_refused(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    spoil(tmp_path)
    with pytest.raises(DirectoryUnusable, match=str(tmp_path)):
        SnapshotFiles(tmp_path, Permissions())


def test_files_of_earlier_snapshots_go_when_asked_and_who_reads_one_goes_on(
    tmp_path: Path, files: SnapshotFiles
) -> None:
    first = files.write(generation(1), b"one")
    with first.open("rb") as reading:
        files.write(generation(2), b"two")
        assert not forget_left_files(tmp_path) and len(names(tmp_path)) == 3
        files.forget_older()
        assert names(tmp_path) == ["current", "epoch-2.snapshot"] and reading.read() == b"one"


def test_an_ended_daemons_earlier_files_go_with_the_next_start_or_before(tmp_path: Path) -> None:
    for last, forget in ((2, lambda: forget_left_files(tmp_path)), (4, lambda: next_start(tmp_path))):
        files = SnapshotFiles(tmp_path, Permissions())
        for number in (last - 1, last):
            files.write(generation(number), b"data")
        files.close()
        assert len(names(tmp_path)) > 2
        assert forget()
        assert names(tmp_path) == ["current", f"epoch-{last}.snapshot"]
    assert forget_left_files(tmp_path / "elsewhere")


def next_start(tmp_path: Path) -> bool:
    SnapshotFiles(tmp_path, Permissions()).close()
    return True


def test_a_directory_that_was_removed_is_made_anew_and_held(tmp_path: Path, files: SnapshotFiles) -> None:
    files.write(generation(1), b"one")
    shutil.rmtree(tmp_path / "snapshots")
    missing = files.has_current()
    files.write(generation(2), b"two")
    assert not missing and files.has_current() and current(tmp_path) == b"two"
    with pytest.raises(DirectoryUnusable, match="another daemon"):
        SnapshotFiles(tmp_path, Permissions())


def test_a_directory_that_another_daemon_made_anew_is_left_to_it(
    tmp_path: Path, files: SnapshotFiles
) -> None:
    files.write(generation(1), b"one")
    (tmp_path / "snapshots").rename(tmp_path / "elsewhere")
    SnapshotFiles(tmp_path, Permissions()).write(generation(2), b"theirs")
    with pytest.raises(DirectoryUnusable, match="another daemon"):
        files.write(generation(3), b"ours")
    assert current(tmp_path) == b"theirs"


def test_a_current_that_leads_nowhere_is_none(tmp_path: Path, files: SnapshotFiles) -> None:
    files.write(generation(1), b"one").unlink()
    assert not files.has_current()
