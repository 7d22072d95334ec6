"""The narrow waist: transactions of plain SQL, in a thread of the database's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

Row: TypeAlias = tuple[Any, ...]

Outcome = TypeVar("Outcome")


class Transaction(Protocol):
    """What the work of one transaction is given; it lives in the database's thread and ends with the work.

    SQL is what SQLite 3.37 and PostgreSQL 13 both understand. Parameters are written ``?``; no other ``?``
    and no ``%`` may stand in the text. Values are None, int (64 bit), float, str (without NUL) and bytes.
    """

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows, all of them; none for one that has none.

        Raises:
            DatabaseError: it failed; the transaction is over.
        """
        ...

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement once for each row of parameters. Raises as :meth:`execute`."""
        ...


class Database(Protocol):
    """One database. Transactions that write happen one after the other, over all daemons."""

    async def write(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """Run the work in one transaction that is on disk when this returns.

        The work is run once; it must not touch anything but the transaction. What it raises rolls back.

        Raises:
            DatabaseUnavailable: nothing was written.
            OutcomeUnknown: it failed while committing. The connection was given up; the next call opens anew.
        """
        ...

    async def read(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """Run the work on one consistent state, beside writers. Raises DatabaseUnavailable."""
        ...

    async def changed(self, within: float) -> bool:
        """Wait until another daemon may have written, for so many seconds at most; whether it did is a hint.

        A database of one daemon alone just waits. A connection that no longer hears is noticed and renewed.
        """
        ...

    async def scrub(self, *tables: str) -> None:
        """Leave nothing of the tables' deleted and former rows in the database's own files, as far as it has
        a say. It takes the longer the more there is, and who writes waits meanwhile.

        A server's archives and replicas, copies of a file, and what a disk keeps are beyond it.

        Raises:
            DatabaseUnavailable, OutcomeUnknown: it may be tried again.
        """
        ...

    def report(self) -> dict[str, Any]:
        """Its kind, place (without a password) and present trouble, as JSON has it."""
        ...

    async def close(self) -> None:
        """End its threads and connections, once what is under way has ended."""
        ...
