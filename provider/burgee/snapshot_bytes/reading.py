"""Reading a snapshot from bytes: its head at once, everything else when it is asked for."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from burgee.errors import SnapshotError
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes.flag_sets import read_flag_sets
from burgee.snapshot_bytes.general import read_general
from burgee.snapshot_bytes.header import Buffer, Header, as_bytes, read_directory, read_header
from burgee.snapshot_bytes.inactive import WrittenInactive
from burgee.snapshot_bytes.ladders import NeedsDaemon
from burgee.snapshot_bytes.layout import DIGEST_SIZE, NO_FLAG_SET, Kind
from burgee.snapshot_bytes.sections import Sections

FEATURES: Final[frozenset[str]] = frozenset()
"""The required features that this reader knows of."""


def read(buffer: Buffer, *, whole: bool = False) -> Snapshot:
    """Read a snapshot; flags, overrides and segments are decoded when they are asked for.

    A record that is found to be damaged later makes the answers that need it GENERAL, and no others.

    Args:
        buffer: must not change while the snapshot is in use, such as a mapping of a file written once.
        whole: check the digest of everything now.

    Raises:
        SnapshotError: the bytes are no snapshot that this reader can read; its ``fault`` says why.
    """
    view = as_bytes(buffer).toreadonly()
    header = read_header(view)
    _check_length(header, len(view))
    if whole and blake2b(view[header.header_length :], digest_size=DIGEST_SIZE).digest() != header.digest:
        raise SnapshotError("checksum", "the snapshot is damaged: its digest differs")
    unknown = header.features - FEATURES
    if unknown:
        names = ", ".join(sorted(unknown))
        raise SnapshotError("features", f"the snapshot requires what this reader lacks: {names}", unknown)
    sections = Sections(*read_directory(view, header))
    general = read_general(sections.data(Kind.GENERAL))
    flag_sets, standings = read_flag_sets(sections, general)
    return Snapshot(
        header.generation,
        flag_sets,
        general.fixed,
        WrittenInactive(sections.table(Kind.INACTIVE, NO_FLAG_SET), general.origins),
        needs_daemon=NeedsDaemon(standings),
    )


def _check_length(header: Header, length: int) -> None:
    if length < header.length:
        message = f"the snapshot ends after {length} bytes, {header.length} were to come"
        raise SnapshotError("truncated", message)
    if length > header.length:
        raise SnapshotError("trailing", f"{length - header.length} bytes follow the end of the snapshot")
