"""Which file an SQLite database may be, and which file is left alone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from burgeed.database.errors import DatabaseUnusable
from tests.daemon.database.databases import count_up, opened, statement


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "burgee.db"


def uri_of(path: Path) -> str:
    return f"sqlite:{path}"


async def test_the_file_is_for_its_owner_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        async with opened(uri_of(path)) as database:
            await database.write(count_up)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) >= {"burgee.db", "burgee.db-wal", "burgee.db-shm", "burgee.db.lock"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_path_may_hold_what_a_uri_escapes(tmp_path: Path) -> None:
    path = tmp_path / "50% of a?b#c" / "flags;mode=memory.db"
    async with opened(uri_of(path)) as database:
        await database.write(count_up)
    assert path.stat().st_size > 0


def link(path: Path) -> None:
    (path.parent / "elsewhere.db").touch(0o600)
    path.symlink_to("elsewhere.db")


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere.db")


def linked_lock(path: Path) -> None:
    Path(f"{path}.lock").symlink_to("elsewhere")


def linked_directory(path: Path) -> None:
    path.parent.rename(path.parent.parent / "real")
    path.parent.symlink_to("real")


def open_file(path: Path) -> None:
    path.touch()
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (link, "symbolic link"),
        (dangling_link, "symbolic link"),
        (linked_lock, "symbolic link"),
        (linked_directory, "symbolic link"),
        (lambda path: path.mkdir(), "not a file"),
        (open_file, "chmod 600"),
        (lambda path: path.parent.chmod(0o777), "written to by others"),
        (lambda path: path.parent.chmod(0o770), "written to by others"),
    ],
)
async def test_a_place_that_others_could_change_is_refused(path: Path, arrange: Any, said: str) -> None:
    path.parent.mkdir(mode=0o700)
    arrange(path)
    with pytest.raises(DatabaseUnusable, match=said):
        async with opened(uri_of(path)):
            pass
    assert not (path.parent / "nowhere.db").exists()


async def test_a_directory_that_others_share_will_do_where_only_owners_remove(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o1777)
    async with opened(uri_of(path)) as database:
        assert await database.write(count_up) == 1


async def test_two_daemons_do_not_have_one_file(path: Path) -> None:
    async with opened(uri_of(path)) as database:
        with pytest.raises(DatabaseUnusable, match="another daemon"):
            async with opened(uri_of(path)):
                pass
        assert await database.write(count_up) == 1


def not_sqlite(path: Path) -> None:
    path.write_bytes(b"these are flags, some other program's\n" * 300)


def cut_short(path: Path) -> None:
    os.truncate(path, 8192)


def overwritten(path: Path) -> None:
    """A page that nothing reads while the database is opened."""
    connection = sqlite3.connect(path)
    [[root]] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'kept'")
    [[size]] = connection.execute("PRAGMA page_size")
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(bytes(range(256)) * (size // 256))


@pytest.mark.parametrize("damage", [not_sqlite, cut_short, overwritten])
async def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path, damage: Any) -> None:
    async with opened(uri_of(path)) as database:
        await database.write(statement("INSERT INTO kept (number, b) VALUES (1, ?)", bytes(50_000)))
    damage(path)
    path.chmod(0o600)
    damaged = path.read_bytes()
    for _ in range(2):
        with pytest.raises(DatabaseUnusable, match="damaged") as refused:
            async with opened(uri_of(path)):
                pass
        assert str(path) in str(refused.value) and "restore a copy" in str(refused.value)
        assert path.read_bytes() == damaged


async def test_the_database_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.touch(0o600)
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    content = path.read_bytes()
    with pytest.raises(DatabaseUnusable, match="another program"):
        async with opened(uri_of(path)):
            pass
    assert path.read_bytes() == content


@pytest.mark.parametrize("replace", [False, True])
async def test_no_write_is_acknowledged_into_a_file_that_is_gone(path: Path, replace: bool) -> None:
    async with opened(uri_of(path)) as database:
        await database.write(count_up)
        copy = path.parent / "copy.db"
        shutil.copyfile(path, copy)
        path.unlink()
        if replace:
            copy.rename(path)
        with pytest.raises(DatabaseUnusable, match="replaced" if replace else "gone"):
            await database.write(count_up)
        assert not path.exists() or replace
