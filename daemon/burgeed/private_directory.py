"""Directories in which nobody else can put one thing in another's place."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def make_private_directory(path: Path) -> None:
    """Make a directory for its owner alone where it is missing, and what leads to it so that nobody else can
    write there, whatever the umask. One that is there is left as it is. Raises OSError.
    """
    missing = [each for each in path.parents if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o755, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)


class Exposed(Exception):
    """The directory is not safe; the text goes on after its path: why, and what to do."""


def open_private_directory(path: Path, what: str) -> int:
    """Open a directory that is there, not through a symbolic link, if nobody else can write to it.

    Args:
        what: what somebody else could replace there, for the error's text.

    Returns:
        Its descriptor.

    Raises:
        Exposed: it is a symbolic link, another user's, or others can write to it and it is not sticky.
        OSError: it cannot be opened.
    """
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise Exposed("is a symbolic link: name its target") from error
        raise
    found = os.fstat(directory)
    why = ""
    if found.st_uid not in (0, os.geteuid()):
        why = "belongs to another user"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX:
        why = f"can be written to by others (mode {stat.S_IMODE(found.st_mode):04o})"
    if why:
        os.close(directory)
        raise Exposed(f"{why}, who could replace {what}: choose another, or make it 0700")
    return directory
