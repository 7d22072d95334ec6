"""What SQLite promises beyond the contract: its settings, a disk that fills, commits that fail."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from burgeed.clock import SystemClock
from burgeed.database.errors import DatabaseUnavailable, OutcomeUnknown, WriteRefused
from burgeed.database.sqlite import SqliteDatabase
from tests.daemon.database.databases import MIGRATIONS, count_up, counted, opened, opened_with, statement
from tests.support.small_disk import enlarge, small_disk

DEADLINE = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "burgee.db"


def uri_of(path: Path) -> str:
    return f"sqlite:{path}"


async def pragma(database: SqliteDatabase, name: str) -> tuple[Any, Any]:
    """A setting of the connection that writes, and of one that reads."""
    [[written]] = await database.write(statement(f"PRAGMA {name}"))
    [[read]] = await database.read(statement(f"PRAGMA {name}"))
    return written, read


async def test_connections_are_set_up_for_what_is_promised(path: Path) -> None:
    promised = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "busy_timeout": 3000,
        "journal_size_limit": 16 * 1024 * 1024,
    }
    async with opened(uri_of(path)) as database:
        assert isinstance(database, SqliteDatabase)
        for name, value in promised.items():
            assert (name, await pragma(database, name)) == (name, (value, value))


async def test_a_lock_of_another_program_is_waited_for_so_long_and_no_longer(path: Path) -> None:
    async with opened_with(uri_of(path), busy_timeout=0.2) as database:
        other = sqlite3.connect(path, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseUnavailable) as refused:
                await asyncio.wait_for(database.write(count_up), DEADLINE)
            assert refused.value.trouble == "busy"
            assert database.report()["trouble"] == "busy"
            assert await database.read(counted) == 0
            other.execute("ROLLBACK")
            assert await database.write(count_up) == 1
            assert database.report()["trouble"] is None
        finally:
            other.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "512k") as place:
        yield place


async def test_a_full_disk_loses_nothing_and_writes_go_on_once_there_is_room(disk: Path) -> None:
    insert = "INSERT INTO kept (number, b) VALUES (?, ?)"
    async with opened(uri_of(disk / "burgee.db")) as database:
        acknowledged = 0
        with pytest.raises(DatabaseUnavailable) as refused:
            while acknowledged < 1000:
                await database.write(statement(insert, acknowledged, bytes(1500)))
                acknowledged += 1
        assert refused.value.trouble == "full"
        assert 20 < acknowledged < 1000
        assert database.report()["trouble"] == "full"
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable) as refused:
                await database.write(statement(insert, acknowledged, bytes(1500)))
            assert refused.value.trouble == "full"
        numbers = [
            number for [number] in await database.read(statement("SELECT number FROM kept ORDER BY 1"))
        ]
        assert numbers == list(range(acknowledged))
        enlarge(disk, "4096k")
        await database.write(statement(insert, acknowledged, bytes(1500)))
        assert database.report()["trouble"] is None
        assert len(await database.read(statement("SELECT number FROM kept"))) == acknowledged + 1


async def test_a_full_disk_at_the_start_is_told_as_such(disk: Path) -> None:
    (disk / "ballast").write_bytes(bytes(500 * 1024))
    with pytest.raises(DatabaseUnavailable) as refused:
        async with opened(uri_of(disk / "burgee.db")):
            pass
    assert refused.value.trouble == "full"
    (disk / "ballast").unlink()
    async with opened(uri_of(disk / "burgee.db")) as database:
        assert await database.write(count_up) == 1


async def test_a_read_after_a_start_without_room_is_refused_as_such_and_works_once_there_is_room(
    disk: Path,
) -> None:
    database = SqliteDatabase(disk / "burgee.db", MIGRATIONS, clock=SystemClock())
    try:
        (disk / "ballast").write_bytes(bytes(476 * 1024))
        for ask in (database.open, lambda: database.read(counted), lambda: database.read(counted)):
            with pytest.raises(DatabaseUnavailable) as refused:
                await ask()
            assert refused.value.trouble == "full"
        assert (disk / "burgee.db").exists()  # there was room for a file, and none for its tables
        (disk / "ballast").unlink()
        assert await database.read(counted) == 0
    finally:
        await database.close()


async def test_a_database_that_may_not_grow_is_full(path: Path) -> None:
    insert = statement("INSERT INTO kept (number, b) VALUES (1, ?)", bytes(100_000))
    async with opened(uri_of(path)) as database:
        [[before]] = await database.write(statement("PRAGMA max_page_count"))
        await database.write(statement("PRAGMA max_page_count = 10"))
        with pytest.raises(DatabaseUnavailable) as refused:
            await database.write(insert)
        assert refused.value.trouble == "full"
        await database.write(statement(f"PRAGMA max_page_count = {before}"))
        await database.write(insert)


class FailingCommits(sqlite3.Connection):
    """Commits fail: before or after they are done, with I/O errors."""

    after = False
    left = 0
    opened = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        type(self).opened += 1

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT" and type(self).left > 0:
            type(self).left -= 1
            if type(self).after:
                super().execute(sql, *parameters)
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise error
        return super().execute(sql, *parameters)


@pytest.mark.parametrize("after", [False, True])
async def test_a_commit_that_fails_is_unknown_and_the_connection_is_given_up(path: Path, after: bool) -> None:
    class Failing(FailingCommits):
        pass

    Failing.after = after
    connect = functools.partial(sqlite3.connect, factory=Failing)
    async with opened_with(uri_of(path), connect=connect) as database:
        assert await database.write(count_up) == 1
        assert Failing.opened == 1
        Failing.left = 1
        with pytest.raises(OutcomeUnknown, match="SQLITE_IOERR_FSYNC"):
            await database.write(count_up)
        assert database.report()["trouble"] == "unknown"
        reached = 2 if after else 1
        assert await database.read(counted) == reached
        assert await database.write(count_up) == reached + 1
        assert database.report()["trouble"] is None
        assert Failing.opened == 3  # the one that failed, a reader, and the one that took its place


async def test_a_log_that_cannot_be_emptied_for_a_reader_fails_no_write(path: Path) -> None:
    looked, go_on = threading.Event(), threading.Event()

    def look(transaction: Any) -> int:
        first = counted(transaction)
        looked.set()
        assert go_on.wait(DEADLINE)
        return first

    async with opened(uri_of(path)) as database:
        reading = asyncio.create_task(database.read(look))
        await asyncio.to_thread(looked.wait, DEADLINE)
        for number in range(40):
            await database.write(
                statement("INSERT INTO kept (number, b) VALUES (?, ?)", number, bytes(200_000))
            )
        grown = Path(f"{path}-wal").stat().st_size
        assert grown > 7_000_000
        go_on.set()
        assert await reading == 0
        assert len(await database.read(statement("SELECT number FROM kept"))) == 40


async def test_what_was_deleted_is_overwritten(path: Path) -> None:
    secret = b"a secret that has to go" * 500
    async with opened(uri_of(path)) as database:
        await database.write(statement("INSERT INTO kept (number, b) VALUES (1, ?)", secret))
    assert secret[:23] in path.read_bytes()
    async with opened(uri_of(path)) as database:
        await database.write(statement("DELETE FROM kept"))
    assert all(secret[:23] not in file.read_bytes() for file in path.parent.iterdir())


async def test_a_write_that_returned_outlives_the_process(path: Path) -> None:
    program = (
        "import asyncio, os, signal, sys\n"
        "from tests.daemon.database.databases import count_up, opened\n"
        "async def main():\n"
        "    async with opened(sys.argv[1]) as database:\n"
        "        while True:\n"
        "            print(await database.write(count_up), flush=True)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, uri_of(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(20):
            process.stdout.readline()
        process.kill()
        acknowledged = [*process.stdout.read().split(b"\n")][:-1]
    last = int(acknowledged[-1]) if acknowledged else 20
    async with opened(uri_of(path)) as database:
        assert await database.read(counted) in (last, last + 1)


async def test_a_refused_work_leaves_the_connection_as_it_was(path: Path) -> None:
    class NotNow(WriteRefused):
        pass

    def work(transaction: Any) -> None:
        count_up(transaction)
        raise NotNow("not now")

    async with opened(uri_of(path)) as database:
        with pytest.raises(NotNow):
            await database.write(work)
        assert database.report()["trouble"] is None
        assert await database.write(count_up) == 1
