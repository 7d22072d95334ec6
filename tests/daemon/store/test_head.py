"""The head: made whole, adopted while it is sound, seen by whoever has it mapped."""

from __future__ import annotations

import errno
import mmap
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from burgee.wire.head import HEAD_NAME, HEAD_SIZE, MAGIC
from burgeed.store.head import Head
from burgeed.store.permissions import Permissions


def mapped(path: Path) -> memoryview:
    """The page's words as a reader sees them, mapped for reading alone."""
    with path.open("rb") as file:
        page = mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ)
    return memoryview(page).cast("Q")


def test_a_new_head_is_one_page_with_its_mark_and_version(tmp_path: Path) -> None:
    head = Head(tmp_path, Permissions())
    content = (tmp_path / HEAD_NAME).read_bytes()
    assert (len(content), content[16:24], content[24:32]) == (
        HEAD_SIZE,
        MAGIC,
        (1).to_bytes(8, sys.byteorder),
    )
    assert os.listdir(tmp_path) == [HEAD_NAME] and not head.adopted


def test_every_block_of_it_is_there_so_that_a_full_disk_never_becomes_a_signal(tmp_path: Path) -> None:
    Head(tmp_path, Permissions())
    assert (tmp_path / HEAD_NAME).stat().st_blocks * 512 >= HEAD_SIZE


def test_an_adopted_head_that_was_copied_with_holes_is_filled(tmp_path: Path) -> None:
    Head(tmp_path, Permissions()).close()
    content = (tmp_path / HEAD_NAME).read_bytes()[:64]
    (tmp_path / HEAD_NAME).unlink()
    with (tmp_path / HEAD_NAME).open("wb") as file:
        file.truncate(HEAD_SIZE)
        file.write(content)
    os.chmod(tmp_path / HEAD_NAME, 0o600)
    assert Head(tmp_path, Permissions()).adopted
    assert (tmp_path / HEAD_NAME).stat().st_blocks * 512 >= HEAD_SIZE


def test_a_reader_sees_each_counter_move_by_one(tmp_path: Path) -> None:
    head = Head(tmp_path, Permissions())
    seen = mapped(tmp_path / HEAD_NAME)
    sequence, heartbeat = seen[0], seen[1]
    head.move()
    moved = (seen[0] - sequence, seen[1] - heartbeat)
    head.beat()
    head.beat()
    assert (moved, seen[0] - sequence, seen[1] - heartbeat) == ((1, 0), 1, 2)


def test_a_sound_head_is_adopted_and_its_readers_see_it_go_on(tmp_path: Path) -> None:
    first = Head(tmp_path, Permissions())
    first.move()
    seen = mapped(tmp_path / HEAD_NAME)
    before = seen[0]
    first.close()
    second = Head(tmp_path, Permissions())
    second.move()
    assert second.adopted and seen[0] == before + 1 == second.sequence


def test_counters_go_round_rather_than_fail(tmp_path: Path) -> None:
    Head(tmp_path, Permissions()).close()
    with (tmp_path / HEAD_NAME).open("r+b") as file:
        file.write(b"\xff" * 16)
    head = Head(tmp_path, Permissions())
    head.move()
    head.beat()
    assert (head.sequence, head.heartbeat) == (0, 0)


def cut(path: Path) -> None:
    os.truncate(path, HEAD_SIZE - 1)


def grown(path: Path) -> None:
    os.truncate(path, HEAD_SIZE + 1)


def unmarked(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(16)
        file.write(b"X")


def of_the_future(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(24)
        file.write(b"\2")


def linked(path: Path) -> None:
    os.link(path, path.with_name("other"))


def another_users(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        unmarked(path)


def a_symbolic_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "spoil", [cut, grown, unmarked, of_the_future, linked, another_users, a_symbolic_link, a_pipe]
)
def test_a_head_that_is_not_sound_is_replaced_and_its_readers_keep_their_page(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    first = Head(tmp_path, Permissions())
    before = first.sequence
    path = tmp_path / HEAD_NAME
    identity = path.stat().st_ino
    spoil(path)
    second = Head(tmp_path, Permissions())
    found = path.lstat()
    assert not second.adopted and stat.S_ISREG(found.st_mode) and found.st_size == HEAD_SIZE
    assert found.st_ino != identity and found.st_uid == os.geteuid()
    second.move()
    assert first.sequence == before != second.sequence
    assert not path.with_name(".head.new").exists()


def test_a_leftover_of_a_killed_daemon_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".head.new").write_bytes(b"half")
    Head(tmp_path, Permissions())
    assert os.listdir(tmp_path) == [HEAD_NAME]


@pytest.mark.parametrize("adopted", [False, True])
def test_a_full_disk_is_an_error_here_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, adopted: bool
) -> None:
    if adopted:
        Head(tmp_path, Permissions()).close()
    before = sorted(os.listdir(tmp_path))

    def full(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        Head(tmp_path, Permissions())
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(("socket_mode", "mode"), [(0o600, 0o600), (0o660, 0o640), (0o666, 0o644)])
def test_its_mode_follows_the_sockets_also_when_it_is_adopted(
    tmp_path: Path, socket_mode: int, mode: int
) -> None:
    old = os.umask(0o077)
    try:
        made = Head(tmp_path, Permissions.of_socket(socket_mode, None))
        found = [stat.S_IMODE((tmp_path / HEAD_NAME).stat().st_mode)]
        made.close()
        os.chmod(tmp_path / HEAD_NAME, 0o604)
        adopted = Head(tmp_path, Permissions.of_socket(socket_mode, None)).adopted
    finally:
        os.umask(old)
    found.append(stat.S_IMODE((tmp_path / HEAD_NAME).stat().st_mode))
    assert found == [mode, mode] and adopted


@pytest.mark.parametrize("name", ["burgee.sock", "b.sock", ""])
def test_it_names_the_daemons_socket_whatever_it_was_before(tmp_path: Path, name: str) -> None:
    Head(tmp_path, Permissions(), socket="another-name.sock").close()
    Head(tmp_path, Permissions(), socket=name)
    content = (tmp_path / HEAD_NAME).read_bytes()
    length = int.from_bytes(content[32:40], sys.byteorder)
    assert content[40 : 40 + length].decode() == name
