"""One connection, the transactions run on it, and when it has to be given up."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from burgeed.database.errors import DatabaseError, DatabaseUnavailable, OutcomeUnknown, WriteRefused
from burgeed.database.parameters import checked
from burgeed.database.protocol import Row, Transaction

Outcome = TypeVar("Outcome")

_MOMENTS = itertools.count(1)


class Connection(Protocol):
    """A connection that is yet to be opened, used by one thread but for :meth:`interrupt`.

    Its methods raise DatabaseError, and nothing else.
    """

    def open(self) -> None:
        """Connect, and see that the schema is one that is known."""
        ...

    def begin(self) -> None:
        """Begin a transaction; one that writes waits here for those of others."""
        ...

    def execute(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        """Run one statement."""
        ...

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for each row."""
        ...

    def commit(self) -> None:
        """End the transaction. Raises OutcomeUnknown unless it is sure that nothing was written."""
        ...

    def rollback(self) -> None:
        """Undo the transaction, if one is under way."""
        ...

    def interrupt(self) -> None:
        """Make what is under way fail soon; called from another thread, does not block."""
        ...

    def close(self) -> None:
        """Let go of everything; never raises."""
        ...


ConnectionType = TypeVar("ConnectionType", bound=Connection)


class Session(Generic[ConnectionType]):
    """Runs transactions on a connection that it opens when needed, and gives up when it is not to be trusted.

    Used by one thread but for :meth:`interrupt` and what it notes.

    Args:
        connect: makes a connection that is not open yet.

    Attributes:
        trouble: what the last use met, but for those that their own work refused; None if it succeeded.
        troubled_at, succeeded_at: when it last did, counted over all sessions; 0 is never.
    """

    def __init__(self, connect: Callable[[], ConnectionType]) -> None:
        self._connect = connect
        self._connection: ConnectionType | None = None
        self._interrupted = False
        self.trouble: DatabaseError | None = None
        self.troubled_at = self.succeeded_at = 0

    def transact(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """Run the work in one transaction. Raises what the work raises, or DatabaseError."""
        return self._noting(lambda: self._transact(self._begin(), work))

    def use(self, job: Callable[[ConnectionType], Outcome]) -> Outcome:
        """Run a job on the open connection, which is given up if it fails. Raises as the job."""
        try:
            return self._noting(lambda: job(self._open()))
        except BaseException:
            self.close()
            raise

    def interrupt(self) -> None:
        """Make what is under way fail soon."""
        self._interrupted = True
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def close(self) -> None:
        """Close the connection; the next use opens anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _noting(self, job: Callable[[], Outcome]) -> Outcome:
        """Run a job and remember the trouble that it had."""
        self._interrupted = False
        try:
            outcome = job()
        except DatabaseError as error:
            if not isinstance(error, WriteRefused):
                self.trouble, self.troubled_at = error, next(_MOMENTS)
            raise
        self.trouble, self.succeeded_at = None, next(_MOMENTS)
        return outcome

    def _open(self) -> ConnectionType:
        """The connection, opened if it is not. Raises DatabaseError."""
        if self._connection is None:
            # Remembered before it is open: what opens it can be interrupted.
            connection = self._connection = self._connect()
            try:
                connection.open()
            except OutcomeUnknown as error:
                self.close()
                # It was a step of the schema that failed so, not the work of a caller.
                raise DatabaseUnavailable("failing", str(error)) from error
            except BaseException:
                self.close()
                raise
        return self._connection

    def _begin(self) -> ConnectionType:
        """Begin a transaction; anew if the connection had died unnoticed since it was last used."""
        while True:
            is_new = self._connection is None
            connection = self._open()
            try:
                connection.begin()
            except DatabaseUnavailable as error:
                if error.trouble == "failing":
                    self.close()
                    if not is_new and not self._interrupted:
                        continue
                else:
                    self._roll_back(connection)
                raise
            except BaseException:
                self.close()
                raise
            return connection

    def _transact(self, connection: ConnectionType, work: Callable[[Transaction], Outcome]) -> Outcome:
        try:
            transaction = _Transaction(connection, lambda: self._interrupted)
            try:
                outcome = work(transaction)
            finally:
                transaction.over = True
            if transaction.failure is not None:
                # The work went on after a statement failed: what it did is not all there.
                raise transaction.failure
            connection.commit()
        except OutcomeUnknown:
            # After a failed commit a connection may say yes to the next one without having the last.
            self.close()
            raise
        except DatabaseUnavailable as error:
            self._roll_back(connection)
            if error.trouble == "failing":
                self.close()
            raise
        except WriteRefused:
            self._roll_back(connection)
            raise
        except DatabaseError:
            self._roll_back(connection)
            self.close()
            raise
        except BaseException:
            self._roll_back(connection)
            raise
        return outcome

    def _roll_back(self, connection: ConnectionType) -> None:
        try:
            connection.rollback()
        except DatabaseError:
            self.close()


class _Transaction:
    """What the work is given."""

    def __init__(self, connection: Connection, is_interrupted: Callable[[], bool]) -> None:
        self._connection = connection
        self._is_interrupted = is_interrupted
        self.failure: DatabaseError | None = None
        self.over = False

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """See :meth:`Transaction.execute`."""
        return self._guarded(lambda: self._connection.execute(sql, checked(parameters)))

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """See :meth:`Transaction.execute_many`."""
        self._guarded(lambda: self._connection.execute_many(sql, [checked(row) for row in rows]))

    def _guarded(self, statement: Callable[[], Outcome]) -> Outcome:
        if self.over:
            raise DatabaseError("the transaction has ended: its work must not keep it")
        if self.failure is not None:
            raise self.failure
        try:
            if self._is_interrupted():
                raise DatabaseUnavailable("busy", "the transaction took too long")
            return statement()
        except DatabaseError as error:
            self.failure = error
            raise
