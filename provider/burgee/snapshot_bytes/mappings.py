"""Mappings over tables: a value is decoded when it is first asked for, and then the same object each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Generic, TypeVar

from burgee.errors import SnapshotError
from burgee.snapshot_bytes.table import Table, key_bytes, key_text

Each = TypeVar("Each")

Decode = Callable[[str, bytes, int], Each]
"""(key, record, number) -> what the record holds; whatever it raises is told as a SnapshotError."""

ABSENT_LIMIT: Final = 10_000
"""How many keys that are not there are remembered; then all are forgotten."""


class RecordMapping(Mapping[str, Each], Generic[Each]):
    """The entries of a table whose keys begin with a prefix, by the rest of their keys.

    Asking for a damaged one raises SnapshotError, which is no KeyError.

    Args:
        table: None for one without entries.
        prefix: in bytes.
    """

    __slots__ = ("_absent", "_decode", "_decoded", "_prefix", "_range", "_table")

    def __init__(self, table: Table | None, decode: Decode[Each], prefix: bytes = b"") -> None:
        self._table = table
        self._decode = decode
        self._prefix = prefix
        self._decoded: dict[str, Each] = {}
        self._absent: set[object] = set()
        self._range: tuple[int, int] | None = None

    def __getitem__(self, key: str) -> Each:
        decoded = self._decoded
        if key in decoded:
            return decoded[key]
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        # By setdefault: two threads that decode at once go on with one object, as those expect who know
        # it by its identity.
        return decoded.setdefault(key, self._read(key, *found))

    def __contains__(self, key: object) -> bool:
        if key in self._decoded:
            return True
        return key not in self._absent and self._find(key) is not None

    def __iter__(self) -> Iterator[str]:
        if self._table is not None:
            start = len(self._prefix)
            for row in self._table.rows(*self._ordinals()):
                yield key_text(row.key[start:])

    def __len__(self) -> int:
        start, stop = self._ordinals()
        return stop - start

    def differing(self, other: RecordMapping[Each]) -> set[str]:
        """Keys that only one of the two has, or for which their records are not the same bytes.

        Raises:
            SnapshotError: the index of one is damaged.
        """
        mine, others = dict(self._written()), dict(other._written())
        return {
            key_text(key) for key in mine.keys() | others.keys() if mine.get(key) != others.get(key)
        }  # fmt: skip

    def _written(self) -> Iterator[tuple[bytes, memoryview]]:
        if self._table is not None:
            start = len(self._prefix)
            for row in self._table.rows(*self._ordinals()):
                yield row.key[start:], row.record

    def _ordinals(self) -> tuple[int, int]:
        """Where the entries with the prefix begin and end."""
        if self._table is None:
            return 0, 0
        if not self._prefix:
            return 0, len(self._table)
        if self._range is None:
            after = self._prefix[:-1] + bytes([self._prefix[-1] + 1])
            self._range = self._table.least(self._prefix), self._table.least(after)
        return self._range

    def _find(self, key: object) -> tuple[Table, int] | None:
        if self._table is None or not isinstance(key, str):
            return None
        ordinal = self._table.find(self._prefix + key_bytes(key))
        if ordinal is not None:
            return self._table, ordinal
        if len(self._absent) >= ABSENT_LIMIT:
            self._absent.clear()
        self._absent.add(key)
        return None

    def _read(self, key: str, table: Table, ordinal: int) -> Each:
        written = table.record(ordinal)
        try:
            return self._decode(key, written, table.number(ordinal))
        except SnapshotError:
            raise
        except Exception as error:
            raise SnapshotError("format", f"the record of {key} cannot be read: {error}") from error
