"""Directories to watch, and what the states of files tell."""

from __future__ import annotations

import pathlib
import stat
from typing import NamedTuple

from burgeed.file_state import FileState

_SAME_OPERATION_NS = 2_000_000
_MOST_LINKS = 40


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


def named_after_written(path: str, signature: FileState) -> bool:
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
