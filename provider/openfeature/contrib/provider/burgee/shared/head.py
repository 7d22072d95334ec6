"""The head: a page of counters that the daemon keeps moving, mapped, so that a look at it costs nothing."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from burgee.wire.head import (
    HEAD_SIZE,
    HEARTBEAT,
    MAGIC,
    MAGIC_OFFSET,
    SEQUENCE,
    SOCKET_NAME_OFFSET,
    SOCKET_NAME_WORD,
    VERSION,
    VERSION_WORD,
)

from .file_system import FileSystems
from .place import Refused, SharedPlace, open_trusted

NO_COUNTERS: Final[Sequence[int]] = (0, 0)
"""Counters that never move, for where there is no head."""


class Head(NamedTuple):
    """One head, mapped for as long as somebody holds its counters.

    Attributes:
        counters: the machine words of the page, as they are at the moment of reading.
        identity: of the file (device, inode); another one means that a daemon made the head anew.
    """

    counters: Sequence[int]
    identity: tuple[int, int]

    @property
    def sequence(self) -> int:
        """Counts publications."""
        return self.counters[SEQUENCE]

    @property
    def heartbeat(self) -> int:
        """Moves for as long as the daemon lives."""
        return self.counters[HEARTBEAT]


def open_head(place: SharedPlace, file_systems: FileSystems) -> Head:
    """Map a daemon's head, read-only.

    Raises:
        Refused: there is none, or it is not to be believed.
    """
    path = place.head
    descriptor, found = open_trusted(path, place.owner())
    try:
        if found.st_size != HEAD_SIZE:
            raise Refused(path, "size", f"has {found.st_size} bytes, a head has {HEAD_SIZE}")
        _check(path, os.pread(descriptor, HEAD_SIZE, 0), place)
        if not file_systems.is_local(descriptor):
            kind = file_systems.type_of(descriptor) or "unknown"
            raise Refused(path, "file system", f"lies on a file system ({kind}) that would show it too late")
        page = mmap.mmap(descriptor, HEAD_SIZE, mmap.MAP_SHARED, mmap.PROT_READ)
    except OSError as error:
        raise Refused(path, "access", f"cannot be read: {error.strerror or error}") from None
    finally:
        os.close(descriptor)
    return Head(memoryview(page).cast("Q"), (found.st_dev, found.st_ino))


def _check(path: Path, page: bytes, place: SharedPlace) -> None:
    if page[MAGIC_OFFSET : MAGIC_OFFSET + len(MAGIC)] != MAGIC:
        raise Refused(path, "magic", "is no head: it does not carry the mark of one")
    words = memoryview(page).cast("Q")
    if words[VERSION_WORD] != VERSION:
        version = words[VERSION_WORD]
        raise Refused(path, "version", f"is a head of version {version}, this provider reads {VERSION}")
    name = os.fsdecode(page[SOCKET_NAME_OFFSET : SOCKET_NAME_OFFSET + words[SOCKET_NAME_WORD]])
    if place.socket is not None and name not in ("", place.socket.name):
        raise Refused(path, "socket", f"is of the daemon with the socket {name}, not {place.socket.name}")
