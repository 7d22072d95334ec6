"""Records as they are written, kept from one snapshot to the next: the same object is written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from zlib import crc32

from burgee.errors import SnapshotError
from burgee.json_bytes import json_bytes
from burgee.snapshot_bytes.table_writing import Record

Each = TypeVar("Each")


class Encoded(Generic[Each]):
    """The records of one table.

    Args:
        render: writes one as a document.
    """

    def __init__(self, render: Callable[[Each], Any]) -> None:
        self._render = render
        self._previous: dict[str, tuple[Each, Record]] = {}
        self._kept: dict[str, tuple[Each, Record]] = {}

    def take_from(self, previous: Encoded[Each]) -> None:
        """Take records over from those of an earlier snapshot."""
        self._previous = previous._kept

    def record(self, key: str, each: Each) -> Record:
        """The record of one, taken over where the very same object was written for this key before.

        Raises:
            SnapshotError: ``content``: JSON has no place for it.
        """
        known = self._previous.get(key)
        if known is None or known[0] is not each:
            known = each, encoded(key, self._render(each))
        self._kept[key] = known
        return known[1]

    def close(self) -> None:
        """Let go of what the earlier snapshot had."""
        self._previous = {}


def encoded(key: str, document: Any) -> Record:
    """Write a document as a record.

    Raises:
        SnapshotError: ``content``: JSON has no place for it.
    """
    try:
        data = json_bytes(document)
    except (TypeError, ValueError) as error:
        raise SnapshotError("content", f"{key!r} cannot be written as JSON: {error}") from error
    return record_of(data)


def record_of(data: bytes) -> Record:
    """The record that holds these bytes."""
    return Record(data, crc32(data))
