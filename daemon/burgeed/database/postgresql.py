"""PostgreSQL: several daemons on one database.

Transactions that write hold an advisory lock, so they come one after the other over all daemons, and each
sees what the one before it committed. A write returns when the server says that it is committed with
``synchronous_commit = on``: whether that is on its disk, and on a replica's, is the server's to promise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from burgeed.clock import Clock
from burgeed.database.backoff import Backoff
from burgeed.database.errors import DatabaseError, DatabaseUnavailable, DatabaseUnusable, OutcomeUnknown
from burgeed.database.lane import OPENING_PATIENCE, SCRUBBING_PATIENCE, Lane, closed
from burgeed.database.migration import Migration
from burgeed.database.postgresql_connection import CHANNEL, LOCK, Place, PostgresqlConnection
from burgeed.database.protocol import Transaction
from burgeed.database.reporting import report_of
from burgeed.database.schema import TABLE, Schema, for_postgresql
from burgeed.database.session import Session

Outcome = TypeVar("Outcome")

PROBE = 3.0
"""Seconds that a connection which listens has to answer, beyond those for which it listens."""

# The lock is taken first, and each statement of READ COMMITTED sees what was committed before it began.
_WRITE = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({LOCK})"
_WRITE_AND_LOOK = f"{_WRITE}; SELECT COALESCE(MAX(number), 0) FROM {TABLE}"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresqlDatabase:
    """A :class:`burgeed.database.protocol.Database` on a server.

    Args:
        uri: as libpq reads it.
        migrations: all of them.
        clock: for waits, and tells when a migration was run.
        random: a number in [0, 1), for the waits between attempts to connect.
        readers: how many reads may run at a time.
        queue: how many writes, and how many reads, may wait.
        lock_timeout: seconds to wait for the transactions of other daemons.
        patience: seconds that a transaction may take, with its wait.

    Raises:
        DatabaseUnusable: the URI cannot be read.
    """

    def __init__(
        self,
        uri: str,
        migrations: Sequence[Migration],
        *,
        clock: Clock,
        random: Callable[[], float],
        readers: int = 2,
        queue: int = 256,
        lock_timeout: float = 5.0,
        patience: float = 10.0,
    ) -> None:
        self._place = Place.of(uri)
        self._schema = Schema(migrations)
        self._clock = clock
        self._lock_timeout = lock_timeout
        self._backoff = Backoff(clock.monotonic, random)
        self._closed = False
        self._writer = Session(self._writing)
        self._readers = [Session(self._reading) for _ in range(readers)]
        self._listener = Session(self._listening)
        self._writes = Lane(
            "database-writer",
            [self._writer],
            limit=queue,
            patience=patience,
            grace=2.0,
            stuck=self._write_is_stuck,
        )
        self._reads = Lane(
            "database-reader",
            self._readers,
            limit=queue,
            patience=patience,
            grace=2.0,
            stuck=self._read_is_stuck,
        )
        self._listens = Lane(
            "database-listener",
            [self._listener],
            limit=16,
            patience=patience,
            grace=2.0,
            stuck=self._read_is_stuck,
        )

    async def open(self) -> None:
        """Connect and bring the schema up to date.

        Raises:
            DatabaseUnusable, DatabaseUnavailable: it cannot be opened; it may be tried again.
        """
        try:
            await self._writes.run(
                lambda session: session.use(lambda connection: None), patience=OPENING_PATIENCE
            )
        except OutcomeUnknown as error:
            raise DatabaseUnavailable("failing", str(error)) from error

    async def write(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """See :meth:`Database.write`."""
        return await self._writes.run(lambda session: session.transact(work))

    async def read(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """See :meth:`Database.read`."""
        return await self._reads.run(lambda session: session.transact(work))

    async def scrub(self, *tables: str) -> None:
        """See :meth:`Database.scrub`: each table is written anew, since VACUUM alone leaves the bytes where
        they are. The server's own log keeps them until it is recycled.
        """
        left = await self._writes.run(
            lambda session: session.use(lambda connection: connection.rewrite(tables)),
            patience=SCRUBBING_PATIENCE,
        )
        if left:
            raise DatabaseUnavailable("busy", f"PostgreSQL keeps what was deleted: {'; '.join(left)}")

    async def changed(self, within: float) -> bool:
        """See :meth:`Database.changed`. True also after the connection was renewed: something may have been
        missed.
        """
        until = self._clock.monotonic() + within
        try:
            return await self._listens.run(lambda session: _listen(session, within), patience=within + PROBE)
        except DatabaseError:
            if self._closed:
                raise closed() from None
            await self._clock.sleep(max(0.0, until - self._clock.monotonic()))
            return False

    def report(self) -> dict[str, Any]:
        """See :meth:`Database.report`."""
        return report_of("postgresql", self._place.shown, [self._writer, *self._readers, self._listener])

    async def close(self) -> None:
        """See :meth:`Database.close`."""
        self._closed = True
        for lane in (self._writes, self._reads, self._listens):
            lane.refuse()
        self._listens.interrupt()
        await self._listens.close()
        await self._reads.close()
        await self._writes.close()

    def _writing(self) -> PostgresqlConnection:
        return self._connection(_WRITE, self._bring_up_to_date, notifies=True)

    def _reading(self) -> PostgresqlConnection:
        return self._connection(_READ, self._check)

    def _listening(self) -> PostgresqlConnection:
        return self._connection(_READ, lambda connection: connection.listen_to(CHANNEL))

    def _connection(
        self, begin: str, prepare: Callable[[PostgresqlConnection], None], *, notifies: bool = False
    ) -> PostgresqlConnection:
        return PostgresqlConnection(
            self._place,
            begin=begin,
            lock_timeout=self._lock_timeout,
            notifies=notifies,
            known=self._schema.version,
            backoff=self._backoff,
            prepare=prepare,
        )

    def _bring_up_to_date(self, connection: PostgresqlConnection) -> None:
        try:
            self._schema.bring_up_to_date(
                connection, for_postgresql, lambda: int(self._clock.wall() * 1_000_000)
            )
        except DatabaseUnusable as error:
            raise DatabaseUnusable(f"{self._place.shown}: {error}") from error
        connection.begin_with(_WRITE_AND_LOOK)

    def _check(self, connection: PostgresqlConnection) -> None:
        try:
            self._schema.check(connection)
        except DatabaseUnusable as error:
            raise DatabaseUnusable(f"{self._place.shown}: {error}") from error

    def _write_is_stuck(self) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{self._place.shown} does not answer: whether the transaction was written is not known"
        )

    def _read_is_stuck(self) -> DatabaseUnavailable:
        return DatabaseUnavailable("failing", f"{self._place.shown} does not answer")


def _listen(session: Session[PostgresqlConnection], within: float) -> bool:
    return session.use(lambda connection: connection.listen(within))
