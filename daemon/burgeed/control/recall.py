"""What was served at an earlier time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from burgee.composition import compose
from burgeed.control.errors import NotFound
from burgeed.control.layer import AdminLayer
from burgeed.control.protocol import Past
from burgeed.database.protocol import Transaction
from burgeed.revisions import foundations, reading
from burgeed.revisions.foundations import Foundation
from burgeed.revisions.values import Entry, EntryKey


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the database has of an earlier time.

    Attributes:
        packed: the foundation, and whether it is certain; None where none was put down.
    """

    revision: int
    at: float
    entries: Mapping[EntryKey, Entry]
    packed: tuple[bytes, bool] | None


def recalling(
    sources: Sequence[str], now: float, at: float | None, revision: int | None
) -> Callable[[Transaction], Recalled]:
    """Work that reads an earlier time.

    Args:
        sources: names of today's, bottom first.
        at: Unix seconds; None is the revision's own time, or else now.
        revision: what was set right after it; None is the last one by then.
    """

    def work(transaction: Transaction) -> Recalled:
        moment = now if at is None else at
        if revision is not None:
            need_revisions(transaction, revision)
            found = reading.revision(transaction, revision)
            if at is None and found is not None:
                moment = found.at
        number = reading.number_at(transaction, moment) if revision is None else revision
        entries = reading.entries_at(transaction, number)
        return Recalled(number, moment, entries, foundations.content_at(transaction, sources, moment))

    return work


async def past(recalled: Recalled, today: Foundation) -> Past:
    """Compose what was recalled.

    Args:
        today: stands in where no foundation was put down by then.
    """
    return await asyncio.to_thread(_composed, recalled, today)


def need_revisions(transaction: Transaction, *numbers: int) -> None:
    """Raise NotFound for a number that no revision has; 0 is before the first."""
    last = reading.last_number(transaction)
    for number in numbers:
        if not 0 <= number <= last:
            raise NotFound(f"there is no revision {number}; the last one is {last}")


def _composed(recalled: Recalled, today: Foundation) -> Past:
    packed = recalled.packed
    foundation = today if packed is None else foundations.unpack(packed[0])
    snapshot = compose(
        [*foundation.layers, AdminLayer().build(recalled.entries)],
        fixed=foundation.fixed,
        fractional_version=foundation.fractional_version,
    )
    return Past(snapshot, recalled.at, recalled.revision, packed is not None and packed[1])
