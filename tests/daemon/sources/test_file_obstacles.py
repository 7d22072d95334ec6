"""What stands where a file ought to be and cannot be read."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from tests.daemon.sources.following import document, followed, rename_over, whole

from burgeed.reading.process import ReaderProcess


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_directory(path: Path) -> None:
    path.mkdir()


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_loop(path: Path) -> None:
    path.symlink_to(path)


def too_much(path: Path) -> None:
    path.write_text(document("b", flags=200))


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a directory"])
@pytest.mark.parametrize(
    ("obstacle", "said"),
    [
        (a_pipe, "a pipe"),
        (a_directory, "a directory"),
        (a_socket, "a socket"),
        (a_device, "a device"),
        (a_loop, "symbolic links"),
        (too_much, "4096 bytes"),
    ],
)
async def test_what_cannot_be_read_is_told_and_blocks_nothing(
    tmp_path: Path, reader: ReaderProcess, obstacle: object, said: str, inside: bool
) -> None:
    assert callable(obstacle)
    path = tmp_path / "flags.yaml"
    path.write_text(document("a"))
    async with followed(tmp_path if inside else path, reader, limit=4096) as following:
        await following.sink.serves(whole("a"))
        path.unlink()
        obstacle(path)
        (fault,) = await following.sink.comes_to("rejected")
        assert said in fault.message
        assert fault.file == str(path)
        assert following.sink.served == whole("a")
        if stat.S_ISDIR(path.lstat().st_mode):
            path.rmdir()
        else:
            path.unlink()
        path.write_text(document("b"))
        await following.sink.serves(whole("b"))


async def test_a_file_of_just_the_limit_is_read(tmp_path: Path, reader: ReaderProcess) -> None:
    path = tmp_path / "flags.yaml"
    text = document("a")
    path.write_text(text)
    async with followed(path, reader, limit=len(text)) as following:
        await following.sink.serves(whole("a"))
        rename_over(path, text + " ")
        (fault,) = await following.sink.comes_to("rejected")
        assert f"{len(text)} bytes" in fault.message


@pytest.mark.parametrize("refused", ["file", "directory"])
async def test_permission_denied_is_told_and_the_permission_given_is_seen(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    directory = tmp_path / "etc"
    directory.mkdir()
    path = directory / "flags.yaml"
    path.write_text(document("a"))
    if os.geteuid() == 0:  # root may read anything: let the kernel's answer be what others get
        forbid_as_for_others(monkeypatch, path, directory)
    async with followed(path, reader) as following:
        await following.sink.serves(whole("a"))
        victim = path if refused == "file" else directory
        victim.chmod(0)
        (fault,) = await following.sink.comes_to("rejected")
        assert "permission denied" in fault.message
        victim.chmod(0o755)
        await following.sink.comes_to("delivered")


def forbid_as_for_others(monkeypatch: pytest.MonkeyPatch, path: Path, directory: Path) -> None:
    real_open, real_stat = os.open, Path.stat

    def open_as_others(opened: str, *arguments: int) -> int:
        if opened == str(path) and not real_stat(path).st_mode & 0o400:
            raise PermissionError(13, "Permission denied", opened)
        return real_open(opened, *arguments)

    def stat_as_others(self: Path, **options: bool) -> os.stat_result:
        if self == path and not real_stat(directory).st_mode & 0o100:
            raise PermissionError(13, "Permission denied", str(self))
        return real_stat(self, **options)

    monkeypatch.setattr("burgeed.sources.taking.os.open", open_as_others)
    monkeypatch.setattr(Path, "stat", stat_as_others)
