"""The head: one page of counters that readers map, so that they learn of a publication without asking.

It is made once, with every block of it allocated, and adopted by later daemons as long as it is sound:
whoever has it mapped sees them go on. One that is not sound is replaced by a rename, never repaired in place.
Each counter is stored as one machine word: a reader sees the old number or the new one.
"""

from __future__ import annotations

import logging
import mmap
import os
import secrets
import stat
from pathlib import Path

from burgee.wire.head import (
    HEAD_NAME,
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
from burgeed.store.permissions import Permissions

ASIDE = f".{HEAD_NAME}.new"
"""What a new head is called until it is whole."""

WORDS = (1 << 64) - 1

_log = logging.getLogger(__name__)


class Head:
    """The head of one runtime directory, mapped for writing.

    Args:
        directory: nobody else may write heads there at the same time.
        socket: name of the daemon's socket in its directory, so that a reader can tell whose head it found
            beside a socket.

    Raises:
        OSError: it can neither be adopted nor made. A full disk is told here, never by a signal when a
            counter is moved.
    """

    def __init__(self, directory: Path, permissions: Permissions, *, socket: str = "") -> None:
        path = directory / HEAD_NAME
        descriptor, self.adopted = _open(path, permissions)
        try:
            page = mmap.mmap(descriptor, HEAD_SIZE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        finally:
            os.close(descriptor)
        self._page = page
        self._words = memoryview(page).cast("Q")
        name = os.fsencode(socket)
        self._words[SOCKET_NAME_WORD] = 0
        page[SOCKET_NAME_OFFSET : SOCKET_NAME_OFFSET + len(name)] = name
        self._words[SOCKET_NAME_WORD] = len(name)

    @property
    def sequence(self) -> int:
        """How often something was published, from an arbitrary start."""
        return self._words[SEQUENCE]

    @property
    def heartbeat(self) -> int:
        """How often the daemon said that it lives."""
        return self._words[HEARTBEAT]

    def move(self) -> None:
        """Tell readers to look at ``current`` again."""
        self._words[SEQUENCE] = (self._words[SEQUENCE] + 1) & WORDS

    def beat(self) -> None:
        """Tell readers that the daemon lives."""
        self._words[HEARTBEAT] = (self._words[HEARTBEAT] + 1) & WORDS

    def close(self) -> None:
        """Leave the page as it is."""
        self._words.release()
        self._page.close()


def _open(path: Path, permissions: Permissions) -> tuple[int, bool]:
    """A descriptor of the head, its blocks allocated, and whether it was there before."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return _make(path, permissions), False
    except OSError as error:
        _log.warning("the head is replaced", extra={"path": str(path), "why": error.strerror})
        return _make(path, permissions), False
    try:
        why = _unsound(descriptor)
        if not why:
            os.posix_fallocate(descriptor, 0, HEAD_SIZE)
            permissions.give(descriptor, permissions.file)
            return descriptor, True
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    _log.warning("the head is replaced", extra={"path": str(path), "why": why})
    return _make(path, permissions), False


def _unsound(descriptor: int) -> str:
    """What is wrong with a head that was found; empty where it can be adopted."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        return "it is not a file"
    if found.st_uid != os.geteuid():
        return "it belongs to another user"
    if found.st_nlink != 1:
        return "it has other names"
    if found.st_size != HEAD_SIZE:
        return f"it has {found.st_size} bytes"
    page = os.pread(descriptor, HEAD_SIZE, 0)
    if page[MAGIC_OFFSET : MAGIC_OFFSET + len(MAGIC)] != MAGIC:
        return "it does not begin as a head does"
    if memoryview(page).cast("Q")[VERSION_WORD] != VERSION:
        return "it is of another version"
    return ""


def _make(path: Path, permissions: Permissions) -> int:
    """A new head, put there whole. It counts from a random number, so that whoever mapped an older one sees
    that something was published.
    """
    aside = path.with_name(ASIDE)
    aside.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(aside, flags, 0o600)
    try:
        page = bytearray(HEAD_SIZE)
        page[MAGIC_OFFSET : MAGIC_OFFSET + len(MAGIC)] = MAGIC
        words = memoryview(page).cast("Q")
        words[SEQUENCE] = secrets.randbits(48)
        words[VERSION_WORD] = VERSION
        os.posix_fallocate(descriptor, 0, HEAD_SIZE)
        if os.pwrite(descriptor, page, 0) != HEAD_SIZE:
            raise OSError(f"{aside} was not written whole")
        permissions.give(descriptor, permissions.file)
        os.fsync(descriptor)
        aside.rename(path)
    except BaseException:
        os.close(descriptor)
        aside.unlink(missing_ok=True)
        raise
    return descriptor
