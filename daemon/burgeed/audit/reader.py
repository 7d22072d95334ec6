"""Reading the log back: pages of records, and exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from burgeed.audit.acceptance import Acceptance, acceptance_of
from burgeed.audit.export import (
    acceptance_line,
    checkpoint_line,
    csv_header,
    csv_line,
    end_line,
    entry_line,
    key_line,
    log_line,
    seal_line,
    segment_line,
)
from burgeed.audit.head import Head, read_head
from burgeed.audit.keys import MasterKeys
from burgeed.audit.log_source import Identity, StoredCheckpoint
from burgeed.audit.records import AuditFilter, AuditPage
from burgeed.audit.seals import COLUMNS as SEAL_COLUMNS
from burgeed.audit.seals import Seal, seal_of
from burgeed.audit.search import Search
from burgeed.audit.segments import COLUMNS, Segment, segment_of
from burgeed.audit.signing_keys import StoredKey, read_keys
from burgeed.audit.subjects import Subjects
from burgeed.database.protocol import Transaction

Outcome = TypeVar("Outcome")

_AT_ONCE = 500
"""Entries, or checkpoints, that an export has in memory."""


class Readable(Protocol):
    """As much of a database as reading takes."""

    async def read(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """See Database."""
        ...


class AuditReader:
    """Decrypts and shows.

    Args:
        subjects: what has the subjects' keys.
    """

    def __init__(self, database: Readable, masters: MasterKeys, subjects: Subjects) -> None:
        self._database = database
        self._search = Search(masters, subjects)

    async def search(self, which: AuditFilter, limit: int, cursor: int | None = None) -> AuditPage:
        """Records, newest first.

        Args:
            limit: of records on a page.
            cursor: ``AuditPage.next`` of the page before.

        Raises:
            DatabaseUnavailable: it cannot be read.
            AuditUnavailable: a key to decrypt with is missing.
        """
        return await self._database.read(
            lambda transaction: self._search.page(transaction, which, limit, cursor)
        )

    async def export(self, which: AuditFilter, form: Literal["jsonl", "csv"]) -> AsyncIterator[str]:
        """Lines, each with its line feed; oldest first. An unfiltered ``jsonl`` can be verified.

        Entries that are added meanwhile are left out.

        Raises:
            DatabaseUnavailable, AuditUnavailable: while iterating.
        """
        standing = await self._database.read(_standing)
        head = standing.head
        through = head.seq if head else 0
        if form == "csv":
            yield csv_header()
        elif head is None:
            return
        else:
            is_whole = which == AuditFilter()
            identity = Identity(head.log_id, head.public_key, head.seq, head.hash, epoch=head.epoch)
            yield log_line(identity, complete=is_whole)
            for line in (*map(key_line, standing.keys), *map(segment_line, standing.segments)):
                yield line
            for line in (*map(seal_line, standing.seals), *map(acceptance_line, standing.acceptances)):
                yield line
            async for checkpoint in self._checkpoints_through(through):
                yield checkpoint_line(checkpoint)
        after: int | None = 0
        count = 0
        while after is not None and through:
            since = after
            found, after = await self._database.read(
                lambda transaction, since=since: self._search.stretch(  # type: ignore[misc]
                    transaction, which, since, through, _AT_ONCE
                )
            )
            for stored, record in found:
                count += 1
                yield csv_line(record) if form == "csv" else entry_line(stored, record)
        if form == "jsonl":
            yield end_line(count)

    async def _checkpoints_through(self, through: int) -> AsyncIterator[StoredCheckpoint]:
        last = 0
        while True:
            rows = await self._database.read(
                lambda transaction, last=last: transaction.execute(  # type: ignore[misc]
                    "SELECT size, root, head, note FROM audit_checkpoints"
                    " WHERE size > ? AND size <= ? ORDER BY size LIMIT ?",
                    (last, through, _AT_ONCE),
                )
            )
            for size, root, head, note in rows:
                yield StoredCheckpoint(size, bytes(root), bytes(head), note)
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1][0]


@dataclass(frozen=True, slots=True)
class _Standing:
    """All but entries and checkpoints, as one transaction reads it."""

    head: Head | None
    keys: list[StoredKey]
    segments: list[Segment]
    seals: list[Seal]
    acceptances: list[Acceptance]


def _standing(transaction: Transaction) -> _Standing:
    segments = transaction.execute(f"SELECT {COLUMNS} FROM audit_segments ORDER BY id")
    seals = transaction.execute(f"SELECT {SEAL_COLUMNS} FROM audit_seals ORDER BY size, sealer, number")
    accepted = transaction.execute("SELECT digest, size, seq, made, signature FROM audit_acceptances")
    return _Standing(
        read_head(transaction),
        read_keys(transaction),
        [segment_of(row) for row in segments],
        [seal_of(row) for row in seals],
        [acceptance_of(row) for row in accepted],
    )
