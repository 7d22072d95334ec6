"""The sections of one snapshot, by what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from burgee.errors import SnapshotError
from burgee.snapshot_bytes.header import Section
from burgee.snapshot_bytes.layout import NO_FLAG_SET, Kind
from burgee.snapshot_bytes.table import Table


class Sections:
    """The sections of one snapshot.

    Args:
        directory: where they lie; those of an unknown kind are left alone.
        content: what they lie in.
    """

    def __init__(self, directory: Iterable[Section], content: memoryview) -> None:
        self._content = content
        self._found = {(section.kind, section.flag_set): section for section in directory}

    def data(self, kind: Kind) -> bytes:
        """The bytes of a section that is no table and belongs to the whole snapshot.

        Raises:
            SnapshotError: it is damaged or missing.
        """
        section = self._found.get((kind, NO_FLAG_SET))
        if section is None:
            raise SnapshotError("format", f"the section {kind.name} is missing")
        found = self._content[section.offset : section.offset + section.length]
        if crc32(found) != section.checksum:
            raise SnapshotError("checksum", f"the section {kind.name} is damaged: its checksum differs")
        return bytes(found)

    def table(self, kind: Kind, flag_set: int) -> Table | None:
        """A table; None where there is none, since an empty one is not written.

        Raises:
            SnapshotError: its top is damaged.
        """
        section = self._found.get((kind, flag_set))
        return None if section is None else Table(self._content, section, kind.name.lower())
