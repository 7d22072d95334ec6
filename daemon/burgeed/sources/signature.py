"""What the file system says of a file without its content being read."""

from __future__ import annotations

import os
import pathlib
import stat
from typing import NamedTuple

_SAME_OPERATION_NS = 2_000_000
_MOST_LINKS = 40


class Signature(NamedTuple):
    """A file's state, cheap to take; two that differ mean that something happened to the file.

    The change time is among them, since it alone moves when a file is put back with an older
    modification time, or when only its permissions change.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Signature:
        """Take the signature out of what ``stat`` answered."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @property
    def identity(self) -> tuple[int, int]:
        """Which file it is: a rename over a path changes it, a write in place does not."""
        return self.device, self.inode


class Directory(NamedTuple):
    """A directory to watch, and which one it was: a watch follows the directory, not the path."""

    path: str
    device: int
    inode: int


def directories(paths: list[str]) -> frozenset[Directory]:
    """Return those of ``paths`` that are directories now."""
    found = set()
    for path in paths:
        try:
            status = pathlib.Path(path).stat()
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode):
            found.add(Directory(path, status.st_dev, status.st_ino))
    return frozenset(found)


def named_after_written(path: str, signature: Signature) -> bool:
    """Tell whether the path came to lead to its file after the file's last byte was written.

    That is what a rename and a swapped symbolic link leave behind; a file that is being written where
    it stands has its last write as its last change. False where both
    happened within one tick of the file system's clock.
    """
    try:
        if _newest_link_ns(path) > signature.changed_ns:
            return True
        parent = pathlib.Path(path).resolve().parent.stat()
    except (OSError, RuntimeError):  # the latter for a loop of links
        return False
    renamed_now = abs(parent.st_mtime_ns - signature.changed_ns) <= _SAME_OPERATION_NS
    return signature.modified_ns < signature.changed_ns and renamed_now


def _newest_link_ns(path: str) -> int:
    """Return the newest change time of the symbolic links that are followed on the way to ``path``."""
    newest = links = 0
    reached = pathlib.Path("/")
    steps = list(reversed(pathlib.Path(path).absolute().parts[1:]))
    while steps:
        step = steps.pop()
        if step == "..":
            reached = reached.parent
            continue
        candidate = reached / step
        status = candidate.lstat()
        if not stat.S_ISLNK(status.st_mode):
            reached = candidate
            continue
        links += 1
        if links > _MOST_LINKS:
            return 0
        newest = max(newest, status.st_ctime_ns)
        target = candidate.readlink()
        steps.extend(reversed(target.parts[1:] if target.is_absolute() else target.parts))
        if target.is_absolute():
            reached = pathlib.Path("/")
    return newest
