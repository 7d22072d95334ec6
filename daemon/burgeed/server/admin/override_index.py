"""The overrides of one snapshot in one order, so that a page of them costs a page and not all of them."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from burgee.flag import Override
from burgee.snapshot import Snapshot

MANY: Final = 5_000
"""Overrides from which on they are put in order in a thread."""


class IndexKey(NamedTuple):
    """What the order is by."""

    flag_set_id: str
    level: str
    scope: str
    flag_key: str


@dataclass(frozen=True, slots=True)
class Indexed:
    """One override; ``why`` it leads nowhere, empty where it does not."""

    key: IndexKey
    override: Override
    why: str = ""


class OverrideIndex:
    """Of the newest snapshot that was asked about."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._keys: Sequence[IndexKey] = ()
        self._items: Sequence[Indexed] = ()

    async def page(
        self, snapshot: Snapshot, after: IndexKey | None, limit: int, holds: Callable[[Indexed], bool]
    ) -> tuple[list[Indexed], bool]:
        """Return the first ``limit`` of those that hold behind ``after``, and whether there are more."""
        keys, items = await self._of(snapshot)
        found: list[Indexed] = []
        for position in range(0 if after is None else bisect_right(keys, after), len(items)):
            if holds(items[position]):
                if len(found) == limit:
                    return found, True
                found.append(items[position])
        return found, False

    async def of_scope(self, snapshot: Snapshot, flag_set_id: str, level: str, scope: str) -> list[Indexed]:
        """All of one scope, in order of their flags."""
        keys, items = await self._of(snapshot)
        first = bisect_right(keys, IndexKey(flag_set_id, level, scope, ""))
        found: list[Indexed] = []
        for position in range(first, len(items)):
            if keys[position][:3] != (flag_set_id, level, scope):
                break
            found.append(items[position])
        return found

    async def _of(self, snapshot: Snapshot) -> tuple[Sequence[IndexKey], Sequence[Indexed]]:
        if self._snapshot is not snapshot:
            count = len(snapshot.inactive) + sum(len(each.overrides) for each in snapshot.flag_sets.values())
            items = await asyncio.to_thread(_ordered, snapshot) if count > MANY else _ordered(snapshot)
            keys = [item.key for item in items]
            # Taken over at once, so that nobody sees one of them without the other.
            self._snapshot, self._keys, self._items = snapshot, keys, items
            return keys, items
        return self._keys, self._items


def _ordered(snapshot: Snapshot) -> list[Indexed]:
    return sorted(_all(snapshot), key=lambda item: item.key)


def _all(snapshot: Snapshot) -> Iterator[Indexed]:
    for flag_set in snapshot.flag_sets.values():
        for flag_key, levels in flag_set.overrides.items():
            for level, scopes in levels.items():
                for scope, override in scopes.items():
                    yield Indexed(IndexKey(flag_set.flag_set_id, level, scope, flag_key), override)
    for each in snapshot.inactive:
        if isinstance(each.override, Override):
            key = IndexKey(each.flag_set_id, each.level, each.scope, each.flag_key)
            yield Indexed(key, each.override, each.why)
