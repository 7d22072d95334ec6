"""The database's file as it changes, comes and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from burgeed import file_standing
from burgeed.clock import SystemClock
from burgeed.geography.database import DatabaseUnusable
from burgeed.geography.following import FollowedDatabase
from tests.support.country_database import SWEDISH, write_database

IN_NORWAY = {"89.160.20.0/24": {"country": {"iso_code": "NO"}}}


@asynccontextmanager
async def followed(path: Path) -> AsyncIterator[tuple[FollowedDatabase, list[str | None]]]:
    """A database that is followed, and where it says that an address lies after each change."""
    database = FollowedDatabase(path, SystemClock())
    await database.open()
    changes: list[str | None] = []
    task = asyncio.create_task(database.follow(lambda: changes.append(database.country_of(SWEDISH))))
    try:
        yield database, changes
    finally:
        task.cancel()
        assert not task.done()


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_standing, "POLL", 0.02)


async def test_a_database_that_replaces_it_is_used(database: Path) -> None:
    async with followed(database) as (known, changes):
        before = known.country_of(SWEDISH)
        write_database(database, IN_NORWAY)
        await eventually(lambda: changes)
    assert (before, changes, known.report()["state"]) == ("SE", ["NO"], "live")


async def test_a_symbolic_link_that_leads_elsewhere_is_followed(tmp_path: Path, database: Path) -> None:
    other = write_database(tmp_path / "other.mmdb", IN_NORWAY)
    link = tmp_path / "link.mmdb"
    link.symlink_to(database)
    async with followed(link) as (_, changes):
        (tmp_path / "aside").symlink_to(other)
        (tmp_path / "aside").rename(link)
        await eventually(lambda: changes)
    assert changes == ["NO"]


async def test_what_was_read_is_used_on_when_the_file_is_cut_short_in_place(database: Path) -> None:
    async with followed(database) as (known, changes):
        with database.open("r+b") as file:
            file.truncate(100)
        await eventually(lambda: known.report()["state"] == "rejected")
        assert (known.country_of(SWEDISH), changes) == ("SE", [])
        assert "cut short" in known.report()["why"]


async def test_a_file_that_is_gone_and_comes_back_the_same_changes_nothing(database: Path) -> None:
    content = database.read_bytes()
    async with followed(database) as (known, changes):
        loaded = known.report()["lastLoaded"]
        database.unlink()
        await eventually(lambda: known.report()["state"] == "rejected")
        assert "No such file" in known.report()["why"] and known.country_of(SWEDISH) == "SE"
        database.write_bytes(content)
        await eventually(lambda: known.report()["state"] == "live")
        assert (changes, known.report()["why"], known.report()["lastLoaded"]) == ([], "", loaded)


async def test_a_bad_file_is_told_of_once_and_a_good_one_after_it_is_used(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with followed(database) as (known, changes):
        database.write_bytes(b"no database")
        await eventually(lambda: known.report()["state"] == "rejected")
        known.reload()
        await eventually(lambda: not known._afresh)
        write_database(database, IN_NORWAY)
        await eventually(lambda: changes)
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert changes == ["NO"] and len(warnings) == 1


async def test_reload_reads_a_file_at_once_that_looks_the_same(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_standing, "POLL", 3600.0)
    async with followed(database) as (known, changes):
        await asyncio.sleep(0)
        write_database(database, IN_NORWAY)
        known.reload()
        await eventually(lambda: changes)
    assert changes == ["NO"]


async def test_a_missing_file_is_an_error_with_its_path_at_first(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match=r"gone\.mmdb: it cannot be read \(No such file"):
        await FollowedDatabase(tmp_path / "gone.mmdb", SystemClock()).open()
