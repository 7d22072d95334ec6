"""From any earlier schema to the present one, once; never from a later one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from burgeed.database.errors import DatabaseError, DatabaseUnavailable, DatabaseUnusable
from burgeed.database.migration import Migration
from burgeed.database.schema import Schema
from tests.daemon.database.databases import MIGRATIONS, AnyDatabase, count_up, opened, statement

VERSIONS = "SELECT number, name, at FROM schema_version ORDER BY number"


async def versions(database: AnyDatabase) -> list[tuple[Any, ...]]:
    return await database.read(statement(VERSIONS))


@pytest.mark.parametrize("earlier", range(len(MIGRATIONS) + 1))
async def test_every_earlier_schema_is_brought_up_to_date_and_keeps_what_it_has(
    uri: str, earlier: int
) -> None:
    async with opened(uri, MIGRATIONS[:earlier]) as database:
        taken = await versions(database)
        if earlier:
            await database.write(count_up)
    async with opened(uri) as database:
        found = await versions(database)
        assert [(number, name) for number, name, _ in found] == [
            (step.number, step.name) for step in MIGRATIONS
        ]
        assert found[:earlier] == taken
        assert await database.write(count_up) == (2 if earlier else 1)
        await database.write(statement("INSERT INTO log (number, line, actor) VALUES (1, 'a', 'b')"))


async def test_a_schema_that_is_up_to_date_is_left_alone(uri: str) -> None:
    async with opened(uri) as database:
        before = await versions(database)
    async with opened(uri) as database:
        assert await versions(database) == before


async def test_a_newer_schema_is_refused_with_what_to_do(uri: str) -> None:
    async with opened(uri):
        pass
    with pytest.raises(
        DatabaseUnusable, match=r"newer Burgee \(schema 3, this one knows 2\); upgrade, or restore"
    ):
        async with opened(uri, MIGRATIONS[:2]):
            pass
    async with opened(uri) as database:
        assert len(await versions(database)) == 3


async def test_a_version_table_with_a_gap_is_refused(uri: str) -> None:
    async with opened(uri) as database:
        await database.write(statement("DELETE FROM schema_version WHERE number = 2"))
    with pytest.raises(DatabaseUnusable, match="restore a copy"):
        async with opened(uri):
            pass


async def test_a_step_that_fails_leaves_nothing_of_itself_and_is_taken_next_time(uri: str) -> None:
    broken = replace(MIGRATIONS[1], statements=(*MIGRATIONS[1].statements, "INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(DatabaseError, match="nowhere"):
        async with opened(uri, (MIGRATIONS[0], broken, MIGRATIONS[2])):
            pass
    async with opened(uri, MIGRATIONS[:1]) as database:
        assert len(await versions(database)) == 1
        with pytest.raises(DatabaseError):
            await database.read(statement("SELECT * FROM log"))
    async with opened(uri) as database:
        assert len(await versions(database)) == 3


@pytest.mark.parametrize("uri", ["postgresql"], indirect=True)
async def test_daemons_that_start_together_take_each_step_once(uri: str) -> None:
    async def start() -> None:
        async with opened(uri) as database:
            await database.write(count_up)

    await asyncio.gather(*(start() for _ in range(6)))
    async with opened(uri) as database:
        assert len(await versions(database)) == 3
        assert await database.write(count_up) == 7


@pytest.mark.parametrize("uri", ["postgresql"], indirect=True)
async def test_a_daemon_whose_schema_was_taken_over_by_a_newer_one_no_longer_writes(uri: str) -> None:
    async with opened(uri, MIGRATIONS[:2]) as older:
        await older.write(count_up)
        async with opened(uri):
            with pytest.raises(DatabaseUnusable, match="newer Burgee"):
                await older.write(count_up)
        assert older.report()["trouble"] == "unusable"


@pytest.mark.parametrize("numbers", [(0,), (2,), (1, 3), (2, 1), (1, 1)])
def test_migrations_are_numbered_from_one_without_gaps(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="numbered from 1"):
        Schema([Migration(number, "step", ()) for number in numbers])


async def test_a_place_that_is_none_is_refused_without_being_repeated() -> None:
    for uri in (
        "mysql://u:hunter2@h/d",
        "postgresql://u:hunter2@h:port/d",
        "postgresql://u:hunter2@h/d?no=1",
    ):
        with pytest.raises(DatabaseUnusable) as refused:
            async with opened(uri):
                pass
        assert "hunter2" not in str(refused.value)


async def test_no_server_is_told_without_the_password() -> None:
    with pytest.raises(DatabaseUnavailable) as refused:
        async with opened("postgresql://burgee:hunter2@127.0.0.1:9/flags"):
            pass
    assert refused.value.trouble == "failing"
    assert "127.0.0.1:9/flags" in str(refused.value)
    assert "hunter2" not in str(refused.value)
