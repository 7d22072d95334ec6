"""What both databases promise alike."""

from __future__ import annotations

import asyncio
import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from burgeed.database.errors import DatabaseError, DatabaseUnavailable, WriteRefused
from burgeed.database.migration import Migration
from burgeed.database.protocol import Transaction
from tests.daemon.database.databases import (
    MIGRATIONS,
    count_up,
    counted,
    opened,
    opened_with,
    statement,
    succeeds,
)

DEADLINE = 20.0

ENDLESS = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
    "SELECT MAX(i) FROM n"
)

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


async def test_a_transaction_that_returns_is_there_for_whoever_opens_the_database_next(uri: str) -> None:
    async with opened(uri) as database:
        assert await database.write(count_up) == 1
    async with opened(uri) as database:
        assert await database.read(counted) == 1


async def test_what_the_work_raises_undoes_it_and_reaches_the_caller(uri: str) -> None:
    def work(transaction: Transaction) -> None:
        count_up(transaction)
        raise LookupError("not this one")

    async with opened(uri) as database:
        with pytest.raises(LookupError, match="not this one"):
            await database.write(work)
        assert await database.read(counted) == 0
        assert await database.write(count_up) == 1
        assert database.report()["trouble"] is None


async def test_work_runs_once(uri: str) -> None:
    runs: list[int] = []
    async with opened(uri) as database:
        await database.write(lambda transaction: runs.append(count_up(transaction)))
    assert runs == [1]


async def test_a_failed_statement_ends_the_transaction_even_if_the_work_goes_on(uri: str) -> None:
    def work(transaction: Transaction) -> None:
        count_up(transaction)
        for _ in range(2):
            with pytest.raises(DatabaseError):
                transaction.execute("SELECT 1 FROM nowhere")

    async with opened(uri) as database:
        with pytest.raises(DatabaseError, match="nowhere"):
            await database.write(work)
        assert await database.read(counted) == 0


async def test_a_broken_constraint_is_a_refusal(uri: str) -> None:
    insert = statement("INSERT INTO counters (name, number) VALUES (?, ?)", "first", 1)
    async with opened(uri) as database:
        with pytest.raises(WriteRefused):
            await database.write(insert)
        await database.write(statement("INSERT INTO log (number, line) VALUES (1, 'a')"))
        with pytest.raises(WriteRefused, match="the log grows"):
            await database.write(statement("UPDATE log SET line = 'b'"))
        assert database.report()["trouble"] is None


async def test_a_transaction_cannot_be_used_after_its_work(uri: str) -> None:
    async with opened(uri) as database:
        kept = await database.write(lambda transaction: transaction)
        with pytest.raises(DatabaseError, match="has ended"):
            kept.execute("SELECT 1")


async def test_a_read_cannot_write(uri: str) -> None:
    async with opened(uri) as database:
        with pytest.raises(DatabaseError):
            await database.read(count_up)
        assert await database.read(counted) == 0


async def test_a_read_sees_one_state_while_writes_go_on(uri: str) -> None:
    looked, written = threading.Event(), threading.Event()

    def look_twice(transaction: Transaction) -> tuple[int, int]:
        first = counted(transaction)
        looked.set()
        assert written.wait(DEADLINE)
        return first, counted(transaction)

    async with opened(uri) as database:
        reading = asyncio.create_task(database.read(look_twice))
        await asyncio.to_thread(looked.wait, DEADLINE)
        assert [await database.write(count_up) for _ in range(3)] == [1, 2, 3]
        written.set()
        assert await reading == (0, 0)
        assert await database.read(counted) == 3


async def test_writes_of_many_tasks_lose_nothing(uri: str) -> None:
    async with opened(uri) as database:

        async def count(times: int) -> list[int]:
            return [await database.write(count_up) for _ in range(times)]

        counts = await asyncio.gather(*(count(5) for _ in range(16)))
        assert sorted(number for some in counts for number in some) == list(range(1, 81))


@given(st.lists(st.tuples(INTEGERS, FLOATS, TEXTS, st.binary()), min_size=1, max_size=20))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back_as_they_went(uri: str, values: list[tuple[Any, ...]]) -> None:
    rows = [(number, *row) for number, row in enumerate([*values, (None, None, None, None)])]

    def work(transaction: Transaction) -> list[tuple[Any, ...]]:
        transaction.execute("DELETE FROM kept")
        transaction.execute_many("INSERT INTO kept (number, i, f, t, b) VALUES (?, ?, ?, ?, ?)", rows)
        return transaction.execute("SELECT number, i, f, t, b FROM kept ORDER BY number")

    async def kept() -> list[tuple[Any, ...]]:
        async with opened(uri) as database:
            return await database.write(work)

    found = asyncio.run(kept())
    assert found == rows
    assert [[type(value) for value in row] for row in found] == [
        [type(value) for value in row] for row in rows
    ]


async def test_a_value_that_cannot_be_kept_is_refused_and_nothing_is_written(uri: str) -> None:
    unfit = {
        "NUL": "a\0b",
        "surrogate": "\ud800",
        "64 bits": 2**63,
        "does not fit": -(2**63) - 1,
        "integer": 10**400,
        "NaN": float("nan"),
        "list": [1],
    }
    async with opened(uri) as database:
        for said, value in unfit.items():

            def work(transaction: Transaction, value: object = value) -> None:
                count_up(transaction)
                transaction.execute_many("INSERT INTO kept (number, t) VALUES (?, ?)", [(1, "a"), (2, value)])

            with pytest.raises(WriteRefused, match=said):
                await database.write(work)
        assert await database.read(counted) == 0


async def test_text_is_ordered_and_compared_by_its_bytes(uri: str) -> None:
    texts = ["b", "B", "a", "ä", "Z", "a-b", "a b", "", "a\u0308", "A"]
    async with opened(uri) as database:
        await database.write(
            lambda transaction: transaction.execute_many(
                "INSERT INTO kept (number, t) VALUES (?, ?)", list(enumerate(texts))
            )
        )
        found = await database.read(statement("SELECT t FROM kept ORDER BY t"))
    assert [text for [text] in found] == sorted(texts, key=str.encode)


async def test_sums_and_counts_are_integers(uri: str) -> None:
    async with opened(uri) as database:
        await database.write(statement("INSERT INTO kept (number, i) VALUES (1, ?), (2, ?)", 2**62, 2**61))
        [row] = await database.read(statement("SELECT SUM(i), COUNT(*), MAX(i) FROM kept"))
    assert row == (2**62 + 2**61, 2, 2**62)
    assert {type(value) for value in row} == {int}


async def test_a_call_that_takes_too_long_is_ended_and_the_next_one_works(uri: str) -> None:
    async with opened_with(uri, patience=2.0) as database:
        with pytest.raises(DatabaseUnavailable):
            await asyncio.wait_for(database.write(statement(ENDLESS)), DEADLINE)
        assert await succeeds(lambda: database.write(count_up)) == 1


async def test_a_call_over_the_limit_is_refused_at_once_and_one_that_waits_too_long_in_time(uri: str) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(transaction: Transaction) -> None:
        begun.set()
        assert go_on.wait(DEADLINE)

    async with opened_with(uri, queue=1, patience=0.5) as database:
        holding = asyncio.create_task(database.write(hold))
        await asyncio.to_thread(begun.wait, DEADLINE)
        waiting = asyncio.create_task(database.write(count_up))
        await asyncio.sleep(0)
        with pytest.raises(DatabaseUnavailable, match="wait for the database already") as refused:
            await database.write(count_up)
        assert refused.value.trouble == "busy"
        with pytest.raises(DatabaseUnavailable, match="in vain"):
            await asyncio.wait_for(waiting, DEADLINE)
        go_on.set()
        await asyncio.gather(holding, return_exceptions=True)
        assert await succeeds(lambda: database.read(counted)) == 0
        assert await succeeds(lambda: database.write(count_up)) == 1


async def test_work_that_was_begun_ends_although_its_caller_went_away(uri: str) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(transaction: Transaction) -> int:
        begun.set()
        assert go_on.wait(DEADLINE)
        return count_up(transaction)

    async with opened(uri) as database:
        gone = asyncio.create_task(database.write(slow))
        await asyncio.to_thread(begun.wait, DEADLINE)
        never_begun = asyncio.create_task(database.write(count_up))
        await asyncio.sleep(0)
        gone.cancel()
        never_begun.cancel()
        await asyncio.gather(gone, never_begun, return_exceptions=True)
        go_on.set()
        assert await database.write(count_up) == 2


async def test_closing_lets_what_runs_end_refuses_the_rest_and_ends_every_thread(uri: str) -> None:
    before = set(threading.enumerate())
    begun, go_on = threading.Event(), threading.Event()

    def slow(transaction: Transaction) -> int:
        begun.set()
        assert go_on.wait(DEADLINE)
        return count_up(transaction)

    async with opened(uri) as database:
        running = asyncio.create_task(database.write(slow))
        await asyncio.to_thread(begun.wait, DEADLINE)
        waiting = asyncio.create_task(database.write(count_up))
        await asyncio.sleep(0)
        closing = asyncio.create_task(database.close())
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait_for(closing, DEADLINE)
        assert await running == 1
        for call in (waiting, database.write(count_up), database.read(counted), database.changed(5)):
            with pytest.raises(DatabaseUnavailable) as refused:
                await call
            assert refused.value.trouble == "closed"
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("database-"):
            thread.join(DEADLINE)
            assert not thread.is_alive()
    async with opened(uri) as database:
        assert await database.read(counted) == 1


async def test_a_database_that_nobody_else_changes_says_so_when_the_time_is_up(uri: str) -> None:
    async with opened(uri) as database:
        await database.changed(0.01)  # whether something was missed before is not known
        assert await asyncio.wait_for(database.changed(0.05), DEADLINE) is False


async def test_the_report_is_json_and_names_the_place(uri: str) -> None:
    async with opened(uri, MIGRATIONS) as database:
        report = database.report()
    assert report["kind"] == uri.partition(":")[0]
    assert uri.partition("=")[2] in report["place"] or report["place"] == uri.partition(":")[2]
    assert (report["trouble"], report["message"]) == (None, None)


async def test_what_was_deleted_is_left_in_no_file_once_it_was_scrubbed(
    uri: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # Rows of many lengths in no order: an index of them has pages that were divided, and keep copies.
    table = (
        "CREATE TABLE people (digest TEXT PRIMARY KEY, name TEXT)",
        "CREATE INDEX names ON people (name)",
    )
    is_file = uri.startswith("sqlite")
    names = [f"kunde-{number:04}-q" for number in range(1000 if is_file else 200)]
    digests = [sha256(name.encode()).hexdigest() for name in names]
    rows = [(each, name + "." * (int(each[:4], 16) % 400)) for each, name in zip(digests, names, strict=True)]
    async with opened(uri, [Migration(1, "people", table)]) as database:
        await database.write(lambda t: t.execute_many("INSERT INTO people VALUES (?, ?)", rows))
        if not is_file:
            # Samples of a table are kept apart from it.
            await database.write(lambda t: t.execute("ANALYZE people"))
        await database.write(
            lambda t: t.execute_many(
                "DELETE FROM people WHERE digest = ?", [(each,) for each in digests[::2]]
            )
        )
        await database.scrub("people")
        if is_file:
            on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        else:
            on_disk = request.getfixturevalue("postgresql_server").written(uri)
            samples = await database.read(lambda t: t.execute("SELECT histogram_bounds::text FROM pg_stats"))
            assert not any(name in str(samples) for name in names[::2]) and names[1] in str(samples)
    assert [name for name in names[::2] if name.encode() in on_disk] == []
    assert all(name.encode() in on_disk for name in names[1::2])
