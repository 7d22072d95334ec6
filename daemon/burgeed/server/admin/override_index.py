"""The overrides of one snapshot in one order, so that a page of them costs a page and not all of them.

An override that inherits is none of the snapshot's: composing lets it hide what lies beneath, and be gone. It
is listed from its layer, since it is what an operator who asks why a file's override does nothing looks for.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from burgee.flag import Inherit, Override
from burgee.layer import Definition, Layer
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
        self,
        snapshot: Snapshot,
        layers: Sequence[Layer],
        after: IndexKey | None,
        limit: int,
        holds: Callable[[Indexed], bool],
    ) -> tuple[list[Indexed], bool]:
        """Return the first ``limit`` of those that hold behind ``after``, and whether there are more.

        Args:
            layers: what the snapshot is composed of, the topmost last.
        """
        keys, items = await self._of(snapshot, layers)
        found: list[Indexed] = []
        for position in range(0 if after is None else bisect_right(keys, after), len(items)):
            if holds(items[position]):
                if len(found) == limit:
                    return found, True
                found.append(items[position])
        return found, False

    async def of_scope(
        self, snapshot: Snapshot, layers: Sequence[Layer], flag_set_id: str, level: str, scope: str
    ) -> list[Indexed]:
        """All of one scope, in order of their flags."""
        keys, items = await self._of(snapshot, layers)
        first = bisect_right(keys, IndexKey(flag_set_id, level, scope, ""))
        found: list[Indexed] = []
        for position in range(first, len(items)):
            if keys[position][:3] != (flag_set_id, level, scope):
                break
            found.append(items[position])
        return found

    async def _of(
        self, snapshot: Snapshot, layers: Sequence[Layer]
    ) -> tuple[Sequence[IndexKey], Sequence[Indexed]]:
        if self._snapshot is not snapshot:
            count = sum(len(each.overrides) for layer in layers for each in layer.definitions)
            items = (
                await asyncio.to_thread(_ordered, snapshot, layers)
                if count > MANY
                else _ordered(snapshot, layers)
            )
            keys = [item.key for item in items]
            # Taken over at once, so that nobody sees one of them without the other.
            self._snapshot, self._keys, self._items = snapshot, keys, items
            return keys, items
        return self._keys, self._items


def _ordered(snapshot: Snapshot, layers: Sequence[Layer]) -> list[Indexed]:
    return sorted([*_composed(snapshot), *_inheriting(layers)], key=lambda item: item.key)


def _composed(snapshot: Snapshot) -> Iterator[Indexed]:
    for flag_set in snapshot.flag_sets.values():
        for flag_key, levels in flag_set.overrides.items():
            for level, scopes in levels.items():
                for scope, override in scopes.items():
                    yield Indexed(IndexKey(flag_set.flag_set_id, level, scope, flag_key), override)
    for each in snapshot.inactive:
        if isinstance(each.override, Override):
            key = IndexKey(each.flag_set_id, each.level, each.scope, each.flag_key)
            yield Indexed(key, each.override, each.why)


def _inheriting(layers: Sequence[Layer]) -> Iterator[Indexed]:
    """The overrides that inherit and that no layer above covers."""
    above: list[Definition] = []
    for layer in reversed(layers):
        for definition in layer.definitions:
            for key, override in definition.overrides.items():
                if isinstance(override.effect, Inherit) and not any(
                    each.flag_set_id == definition.flag_set_id and key in each.overrides for each in above
                ):
                    level, scope, flag_key = key
                    yield Indexed(IndexKey(definition.flag_set_id, level, scope, flag_key), override)
        above += layer.definitions
