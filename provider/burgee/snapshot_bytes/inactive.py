"""The overrides and kills that lead nowhere, for those who want to see why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import orjson

from burgee.definition.records import (
    kill_record,
    override_record,
    read_kill_record,
    read_override_record,
)
from burgee.errors import SnapshotError
from burgee.flag import Kill
from burgee.snapshot import Inactive
from burgee.snapshot_bytes.general import Origins
from burgee.snapshot_bytes.table import Table


def inactive_document(each: Inactive) -> dict[str, Any]:
    """Write one."""
    stands = {"set": each.flag_set_id, "flag": each.flag_key, "level": each.level, "scope": each.scope}
    what = each.override
    written = kill_record(what) if isinstance(what, Kill) else override_record(what)
    kind = "kill" if isinstance(what, Kill) else "override"
    return {**stands, "why": each.why, kind: written}


class WrittenInactive(Sequence[Inactive]):
    """All of a snapshot, each decoded whenever it is asked for.

    Args:
        table: without keys; its numbers are origins.
    """

    __slots__ = ("_origins", "_table")

    def __init__(self, table: Table | None, origins: Origins) -> None:
        self._table = table
        self._origins = origins

    @overload
    def __getitem__(self, index: int) -> Inactive: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Inactive]: ...

    def __getitem__(self, index: int | slice) -> Inactive | Sequence[Inactive]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if self._table is None or not -len(self) <= index < len(self):
            raise IndexError(index)
        written = self._table.record(index % len(self))
        try:
            return self._read(orjson.loads(written), self._table.number(index % len(self)))
        except SnapshotError:
            raise
        except Exception as error:
            raise SnapshotError("format", f"the record of an inactive override: {error}") from error

    def __len__(self) -> int:
        return 0 if self._table is None else len(self._table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(len(self))

    def _read(self, document: Any, number: int) -> Inactive:
        source, file = self._origins[number]
        key, level, scope = document["flag"], document["level"], document["scope"]
        if "kill" in document:
            what: Any = read_kill_record(document["kill"], key, source, file)
        else:
            what = read_override_record(document["override"], level, scope, key, source, file)
        return Inactive(document["set"], key, level, scope, document["why"], what)
