"""Writing a sorted table: records, then blocks, then the top that leads to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from struct import pack
from typing import NamedTuple
from zlib import crc32

from burgee.errors import SnapshotError
from burgee.snapshot_bytes.header import Section
from burgee.snapshot_bytes.layout import BLOCK_ENTRIES, LONGEST_RECORDS, NO_FLAG_SET, Kind


class Record(NamedTuple):
    """What is written for one entry.

    Attributes:
        checksum: CRC-32 of the bytes.
    """

    data: bytes
    checksum: int


class Content:
    """The content of a snapshot as it grows.

    Attributes:
        pieces: what follows one another.
        sections: where they lie.
    """

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.sections: list[Section] = []
        self._length = 0

    def add_bytes(self, kind: Kind, data: bytes) -> None:
        """Add a section that is no table."""
        self._section(kind, NO_FLAG_SET, 0, data)

    def add_table(
        self,
        kind: Kind,
        flag_set: int,
        keys: Sequence[bytes],
        records: Sequence[Record],
        numbers: Sequence[int],
    ) -> None:
        """Add a table, unless it is empty.

        Args:
            keys: in order, each once; as many empty ones where the table has no keys.
            records: of these keys.
            numbers: of these keys.

        Raises:
            SnapshotError: ``content``: a block of records is longer than it may be.
        """
        if not keys:
            return
        first = self._length
        self._append([record.data for record in records])
        places: list[tuple[int, int, int, int]] = []
        for start in range(0, len(keys), BLOCK_ENTRIES):
            part = slice(start, start + BLOCK_ENTRIES)
            ends = list(accumulate(len(record.data) for record in records[part]))
            if ends[-1] > LONGEST_RECORDS:
                raise SnapshotError("content", "128 records together are longer than 4 GiB")
            checksums = (record.checksum for record in records[part])
            block = _words(_ends(keys[part]), ends, checksums, numbers[part]) + b"".join(keys[part])
            places.append((self._length, first, len(block), crc32(block)))
            self._append([block])
            first += ends[-1]
        offsets, firsts, lengths, checks = zip(*places, strict=True)
        first_keys = keys[::BLOCK_ENTRIES]
        longs = pack(f"<{2 * len(places)}Q", *offsets, *firsts)
        top = longs + _words(lengths, checks, _ends(first_keys)) + b"".join(first_keys)
        self._section(kind, flag_set, len(keys), top)

    def _section(self, kind: Kind, flag_set: int, entries: int, data: bytes) -> None:
        self.sections.append(Section(kind, flag_set, self._length, len(data), entries, crc32(data)))
        self._append([data])

    def _append(self, pieces: list[bytes]) -> None:
        self.pieces += pieces
        self._length += sum(map(len, pieces))


def _ends(pieces: Iterable[bytes]) -> Iterable[int]:
    return accumulate(map(len, pieces))


def _words(*columns: Iterable[int]) -> bytes:
    words = [word for column in columns for word in column]
    return pack(f"<{len(words)}I", *words)
