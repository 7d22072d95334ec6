"""The file of an SQLite database: made for its owner alone, where nobody else could put another one."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

from burgeed.database.errors import DatabaseInUse, DatabaseUnavailable, DatabaseUnusable
from burgeed.private_directory import Exposed, open_private_directory


class OwnedFile:
    """A database's file, which one daemon has to itself until :meth:`release`.

    The file itself is opened here only to make it: closing a descriptor of it would drop the locks that
    SQLite holds in this process (https://www.sqlite.org/howtocorrupt.html, 2.2). A lock file beside it
    decides who has it; that stays, since removing it would let two daemons lock two files.

    Raises:
        DatabaseInUse: another daemon has it.
        DatabaseUnusable: it is not a file of this user's, or others could replace it.
        DatabaseUnavailable: there is no room to make it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path = Path.cwd() / path
        try:
            directory = _open_directory(path.parent)
            try:
                self._lock = _take_lock(path, directory)
                try:
                    self._identity = _make(path, directory)
                except BaseException:
                    os.close(self._lock)
                    raise
            finally:
                os.close(directory)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DatabaseUnavailable("full", f"there is no room to make {path}") from error
            raise DatabaseUnusable(f"{path} cannot be made: {error.strerror}") from error

    def check(self) -> None:
        """Raise DatabaseUnusable if the path leads to another file by now: what is written would be lost."""
        try:
            found = self.path.lstat()
        except OSError as error:
            raise DatabaseUnusable(
                f"{self.path} is gone while it is in use ({error.strerror}): put it back, or restart "
                "the daemon"
            ) from error
        if (found.st_dev, found.st_ino) != self._identity:
            raise DatabaseUnusable(f"{self.path} was replaced while it is in use: restart the daemon")

    def release(self) -> None:
        """Let another daemon have it."""
        os.close(self._lock)

    def has_no_room(self) -> bool:
        """Whether its file system is full, as far as it says."""
        try:
            found = os.statvfs(self.path.parent)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < 64 * 1024


def _make_directory(path: Path) -> None:
    """Make it where it is missing, and see that a power cut does not undo that."""
    if path.is_dir():
        return
    _make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _open_directory(path: Path) -> int:
    _make_directory(path)
    try:
        return open_private_directory(path, "the database")
    except Exposed as exposed:
        raise DatabaseUnusable(f"the directory {path} {exposed}") from exposed


def _take_lock(path: Path, directory: int) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        lock = os.open(f"{path.name}.lock", flags, 0o600, dir_fd=directory)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DatabaseUnusable(f"{path}.lock is a symbolic link: remove it") from error
        raise
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise DatabaseInUse(
            f"{path} is in use by another daemon, which holds {path}.lock: stop it, or name another file"
        ) from error
    except BaseException:
        os.close(lock)
        raise
    return lock


def _make(path: Path, directory: int) -> tuple[int, int]:
    """Make the file where there is none, and give its identity."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        os.close(os.open(path.name, flags, 0o600, dir_fd=directory))
        os.fsync(directory)
    except FileExistsError:
        pass
    found = os.stat(path.name, dir_fd=directory, follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        raise DatabaseUnusable(f"{path} is a symbolic link: name its target")
    if not stat.S_ISREG(found.st_mode):
        raise DatabaseUnusable(f"{path} is not a file: name another")
    if found.st_uid not in (0, os.geteuid()):
        raise DatabaseUnusable(f"{path} belongs to another user: give it to the daemon's, or name another")
    if found.st_mode & 0o077:
        raise DatabaseUnusable(
            f"{path} is open to others (mode {stat.S_IMODE(found.st_mode):04o}): chmod 600 {path}"
        )
    return found.st_dev, found.st_ino
