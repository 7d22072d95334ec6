"""Sorted tables: found in by binary search in the buffer itself, each part checked when it is first believed.

A table is cut into blocks of ``BLOCK_ENTRIES``. Its *top*, which is the section, says where each block lies,
which key is the first in it, and its checksum; a block says the same of records.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from struct import Struct, unpack_from
from typing import Final, NamedTuple, final
from zlib import crc32

from burgee.errors import SnapshotError
from burgee.snapshot_bytes.header import Section
from burgee.snapshot_bytes.layout import BLOCK_ENTRIES

TOP_ROW: Final = 28
"""Bytes of the top for each block, its first key left out."""

BLOCK_ROW: Final = 16
"""Bytes of a block for each entry, its key left out."""

_LONG: Final = Struct("<Q")
_WORD: Final = Struct("<I")


class Row(NamedTuple):
    """One entry as it stands in the bytes, its record unchecked."""

    key: bytes
    record: memoryview
    number: int


@final
class Table:
    """A table of a snapshot.

    Args:
        content: all content of the snapshot.
        section: of the table's top.
        name: for messages.

    Raises:
        SnapshotError: the top is damaged.
    """

    __slots__ = ("_blocks", "_checked", "_content", "_length", "_name", "_top")

    def __init__(self, content: memoryview, section: Section, name: str) -> None:
        self._content = content
        self._name = name
        self._length = section.entries
        self._blocks = -(-section.entries // BLOCK_ENTRIES)
        self._top = content[section.offset : section.offset + section.length]
        if crc32(self._top) != section.checksum:
            raise SnapshotError("checksum", f"the index of {name} is damaged: its checksum differs")
        if len(self._top) < self._blocks * TOP_ROW:
            raise SnapshotError("format", f"the index of {name} is too short for its entries")
        self._checked = bytearray(self._blocks)

    def __len__(self) -> int:
        return self._length

    def find(self, key: bytes) -> int | None:
        """The ordinal of the entry with this key, None where there is none.

        Raises:
            SnapshotError: the block where it would be is damaged.
        """
        ordinal = self.least(key)
        return ordinal if ordinal < self._length and self.key(ordinal) == key else None

    def least(self, key: bytes) -> int:
        """The ordinal of the first entry whose key is not below this one.

        Raises:
            SnapshotError: the block where it would be is damaged.
        """
        low, high = 0, self._blocks
        while low < high:
            middle = (low + high) // 2
            if self._first_key(middle) <= key:
                low = middle + 1
            else:
                high = middle
        if not low:
            return 0
        number = low - 1
        block, count = self._block(number)
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if _key(block, count, middle) < key:
                low = middle + 1
            else:
                high = middle
        return number * BLOCK_ENTRIES + low

    def key(self, ordinal: int) -> bytes:
        """The key of an entry.

        Raises:
            SnapshotError: its block is damaged.
        """
        number, index = divmod(ordinal, BLOCK_ENTRIES)
        block, count = self._block(number)
        return _key(block, count, index)

    def number(self, ordinal: int) -> int:
        """The number of an entry, whose meaning is the table's.

        Raises:
            SnapshotError: its block is damaged.
        """
        number, index = divmod(ordinal, BLOCK_ENTRIES)
        block, count = self._block(number)
        return _word(block, (3 * count + index) * 4)

    def record(self, ordinal: int) -> bytes:
        """The record of an entry, checked.

        Raises:
            SnapshotError: it, or its block, is damaged.
        """
        number, index = divmod(ordinal, BLOCK_ENTRIES)
        block, count = self._block(number)
        begin = _word(block, (count + index - 1) * 4) if index else 0
        found = self._record(number, begin, _word(block, (count + index) * 4))
        if crc32(found) != _word(block, (2 * count + index) * 4):
            raise SnapshotError("checksum", f"a record of {self._name} is damaged: its checksum differs")
        return bytes(found)

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """The entries from one ordinal up to another, in order.

        Raises:
            SnapshotError: a block is damaged.
        """
        stop = self._length if stop is None else stop
        for number in range(start // BLOCK_ENTRIES, -(-stop // BLOCK_ENTRIES)):
            block, count = self._block(number)
            words = unpack_from(f"<{4 * count}I", block)
            first = number * BLOCK_ENTRIES
            for index in range(max(start - first, 0), min(stop - first, count)):
                begin = words[count + index - 1] if index else 0
                record = self._record(number, begin, words[count + index])
                yield Row(_key(block, count, index), record, words[3 * count + index])

    def _first_key(self, number: int) -> bytes:
        return _piece(self._top, self._blocks * 24, self._blocks * TOP_ROW, number)

    def _block(self, number: int) -> tuple[memoryview, int]:
        """A block, checked when first asked for, and how many entries it has."""
        if not 0 <= number < self._blocks:
            raise SnapshotError("format", f"{self._name} has no entry of that ordinal")
        top, blocks = self._top, self._blocks
        (offset,) = _LONG.unpack_from(top, number * 8)
        length = _word(top, blocks * 16 + number * 4)
        block = self._content[offset : offset + length]
        count = min(BLOCK_ENTRIES, self._length - number * BLOCK_ENTRIES)
        if not self._checked[number]:
            if len(block) != length or length < count * BLOCK_ROW:
                raise SnapshotError("format", f"a part of the index of {self._name} lies outside")
            if crc32(block) != _word(top, blocks * 20 + number * 4):
                raise SnapshotError("checksum", f"a part of the index of {self._name} is damaged")
            self._check_order(number, block, count)
            self._checked[number] = True
        return block, count

    def _check_order(self, number: int, block: memoryview, count: int) -> None:
        """Whether a search finds whatever a walk through all entries passes."""
        ends = unpack_from(f"<{count}I", block)
        if not ends[-1]:
            return
        area = count * BLOCK_ROW
        starts = (0, *ends[:-1])
        keys = [bytes(block[area + start : area + end]) for start, end in zip(starts, ends, strict=True)]
        following = keys[1:]
        if number + 1 < self._blocks:
            following.append(self._first_key(number + 1))
        if keys[0] != self._first_key(number) or any(map(operator.ge, keys, following)):
            raise SnapshotError("format", f"the keys of {self._name} are out of order")

    def _record(self, number: int, begin: int, end: int) -> memoryview:
        (first,) = _LONG.unpack_from(self._top, self._blocks * 8 + number * 8)
        if not begin <= end or first + end > len(self._content):
            raise SnapshotError("format", f"a record of {self._name} lies outside of the snapshot")
        return self._content[first + begin : first + end]


def _word(view: memoryview, offset: int) -> int:
    found: int = _WORD.unpack_from(view, offset)[0]
    return found


def _piece(view: memoryview, ends: int, pieces: int, index: int) -> bytes:
    """One of the pieces that lie from ``pieces`` on, each of which ends where the words at ``ends`` say."""
    begin = _word(view, ends + index * 4 - 4) if index else 0
    return bytes(view[pieces + begin : pieces + _word(view, ends + index * 4)])


def _key(block: memoryview, count: int, index: int) -> bytes:
    return _piece(block, 0, count * BLOCK_ROW, index)


def key_bytes(text: str) -> bytes:
    """A key as a table has it; no table has that of text with a lone surrogate."""
    return text.encode("utf-8", "surrogatepass")


def key_text(key: bytes) -> str:
    """The text of a key.

    Raises:
        SnapshotError: it is not UTF-8, which no writer writes.
    """
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise SnapshotError("format", f"the key {key[:40]!r} is not UTF-8") from None
