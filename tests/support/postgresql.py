"""A PostgreSQL server of the tests' own: real, durable, and gone with the process that started it."""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

DEADLINE = 60.0
"""Seconds that the server may take to start or stop."""

USER = "burgee"
CONFIGURATION = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "64",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "fsync": "on",
}


class NoPostgresql(Exception):
    """There are no programs of PostgreSQL here; the text says what installs them."""


class PostgresqlServer:
    """A server in a directory of its own, reached through a Unix socket there.

    Raises:
        NoPostgresql: it is not installed.
    """

    def __init__(self) -> None:
        self._programs = _programs()
        self._user = None if os.geteuid() else _other_user()
        self.directory = Path(tempfile.mkdtemp(prefix="burgee-postgresql-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._free: list[str] = []
        if self._user is not None:
            os.chown(self.directory, self._user.pw_uid, self._user.pw_gid)
        self._run(
            "initdb", "--auth=trust", f"--username={USER}", "--no-sync", *self._locale(), str(self._data)
        )
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in CONFIGURATION.items())
            file.write(f"unix_socket_directories = '{self.directory}'\n")

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def written(self, uri: str) -> bytes:
        """Everything in the files of a database's tables, with what was still on its way there."""
        database = str(conninfo_to_dict(uri)["dbname"])
        self.query("CHECKPOINT")
        [[directory]] = self.query(f"SELECT oid FROM pg_database WHERE datname = '{database}'")
        found = []
        for path in (self._data / "base" / str(directory)).iterdir():
            with suppress(FileNotFoundError):  # the server makes and removes some at any time
                found.append(path.read_bytes())
        return b"".join(found)

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if self._process is not None:
            return
        command = [*self._as_user("SIGQUIT"), str(self._programs / "postgres"), "-D", str(self._data)]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                self.query("SELECT 1")
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log_text = (self.directory / "log").read_text()[-2000:]
                    raise AssertionError(f"PostgreSQL did not start:\n{log_text}") from None
                time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it: SIGQUIT at once, as a crash does, SIGINT in an orderly way."""
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop it and remove what it had."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def uri(self, database: str = "postgres") -> str:
        """How to reach a database."""
        return f"postgresql://{USER}@/{database}?host={self.directory}"

    def take_database(self) -> str:
        """The name of an empty database."""
        if self._free:
            return self._free.pop()
        name = f"database_{next(self._numbers)}"
        self.query(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def take_back(self, name: str) -> None:
        """Empty a database for whoever takes one next, which is far quicker than to make one."""
        self.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        self.query("DROP SCHEMA public CASCADE", name)
        self.query("CREATE SCHEMA public", name)
        self._free.append(name)

    def query(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement on a connection of its own, and return its rows."""
        with psycopg.connect(self.uri(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description is not None else []

    def _locale(self) -> list[str]:
        """A language's order of text where the server knows one, so that tests notice who relies on bytes."""
        version = subprocess.run(
            [self._programs / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        major = int(re.search(r"\d+", version)[0])  # type: ignore[index]
        common = ["--encoding=UTF8", "--locale=C.UTF-8"]
        return [*common, "--locale-provider=icu", "--icu-locale=en"] if major >= 15 else common

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user("SIGKILL"), str(self._programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, cwd="/")
        assert done.returncode == 0, done.stderr

    def _as_user(self, ending: str) -> list[str]:
        """A command that runs another as a user whom PostgreSQL accepts, and ends it if this process dies."""
        command = ["setpriv", "--pdeathsig", ending]
        if self._user is not None:
            command += [f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
        return [*command, "--"]


def _programs() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True
    )
    found += [Path(program).resolve().parent for program in [shutil.which("postgres")] if program]
    for directory in found:
        if (directory / "postgres").exists() and (directory / "initdb").exists():
            return directory
    raise NoPostgresql("PostgreSQL is not installed: scripts/postgresql installs it where apt-get can")


def _other_user() -> pwd.struct_passwd:
    """Whom the server runs as where the tests run as root, which it refuses to do."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """One server for all tests of this process; a test takes databases of its own from it."""
    try:
        server = PostgresqlServer()
    except NoPostgresql as error:
        if os.environ.get("BURGEE_TEST_POSTGRESQL") == "required":
            raise
        pytest.skip(str(error))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgresql_database(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """The URI of an empty database for one test."""
    name = postgresql_server.take_database()
    yield postgresql_server.uri(name)
    postgresql_server.take_back(name)
