"""The newest snapshot as the daemon's file, mapped where it may be."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from burgee.errors import SnapshotError
from burgee.generation import Generation

from .. import forks
from .file_system import FileSystems
from .place import Refused, SharedPlace, open_trusted

if TYPE_CHECKING:
    from burgee.snapshot import Snapshot

ATTEMPTS: Final = 5
"""How often a link is followed that leads to a file which is gone already."""


class SnapshotFile(NamedTuple):
    """A snapshot and the bytes that it is read from.

    Attributes:
        snapshot: reads on from the bytes for as long as it is used.
        data: the whole file; the file is never altered.
    """

    snapshot: Snapshot
    data: memoryview


def current_snapshot(place: SharedPlace, file_systems: FileSystems) -> SnapshotFile:
    """Read the snapshot that a daemon serves.

    Raises:
        Refused: there is none, it is not to be believed, or it is damaged.
    """
    path, data = _current(place, file_systems)
    with forks.importing():
        from ..evaluator import read  # here, where there is a snapshot
    try:
        return SnapshotFile(read(data), data)
    except SnapshotError as error:
        raise Refused(path, error.fault, f"is no usable snapshot: {error}") from None


def current_generation(place: SharedPlace, file_systems: FileSystems) -> Generation:
    """Read only which generation a daemon serves.

    Raises:
        Refused: as :func:`current_snapshot`.
    """
    path, data = _current(place, file_systems)
    with forks.importing():
        from ..evaluator import read_header  # as above
    try:
        return read_header(data).generation
    except SnapshotError as error:
        raise Refused(path, error.fault, f"is no usable snapshot: {error}") from None


def _current(place: SharedPlace, file_systems: FileSystems) -> tuple[Path, memoryview]:
    path = place.current
    owner = place.owner()
    for attempt in range(ATTEMPTS):
        try:
            descriptor, found = open_trusted(path, owner)
            break
        except Refused as refusal:
            if refusal.fault != "absent" or attempt == ATTEMPTS - 1 or not path.is_symlink():
                raise
    try:
        if file_systems.is_local(descriptor) and found.st_size:
            return path, memoryview(mmap.mmap(descriptor, 0, mmap.MAP_SHARED, mmap.PROT_READ))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return path, memoryview(file.read())
    except OSError as error:
        raise Refused(path, "access", f"cannot be read: {error.strerror or error}") from None
    finally:
        os.close(descriptor)
