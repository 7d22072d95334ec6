"""What PostgreSQL promises beyond the contract: several daemons, and a server that comes and goes."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from burgeed.database import postgresql_rewriting
from burgeed.database.errors import (
    DatabaseUnavailable,
    OutcomeUnknown,
    WriteRefused,
)
from burgeed.database.protocol import Transaction
from tests.daemon.database.databases import (
    AnyDatabase,
    count_up,
    counted,
    opened,
    opened_with,
    statement,
    succeeds,
)
from tests.support.postgresql import USER, PostgresqlServer

DEADLINE = 30.0


PID = "SELECT pg_backend_pid()"


@pytest.fixture
def uri(postgresql_database: str) -> str:
    return postgresql_database


async def hears(listener: AnyDatabase, writer: AnyDatabase) -> None:
    """Return once a write of one is heard by the other, which is told of nothing else."""
    until = time.monotonic() + DEADLINE
    while await listener.changed(0.05):
        assert time.monotonic() < until
    while True:
        hearing = asyncio.create_task(listener.changed(5.0))
        await succeeds(lambda: writer.write(count_up))
        if await asyncio.wait_for(hearing, DEADLINE):
            return
        assert time.monotonic() < until


async def backend(database: AnyDatabase) -> int:
    """The process that serves the connection that writes."""
    [[pid]] = await database.write(statement(PID))
    return int(pid)


def listening(server: PostgresqlServer) -> list[int]:
    rows = server.query(
        "SELECT pid FROM pg_stat_activity "
        "WHERE application_name = 'burgee' AND query IN ('LISTEN burgee_changed', 'SELECT 1')"
    )
    return [int(str(pid)) for [pid] in rows]


async def test_daemons_that_share_a_database_lose_no_write(uri: str) -> None:
    async with opened(uri) as one, opened(uri) as other:

        async def count(database: AnyDatabase) -> list[int]:
            return [await database.write(count_up) for _ in range(5)]

        counts = await asyncio.gather(*(count(database) for database in (one, other) * 8))
        assert sorted(number for some in counts for number in some) == list(range(1, 81))
        assert await one.read(counted) == 80


async def test_a_write_of_another_daemon_is_heard(uri: str) -> None:
    async with opened(uri) as one, opened(uri) as other:
        assert await one.changed(5.0) is True  # something may have been missed before it listened
        assert await one.changed(0.05) is False
        hearing = asyncio.create_task(one.changed(DEADLINE))
        await asyncio.sleep(0)
        await other.write(count_up)
        assert await asyncio.wait_for(hearing, DEADLINE) is True


async def test_a_write_between_two_waits_is_heard_by_the_second(uri: str) -> None:
    async with opened(uri) as one, opened(uri) as other:
        await one.changed(5.0)
        for _ in range(3):
            await other.write(count_up)
        assert await asyncio.wait_for(one.changed(DEADLINE), DEADLINE) is True
        assert [await one.changed(0.05) for _ in range(4)][-1] is False


async def test_a_refused_write_is_not_heard(uri: str) -> None:
    def refuse(transaction: Transaction) -> None:
        count_up(transaction)
        raise WriteRefused("no")

    async with opened(uri) as one, opened(uri) as other:
        await one.changed(5.0)
        with pytest.raises(WriteRefused):
            await other.write(refuse)
        assert await one.changed(0.1) is False


async def test_a_listener_whose_connection_is_ended_listens_again(
    uri: str, postgresql_server: PostgresqlServer
) -> None:
    async with opened(uri) as one, opened(uri) as other:
        await hears(one, other)
        [pid] = listening(postgresql_server)
        postgresql_server.query(f"SELECT pg_terminate_backend({pid})")
        await hears(one, other)
        assert listening(postgresql_server) != [pid]


async def test_a_listener_that_no_longer_hears_is_noticed_and_renewed(
    uri: str, postgresql_server: PostgresqlServer
) -> None:
    async with opened(uri) as one, opened(uri) as other:
        await hears(one, other)
        [pid] = listening(postgresql_server)
        os.kill(pid, signal.SIGSTOP)
        try:
            assert await asyncio.wait_for(one.changed(0.05), DEADLINE) is False
            await hears(one, other)
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_a_connection_that_died_unnoticed_costs_no_write(
    uri: str, postgresql_server: PostgresqlServer
) -> None:
    runs: list[int] = []
    async with opened(uri) as database:
        pid = await backend(database)
        postgresql_server.query(f"SELECT pg_terminate_backend({pid})")
        await database.write(lambda transaction: runs.append(count_up(transaction)))
        assert runs == [1]
        assert await backend(database) != pid


async def test_a_connection_lost_in_the_work_is_unavailable_and_nothing_is_written(
    uri: str, postgresql_server: PostgresqlServer
) -> None:
    def work(transaction: Transaction) -> None:
        count_up(transaction)
        [[pid]] = transaction.execute(PID)
        postgresql_server.query(f"SELECT pg_terminate_backend({pid})")
        count_up(transaction)

    async with opened(uri) as database:
        with pytest.raises(DatabaseUnavailable) as lost:
            await database.write(work)
        assert lost.value.trouble == "failing"
        assert await database.write(count_up) == 1


async def test_a_connection_lost_while_committing_leaves_the_outcome_unknown(
    uri: str, postgresql_server: PostgresqlServer
) -> None:
    def work(transaction: Transaction) -> None:
        count_up(transaction)
        [[pid]] = transaction.execute(PID)
        postgresql_server.query(f"SELECT pg_terminate_backend({pid})")

    async with opened(uri) as database:
        with pytest.raises(OutcomeUnknown):
            await database.write(work)
        assert database.report()["trouble"] == "unknown"
        assert await database.read(counted) == 0
        assert await database.write(count_up) == 1


async def test_a_backend_that_stops_answering_is_left_in_time(uri: str) -> None:
    async with opened_with(uri, patience=1.0) as database:
        pid = await succeeds(lambda: backend(database))
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(DatabaseUnavailable) as lost:
                await asyncio.wait_for(database.write(count_up), DEADLINE)
            assert lost.value.trouble == "failing"
            assert await succeeds(lambda: database.write(count_up)) == 1
        finally:
            os.kill(pid, signal.SIGCONT)
        assert await database.read(counted) == 1


async def test_a_backend_that_stops_while_committing_leaves_the_outcome_unknown(uri: str) -> None:
    stopped: list[int] = []

    def work(transaction: Transaction) -> None:
        count_up(transaction)
        [[pid]] = transaction.execute(PID)
        stopped.append(pid)
        os.kill(pid, signal.SIGSTOP)

    async with opened_with(uri, patience=1.0) as database:
        try:
            with pytest.raises(OutcomeUnknown):
                await asyncio.wait_for(database.write(work), DEADLINE)
        finally:
            os.kill(stopped[0], signal.SIGCONT)
        reached = await succeeds(lambda: database.write(count_up))
        assert reached in (1, 2)
        assert await database.read(counted) == reached


async def test_a_server_that_crashes_is_unavailable_and_then_serves_again_what_was_written(
    uri: str, postgresql_server: PostgresqlServer
) -> None:
    async with opened(uri) as one, opened(uri) as other:
        await hears(one, other)
        written = await one.write(count_up)
        postgresql_server.stop(signal.SIGQUIT)
        try:
            for call in (lambda: one.write(count_up), lambda: one.read(counted)):
                with pytest.raises(DatabaseUnavailable) as lost:
                    await asyncio.wait_for(call(), DEADLINE)
                assert lost.value.trouble == "failing"
            assert one.report()["trouble"] == "failing"
            assert await asyncio.wait_for(one.changed(0.05), DEADLINE) is False
        finally:
            postgresql_server.start()
        assert await succeeds(lambda: one.read(counted)) == written
        assert one.report()["trouble"] is None
        assert await succeeds(lambda: one.write(count_up)) == written + 1
        await hears(one, other)


async def test_a_daemon_that_cannot_have_the_lock_is_told_that_it_is_busy(uri: str) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(transaction: Transaction) -> int:
        begun.set()
        assert go_on.wait(DEADLINE)
        return count_up(transaction)

    async with opened(uri) as one, opened_with(uri, lock_timeout=0.3) as other:
        holding = asyncio.create_task(one.write(hold))
        await asyncio.to_thread(begun.wait, DEADLINE)
        with pytest.raises(DatabaseUnavailable) as refused:
            await asyncio.wait_for(other.write(count_up), DEADLINE)
        assert refused.value.trouble == "busy"
        go_on.set()
        assert await holding == 1
        assert await other.write(count_up) == 2


async def test_what_the_server_refuses_at_the_commit_was_surely_not_written(uri: str) -> None:
    async with opened(uri) as database:
        await database.write(
            statement(
                "CREATE TABLE child (name TEXT REFERENCES counters (name) DEFERRABLE INITIALLY DEFERRED)"
            )
        )

        def work(transaction: Transaction) -> None:
            count_up(transaction)
            transaction.execute("INSERT INTO child (name) VALUES ('nobody')")

        with pytest.raises(WriteRefused):
            await database.write(work)
        assert await database.write(count_up) == 1


async def deleted(database: AnyDatabase, uri: str) -> psycopg.Connection:
    """Make a row and delete it; a transaction that began in between goes on seeing it, should it look."""
    await database.write(statement("CREATE TABLE people (name TEXT)"))
    await database.write(statement("INSERT INTO people VALUES ('somebody')"))
    reader = psycopg.connect(uri)
    reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    reader.execute("SELECT 1")
    await database.write(statement("DELETE FROM people"))
    return reader


async def test_rows_are_scrubbed_once_nobody_sees_them(uri: str, postgresql_server: PostgresqlServer) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
    async with opened(uri) as database:
        reader = await deleted(database, uri)
        with reader:
            scrubbing = asyncio.create_task(database.scrub("people"))
            until = time.monotonic() + DEADLINE
            while not await asyncio.to_thread(postgresql_server.query, waiting):
                assert time.monotonic() < until and not scrubbing.done()
        await asyncio.wait_for(scrubbing, DEADLINE)
        assert b"somebody" not in postgresql_server.written(uri)


async def test_who_goes_on_seeing_deleted_rows_is_named(
    uri: str, postgresql_server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_rewriting, "PATIENCE", 0.1)
    async with opened(uri) as database:
        reader = await deleted(database, uri)
        with reader, pytest.raises(DatabaseUnavailable, match=rf"process {reader.info.backend_pid}\b"):
            await database.scrub("people")
        assert database.report()["trouble"] is None
        await database.scrub("people")
        assert b"somebody" not in postgresql_server.written(uri)


@pytest.mark.parametrize("others", [["somebody else"], []], ids=["beside others", "the last one"])
async def test_what_the_server_sampled_of_rows_is_scrubbed_with_them(
    uri: str, postgresql_server: PostgresqlServer, others: list[str]
) -> None:
    async with opened(uri) as database:
        await database.write(statement('CREATE TABLE people (name TEXT COLLATE "C")'))
        for name in ("a customer", *others):
            await database.write(statement(f"INSERT INTO people VALUES ('{name}')"))
        await database.write(statement("ANALYZE people"))
        await database.write(statement("DELETE FROM people WHERE name = 'a customer'"))
        await database.scrub("people")
        written = postgresql_server.written(uri)
        assert b"a customer" not in written and all(name.encode() in written for name in others)
        order = "SELECT collation_name FROM information_schema.columns WHERE table_name = 'people'"
        assert await database.read(statement(order)) == [("C",)]


async def test_whoever_may_not_scrub_the_samples_is_told_who_may(
    uri: str, postgresql_server: PostgresqlServer
) -> None:
    name = str(conninfo_to_dict(uri)["dbname"])
    postgresql_server.query("CREATE ROLE tenant LOGIN")
    postgresql_server.query("GRANT ALL ON SCHEMA public TO tenant", name)
    try:
        async with opened(uri.replace(f"{USER}@", "tenant@")) as database:
            await database.write(statement("CREATE TABLE people (name TEXT)"))
            with pytest.raises(DatabaseUnavailable, match=r"samples of rows: have the owner .* pg_statistic"):
                await database.scrub("people")
    finally:
        postgresql_server.query("DROP OWNED BY tenant CASCADE", name)
        postgresql_server.query("DROP ROLE tenant")
