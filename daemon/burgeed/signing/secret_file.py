"""Files that hold a secret: read only where nobody else can have read them, made so that nobody else can."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from burgeed.durable_file import write_new_durably

LONGEST_SECRET: Final = 4096
"""Bytes of a file that is read; no key in PEM is longer."""

_SHARED = stat.S_IRWXG | stat.S_IRWXO


class SecretFileUnusable(Exception):
    """The file cannot be read or made, or is open to others; the text says which and why."""


def read_secret(path: Path, *, credential: bool = False) -> bytes:
    """A file's first 4096 bytes, not through a symbolic link.

    Args:
        credential: whether systemd put it there: into a directory of the service's own, owned by root.

    Raises:
        SecretFileUnusable: it cannot be read, is no regular file, is not ours, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise SecretFileUnusable(f"the key file {path} cannot be opened ({error.strerror})") from error
    try:
        _check(path, os.fstat(descriptor), credential=credential)
        return os.read(descriptor, LONGEST_SECRET)
    except OSError as error:
        raise SecretFileUnusable(f"the key file {path} cannot be read ({error.strerror})") from error
    finally:
        os.close(descriptor)


def write_new_secret(path: Path, content: bytes) -> bool:
    """Make a file of that content, 0600 and on disk; leave one that is there.

    Returns:
        Whether it was made.

    Raises:
        SecretFileUnusable: it cannot be made.
    """
    try:
        if path.exists() or path.is_symlink():
            return False
        return write_new_durably(path, content)
    except OSError as error:
        raise SecretFileUnusable(f"the key file {path} cannot be made ({error.strerror})") from error


def _check(path: Path, status: os.stat_result, *, credential: bool) -> None:
    """Raise SecretFileUnusable unless the file is one as it has to be."""
    if not stat.S_ISREG(status.st_mode):
        raise SecretFileUnusable(f"the key file {path} is no regular file")
    if status.st_uid not in ((os.geteuid(), 0) if credential else (os.geteuid(),)):
        raise SecretFileUnusable(f"the key file {path} belongs to uid {status.st_uid}, not to this process's")
    if status.st_mode & (stat.S_IRWXO if credential else _SHARED):
        raise SecretFileUnusable(f"the key file {path} is open to others; chmod 600 it, and take a new key")
