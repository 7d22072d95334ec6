"""Files that are there whole or not at all, also after a cut of the power."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = 0o600
"""Permissions of a file that only its owner reads."""

SHARED = 0o666
"""Permissions of a file that is nobody's secret: the umask says who reads it."""


def write_durably(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Put a file in place, whatever is there; it is on disk when this returns.

    Args:
        mode: its permissions, less those that the process's umask takes away.

    Raises:
        OSError: what was there before is there still.
    """
    with _written_aside(path, content, mode) as aside:
        aside.replace(path)
    sync_directory(path.parent)


def write_new_durably(path: Path, content: bytes) -> bool:
    """Put a file in place that only its owner reads; False where there is one already. Raises OSError."""
    with _written_aside(path, content, PRIVATE) as aside:
        try:
            # Linked, not renamed: another process that made one meanwhile wins.
            os.link(aside, path)
        except FileExistsError:
            return False
    sync_directory(path.parent)
    return True


def sync_directory(path: Path) -> None:
    """Make sure that what was named in a directory has its name after a power cut. Raises OSError."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def _written_aside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """The content, synced, in a file of another name that is gone afterwards, if it is not in place."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)
