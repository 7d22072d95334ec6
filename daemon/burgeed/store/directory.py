"""A directory that one daemon has to itself."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from burgeed.private_directory import make_private_directory


class DirectoryUnusable(Exception):
    """The directory cannot be made, written to or locked; the text says which and why."""


class OwnedDirectory:
    """A directory held by a lock file for as long as the process lives, or until :meth:`release`.

    Raises:
        DirectoryUnusable: another daemon holds it, or the file system refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            make_private_directory(path)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._lock = os.open(path / "burgee.lock", flags, 0o600)
        except OSError as error:
            raise DirectoryUnusable(f"{path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise DirectoryUnusable(f"{path} is in use by another daemon") from error

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is no such file. Raises OSError."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Replace a file so that a crash leaves the old content or the new one. Raises OSError."""
        aside = self.path / f"{name}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(aside, flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self.path / name)
        self._sync_entries()

    def release(self) -> None:
        """Let another daemon have it. The lock file stays: without it two daemons could hold two files."""
        os.close(self._lock)

    def _sync_entries(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
