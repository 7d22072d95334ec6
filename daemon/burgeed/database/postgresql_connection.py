"""One connection to PostgreSQL."""

from __future__ import annotations

import functools
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper

from burgeed.database.backoff import Backoff
from burgeed.database.errors import DatabaseError, DatabaseUnavailable, DatabaseUnusable, OutcomeUnknown
from burgeed.database.postgresql_errors import is_sure, translated
from burgeed.database.postgresql_rewriting import rewrite
from burgeed.database.protocol import Row

OLDEST = 13
"""The oldest version of PostgreSQL that is served."""

CHANNEL = "burgee_changed"
"""What every transaction that writes notifies."""

LOCK = 0x62757267_65650001
"""The advisory lock that transactions which write hold, one after the other: "burgee" and a number."""

CONNECTION_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "target_session_attrs": "read-write",
    "application_name": "burgee",
}
"""What holds where the URI does not say otherwise."""

STATEMENT_TIMEOUT: Final = 8000
"""Milliseconds that a statement of a transaction may take."""

_SESSION = (
    f"SET client_encoding = 'UTF8'; SET statement_timeout = {STATEMENT_TIMEOUT}; "
    "SET idle_in_transaction_session_timeout = 15000; "
    # From PostgreSQL 14 on: a statement ends soon after the connection was cut, and with it what it locks.
    "SELECT set_config(name, '500', false) FROM pg_settings WHERE name = 'client_connection_check_interval'"
)
"""What every connection sets, times in milliseconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database on a server.

    Attributes:
        parameters: of the connection, as libpq knows them; may hold a password.
        shown: the place without it.
    """

    parameters: dict[str, Any]
    shown: str

    @classmethod
    def of(cls, uri: str) -> Place:
        """Read a URI. Raises DatabaseUnusable, which does not repeat it: it may hold a password."""
        try:
            given = conninfo_to_dict(uri)
            for port in filter(None, str(given.get("port", "")).split(",")):
                int(port)
        except (psycopg.Error, ValueError):
            raise DatabaseUnusable(
                "the store is no URI that libpq reads: write postgresql://USER@HOST:PORT/DATABASE, "
                "with what is special in a name or a password percent-encoded"
            ) from None
        user = f"{given['user']}@" if "user" in given else ""
        host = str(given.get("host") or given.get("hostaddr") or "")
        port = f":{given['port']}" if "port" in given else ""
        shown = f"postgresql://{user}{host}{port}/{given.get('dbname', '')}"
        return cls(CONNECTION_DEFAULTS | given, shown)


class PostgresqlConnection:
    """One connection; see :class:`burgeed.database.session.Connection`.

    Args:
        place: where.
        begin: the SQL that begins a transaction of this connection's kind.
        lock_timeout: seconds to wait for a lock.
        notifies: whether a commit tells whoever listens.
        known: the number of the last step of the schema that is known; it is looked at as a transaction that
            writes begins.
        backoff: shared by all connections to the place.
        prepare: called with this once it is open.
    """

    def __init__(
        self,
        place: Place,
        *,
        begin: str,
        lock_timeout: float,
        notifies: bool,
        known: int,
        backoff: Backoff,
        prepare: Callable[[PostgresqlConnection], None],
    ) -> None:
        self._place = place
        self._begin = begin
        self._lock_timeout = round(lock_timeout * 1000)
        self._commit = f"NOTIFY {CHANNEL}; COMMIT" if notifies else "COMMIT"
        self._known = known
        self._backoff = backoff
        self._prepare = prepare
        self._connection: psycopg.Connection | None = None
        self._guard = threading.Lock()
        self._cut = False
        self._is_prepared = False
        self._may_have_missed = False

    def open(self) -> None:
        """See :meth:`Connection.open`."""
        self._backoff.check()
        try:
            connection = psycopg.connect(**self._place.parameters, autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            refused = translated(error, self._place.shown)
            self._backoff.failed(str(refused))
            raise refused from error
        self._backoff.succeeded()
        with self._guard:
            self._connection = connection
            if self._cut:
                raise DatabaseUnavailable("busy", f"{self._place.shown}: connecting took too long")
        connection.adapters.register_dumper(str, StrDumper)
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.adapters.register_loader("numeric", _NumberLoader)
        self._set_up()
        self._prepare(self)
        self._is_prepared = True

    def _set_up(self) -> None:
        self._run(f"SET lock_timeout = {self._lock_timeout}; {_SESSION}")
        [[version, encoding, commit]] = self.execute(
            "SELECT current_setting('server_version_num'), current_setting('server_encoding'), "
            "current_setting('synchronous_commit')",
            (),
        )
        if int(version) < OLDEST * 10_000:
            raise DatabaseUnusable(f"{self._place.shown}: PostgreSQL {OLDEST} or later is needed")
        if encoding != "UTF8":
            raise DatabaseUnusable(
                f"{self._place.shown}: its encoding is {encoding}; make it with ENCODING 'UTF8' "
                "TEMPLATE template0"
            )
        if commit not in ("on", "remote_apply"):
            self._run("SET synchronous_commit = 'on'")

    def begin(self) -> None:
        """See :meth:`Connection.begin`."""
        rows = self._run(self._begin)
        if self._is_prepared and rows and rows[0][0] > self._known:
            raise DatabaseUnusable(
                f"{self._place.shown}: a newer Burgee (schema {rows[0][0]}, this one knows {self._known}) "
                "has taken it over; upgrade"
            )

    def begin_with(self, sql: str) -> None:
        """Begin transactions with this SQL from now on."""
        self._begin = sql

    def execute(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        """See :meth:`Connection.execute`."""
        try:
            cursor = self._opened().execute(_with_placeholders(sql), parameters)
            return cursor.fetchall() if cursor.description is not None else []
        except psycopg.Error as error:
            raise translated(error, self._place.shown) from error

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """See :meth:`Connection.execute_many`."""
        try:
            with self._opened().cursor() as cursor:
                cursor.executemany(_with_placeholders(sql), rows)
        except psycopg.Error as error:
            raise translated(error, self._place.shown) from error

    def commit(self) -> None:
        """See :meth:`Connection.commit`. What the server itself refused was surely not committed."""
        try:
            cursor = self._opened().execute(self._commit)
            while cursor.nextset():
                pass
        except psycopg.Error as error:
            if is_sure(error):
                raise translated(error, self._place.shown) from error
            raise OutcomeUnknown(f"{self._place.shown} was lost while committing: {error}") from error
        if cursor.statusmessage != "COMMIT":
            raise DatabaseError(f"{self._place.shown} answered {cursor.statusmessage} to COMMIT")

    def rollback(self) -> None:
        """See :meth:`Connection.rollback`."""
        if self._opened().info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self._run("ROLLBACK")

    def rewrite(self, tables: Sequence[str]) -> list[str]:
        """See :func:`~burgeed.database.postgresql_rewriting.rewrite`, which may take as long as it wants."""
        self._run("SET statement_timeout = 0")
        try:
            return rewrite(self._run, tables)
        finally:
            self._run(f"SET statement_timeout = {STATEMENT_TIMEOUT}")

    def listen_to(self, channel: str) -> None:
        """Hear a channel from now on; the first :meth:`listen` says that something may have been missed."""
        self._run(f"LISTEN {channel}")
        self._may_have_missed = True

    def listen(self, within: float) -> bool:
        """Wait so many seconds for a notification, and see that the connection still hears.

        Returns:
            Whether there was one, or may have been one before this listened.

        Raises:
            DatabaseError: the connection is lost.
        """
        connection = self._opened()
        if self._may_have_missed:
            self._may_have_missed = False
            return True
        try:
            heard = any(True for _ in connection.notifies(timeout=within, stop_after=1))
            if heard:
                # One look at the database answers all that came with it.
                for _ in connection.notifies(timeout=0):
                    pass
            else:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise translated(error, self._place.shown) from error
        return heard

    def interrupt(self) -> None:
        """See :meth:`Connection.interrupt`: cuts the connection, since a server that does not answer would
        not hear either that it should stop.
        """
        with self._guard:
            self._cut = True
            if self._connection is None or self._connection.closed:
                return
            with socket.socket(fileno=os.dup(self._connection.fileno())) as same:
                try:
                    same.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # cut already

    def close(self) -> None:
        """See :meth:`Connection.close`."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()

    def _opened(self) -> psycopg.Connection:
        if self._connection is None:
            raise DatabaseUnavailable("failing", f"{self._place.shown} is not connected")
        return self._connection

    def _run(self, sql: str) -> list[Row]:
        """Run statements without parameters in one go, and return the last one's rows."""
        try:
            cursor = self._opened().execute(sql)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description is not None else []
        except psycopg.Error as error:
            raise translated(error, self._place.shown) from error


class _NumberLoader(Loader):
    """Sums of integers, which PostgreSQL makes numeric, are integers here as on SQLite."""

    def load(self, data: Any) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdecimal() else float(text)


@functools.lru_cache(512)
def _with_placeholders(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
