"""Snapshots as files: written once, named by their generation, the newest of them under ``current``."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from burgee.generation import Generation
from burgee.wire.head import CURRENT, SNAPSHOT_SUFFIX, SNAPSHOTS_DIRECTORY
from burgeed.store.directory import DirectoryUnusable, OwnedDirectory
from burgeed.store.permissions import Permissions

KEPT = 4
"""Files; whoever looked at ``current`` just now finds what it led to."""

ASIDE_SUFFIX = ".new"
"""Of what is not whole yet, or not named yet; a daemon that was killed may leave one behind."""


class SnapshotFiles:
    """The directory ``snapshots`` of one runtime directory, which this process has to itself.

    A file is never written to again once it has its name, nor cut: processes have it mapped. Every method
    may take as long as the disk does, and none may run beside another.

    Raises:
        DirectoryUnusable: it cannot be made, is another daemon's, or could be tampered with.
    """

    def __init__(self, runtime_directory: Path, permissions: Permissions) -> None:
        self.path = runtime_directory / SNAPSHOTS_DIRECTORY
        self._permissions = permissions
        self._descriptor, self._owned = self._take()

    def write(self, generation: Generation, data: bytes) -> Path:
        """Write a snapshot and lead ``current`` to it; a crash leaves the old one current, or the new one.
        A directory that somebody has removed is made anew.

        Returns:
            The file's path.

        Raises:
            OSError: it could not be written. What was current still is, unless only the tidying failed.
            DirectoryUnusable: it has been removed, and cannot be made anew.
        """
        if not self._is_in_place():
            taken = self._take()
            self.close()
            self._descriptor, self._owned = taken
        name = f"{generation}{SNAPSHOT_SUFFIX}"
        self._write_file(name, data)
        self._lead_to(name)
        self._prune(name)
        return self.path / name

    def has_current(self) -> bool:
        """Whether readers find a snapshot, which nobody but this process should have removed."""
        return self._is_in_place() and (self.path / CURRENT).exists()

    def withdraw(self) -> None:
        """Let nothing be current. Raises OSError."""
        (self.path / CURRENT).unlink(missing_ok=True)
        os.fsync(self._descriptor)

    def forget_older(self) -> None:
        """Remove all snapshots but the current one; who has one mapped keeps it. Raises OSError."""
        _forget_older(self.path)
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Let another daemon have the directory; its files stay."""
        self._owned.release()
        os.close(self._descriptor)

    def _take(self) -> tuple[int, OwnedDirectory]:
        """The directory's descriptor, and that it is this process's; made where it is missing. Raises
        DirectoryUnusable.
        """
        try:
            self._permissions.make_directory(self.path)
            descriptor = _open_own(self.path)
        except OSError as error:
            raise DirectoryUnusable(f"{self.path} cannot be used: {error.strerror}") from error
        try:
            owned = OwnedDirectory(self.path)
        except BaseException:
            os.close(descriptor)
            raise
        try:
            self._permissions.give(descriptor, self._permissions.directory)
            self._tidy()
        except OSError as error:
            owned.release()
            os.close(descriptor)
            raise DirectoryUnusable(f"{self.path} cannot be used: {error.strerror}") from error
        return descriptor, owned

    def _is_in_place(self) -> bool:
        """Whether the directory that this process holds is the one at the path."""
        try:
            return os.path.samestat(os.lstat(self.path), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def _write_file(self, name: str, data: bytes) -> None:
        path = self.path / name
        aside = path.with_name(name + ASIDE_SUFFIX)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            aside.unlink(missing_ok=True)
            with os.fdopen(os.open(aside, flags, 0o600), "wb", buffering=0) as file:
                unwritten = memoryview(data)
                while unwritten:
                    unwritten = unwritten[file.write(unwritten) :]
                self._permissions.give(file.fileno(), self._permissions.file)
                os.fsync(file.fileno())
            aside.rename(path)
        except BaseException:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        os.fsync(self._descriptor)

    def _lead_to(self, name: str) -> None:
        aside = self.path / (CURRENT + ASIDE_SUFFIX)
        aside.unlink(missing_ok=True)
        aside.symlink_to(name)
        aside.rename(self.path / CURRENT)
        os.fsync(self._descriptor)

    def _prune(self, newest: str) -> None:
        """Remove all but the newest files; one that cannot be removed harms nobody."""
        older = [path for path in self.path.glob(f"*{SNAPSHOT_SUFFIX}") if path.name != newest]
        with suppress(OSError):
            older.sort(key=lambda path: path.lstat().st_mtime_ns, reverse=True)
            for path in older[KEPT - 1 :]:
                path.unlink(missing_ok=True)

    def _tidy(self) -> None:
        """Remove what a killed daemon left half done, a ``current`` that leads nowhere, and earlier files."""
        for path in self.path.glob(f"*{ASIDE_SUFFIX}"):
            path.unlink()
        current = self.path / CURRENT
        if current.is_symlink() and not current.exists():
            current.unlink()
        _forget_older(self.path)


def forget_left_files(runtime_directory: Path) -> bool:
    """Remove what an ended daemon left of earlier snapshots; the current one serves its readers still.

    Returns:
        Whether it was done: a daemon that runs has the directory to itself.

    Raises:
        OSError: a file cannot be removed.
    """
    path = runtime_directory / SNAPSHOTS_DIRECTORY
    if not path.is_dir():
        return True
    try:
        owned = OwnedDirectory(path)
    except DirectoryUnusable:
        return False
    try:
        _forget_older(path)
    finally:
        owned.release()
    return True


def _forget_older(path: Path) -> None:
    current = path / CURRENT
    newest = current.readlink().name if current.is_symlink() else ""
    for each in path.glob(f"*{SNAPSHOT_SUFFIX}"):
        if each.name != newest:
            each.unlink(missing_ok=True)


def _open_own(path: Path) -> int:
    """Open a directory of this user. Raises OSError, or DirectoryUnusable where others could replace its
    files.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    above = path.parent.stat()
    why = ""
    if found.st_uid != os.geteuid():
        why = f"{path} belongs to another user"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        why = f"{path} can be written to by others (mode {stat.S_IMODE(found.st_mode):04o})"
    elif above.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not above.st_mode & stat.S_ISVTX:
        why = f"{path.parent} can be written to by others (mode {stat.S_IMODE(above.st_mode):04o})"
    if why:
        os.close(descriptor)
        raise DirectoryUnusable(why)
    return descriptor
