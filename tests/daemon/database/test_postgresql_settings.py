"""What is asked of a server, and what is told of it."""

from __future__ import annotations

import sys

import pytest

from burgeed.database.errors import (
    DatabaseError,
    DatabaseUnavailable,
    DatabaseUnusable,
)
from burgeed.database.postgresql_connection import Place
from tests.daemon.database.databases import (
    count_up,
    opened,
    statement,
)
from tests.support.postgresql import PostgresqlServer


@pytest.fixture
def uri(postgresql_database: str) -> str:
    return postgresql_database


@pytest.mark.parametrize(
    ("state", "trouble"),
    [("53100", "full"), ("53300", "failing"), ("55P03", "busy"), ("57014", "busy"), ("58030", "failing")],
)
async def test_what_the_server_refuses_is_told_in_one_word(uri: str, state: str, trouble: str) -> None:
    async with opened(uri) as database:
        with pytest.raises(DatabaseUnavailable) as refused:
            await database.write(statement(f"DO 'BEGIN RAISE EXCEPTION USING ERRCODE = ''{state}''; END'"))
        assert refused.value.trouble == trouble
        assert await database.write(count_up) == 1


async def test_a_transaction_that_writes_waits_for_the_disk_whatever_the_server_defaults_to(
    uri: str, postgresql_server: PostgresqlServer
) -> None:
    name = uri.partition("@/")[2].partition("?")[0]
    postgresql_server.query(f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        async with opened(uri) as database:
            assert await database.write(statement("SHOW synchronous_commit")) == [("on",)]
            assert await database.write(statement("SHOW transaction_isolation")) == [("read committed",)]
            assert await database.read(statement("SHOW transaction_isolation")) == [("repeatable read",)]
            assert await database.read(statement("SHOW statement_timeout")) == [("8s",)]
            assert await database.read(statement("SHOW lock_timeout")) == [("5s",)]
    finally:
        postgresql_server.query(f"ALTER DATABASE {name} RESET synchronous_commit")


async def test_a_database_that_takes_no_writes_is_unavailable(
    uri: str, postgresql_server: PostgresqlServer
) -> None:
    name = uri.partition("@/")[2].partition("?")[0]
    postgresql_server.query(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            async with opened(uri):
                pass
    finally:
        postgresql_server.query(f"ALTER DATABASE {name} RESET default_transaction_read_only")


async def test_an_encoding_that_cannot_hold_every_text_is_refused(
    postgresql_server: PostgresqlServer,
) -> None:
    postgresql_server.query(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    with pytest.raises(DatabaseUnusable, match="ENCODING 'UTF8'"):
        async with opened(postgresql_server.uri("latin")):
            pass


async def test_a_missing_driver_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "burgeed.database.postgresql", raising=False)
    monkeypatch.delitem(sys.modules, "burgeed.database.postgresql_connection", raising=False)
    monkeypatch.delitem(sys.modules, "burgeed.database.postgresql_errors", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseUnusable, match=r"pip install 'burgee\[postgresql\]'"):
        async with opened("postgresql://localhost/flags"):
            pass


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://b:hunter2@db:5433/flags", "postgresql://b@db:5433/flags"),
        ("postgres://b:hunter2@db/flags?sslmode=require", "postgresql://b@db/flags"),
        ("postgresql://db/flags?password=hunter2&user=b", "postgresql://b@db/flags"),
        ("postgresql://b:hunter2@/flags?host=/run/postgresql", "postgresql://b@/run/postgresql/flags"),
    ],
)
def test_a_place_is_shown_without_its_password(uri: str, shown: str) -> None:
    assert Place.of(uri).shown == shown


async def test_errors_are_database_errors_and_no_others(uri: str) -> None:
    async with opened(uri) as database:
        for sql in ("SELECT 1 / 0", "SELECT FROM", "SELECT CAST('x' AS BIGINT)", "SELECT ?"):
            with pytest.raises(DatabaseError):
                await database.write(statement(sql))
        assert await database.write(count_up) == 1
