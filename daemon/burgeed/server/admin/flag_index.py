"""The flags of one snapshot in one order, so that a page of them costs a page and not all of them."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from burgee.flag import Flag
from burgee.snapshot import FlagSet, Snapshot
from burgeed.server.admin.flag_view import FlagFilter

MANY: Final = 5_000
"""Flags from which on they are put in order in a thread."""


class FlagKey(NamedTuple):
    """What the order is by."""

    flag_set_id: str
    key: str


class FlagIndex:
    """Of the newest snapshot that was asked about."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._keys: Sequence[FlagKey] = ()

    async def page(
        self,
        snapshot: Snapshot,
        flag_set_id: str | None,
        after: FlagKey | None,
        limit: int,
        which: FlagFilter,
    ) -> tuple[list[tuple[FlagSet, Flag]], bool]:
        """Return the first ``limit`` flags that are asked for behind ``after``, and whether there are more.

        Args:
            flag_set_id: only of this set; None is any.
        """
        keys = await self._of(snapshot)
        first = 0 if after is None else bisect_right(keys, after)
        if flag_set_id is not None:
            first = max(first, bisect_left(keys, FlagKey(flag_set_id, "")))
        found: list[tuple[FlagSet, Flag]] = []
        for position in range(first, len(keys)):
            of_set, key = keys[position]
            if flag_set_id is not None and of_set != flag_set_id:
                break
            flag_set = snapshot.flag_sets[of_set]
            flag = flag_set.flags[key]
            if which.holds(flag_set, flag):
                if len(found) == limit:
                    return found, True
                found.append((flag_set, flag))
        return found, False

    async def _of(self, snapshot: Snapshot) -> Sequence[FlagKey]:
        if self._snapshot is not snapshot:
            count = sum(len(flag_set.flags) for flag_set in snapshot.flag_sets.values())
            keys = await asyncio.to_thread(_ordered, snapshot) if count > MANY else _ordered(snapshot)
            self._snapshot, self._keys = snapshot, keys
            return keys
        return self._keys


def _ordered(snapshot: Snapshot) -> list[FlagKey]:
    return sorted(
        FlagKey(flag_set_id, key)
        for flag_set_id, flag_set in snapshot.flag_sets.items()
        for key in flag_set.flags
    )
