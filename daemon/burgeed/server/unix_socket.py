"""One Unix socket, one owner.

A lock file beside the socket, held for life, decides who owns the path. The socket is bound under another
name in the same directory, given its final mode while nobody knows it, set to listen, and renamed into place:
at no moment does the path refuse clients that it should take, or take some that it should refuse.
"""

from __future__ import annotations

import errno
import fcntl
import grp
import os
import secrets
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from burgeed.private_directory import Exposed, make_private_directory, open_private_directory

LONGEST_PATH = 107
"""Bytes that Linux takes in the address of a Unix socket, without the closing NUL."""

BACKLOG = 512


class ListenError(Exception):
    """An address cannot be listened on; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """Where to make a Unix socket.

    Attributes:
        path: its final path.
        mode: its permission bits.
        group: group name or number; None leaves it as made.
    """

    path: Path
    mode: int = 0o600
    group: str | None = None


class OwnedUnixSocket:
    """A listening socket at a path that this process owns until :meth:`release`.

    Raises:
        ListenError: the path is another daemon's, is too long, holds something that is not a socket, or lies
            in a directory where others could put something in its place.
    """

    def __init__(self, address: UnixAddress) -> None:
        path = Path.cwd() / address.path
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise ListenError(
                f"the socket's path is over {LONGEST_PATH} bytes: {path}; choose a shorter one with --socket"
            )
        group = group_number(address.group)
        self.path = path
        try:
            self._directory = _open_directory(path.parent)
        except OSError as error:
            raise ListenError(
                f"the socket's directory {path.parent} cannot be used: {error.strerror}"
            ) from error
        try:
            self._lock = self._take_lock()
            try:
                self._refuse_occupied()
                self.socket = self._bind(address.mode, group)
            except BaseException:
                os.close(self._lock)
                raise
        except OSError as error:
            os.close(self._directory)
            raise ListenError(f"{path} cannot be made: {error.strerror or error}") from error
        except BaseException:
            os.close(self._directory)
            raise
        found = os.stat(path.name, dir_fd=self._directory, follow_symlinks=False)
        self._identity = (found.st_dev, found.st_ino)

    def release(self) -> None:
        """Remove the socket if the path still is ours, then let another daemon have it. The lock file stays:
        removing it would let two daemons lock two files."""
        self.socket.close()
        try:
            found = os.stat(self.path.name, dir_fd=self._directory, follow_symlinks=False)
            if (found.st_dev, found.st_ino) == self._identity:
                os.unlink(self.path.name, dir_fd=self._directory)
        except FileNotFoundError:
            pass
        finally:
            os.close(self._lock)
            os.close(self._directory)

    def _take_lock(self) -> int:
        name = f"{self.path.name}.lock"
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            lock = os.open(name, flags, 0o600, dir_fd=self._directory)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise ListenError(f"{self.path}.lock is a symbolic link: remove it") from error
            raise
        try:
            found = os.fstat(lock)
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in (0, os.geteuid()):
                raise ListenError(f"{self.path}.lock is not a file of this user: remove it")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
        except BlockingIOError as error:
            holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(lock)
            raise ListenError(
                f"{self.path} is served by another daemon, process {holder}, which holds {self.path}.lock: "
                "stop it, or choose another path with --socket"
            ) from error
        except BaseException:
            os.close(lock)
            raise
        return lock

    def _refuse_occupied(self) -> None:
        """Let only a socket that nobody serves be replaced: one may be served by something that knows no
        lock.
        """
        try:
            found = os.stat(self.path.name, dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise ListenError(f"{self.path} exists and is not a socket: remove it, or choose another path")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            try:
                probe.connect(self._through_directory(self.path.name))
            except (ConnectionRefusedError, FileNotFoundError):
                return
            except OSError:
                pass
        raise ListenError(
            f"{self.path} is served by another process: stop it, or choose another path with --socket"
        )

    def _bind(self, mode: int, group: int | None) -> socket.socket:
        aside = f".{secrets.token_hex(8)}.sock"
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # The mode of the unbound socket is that of the file that bind makes, less the umask.
            os.fchmod(bound.fileno(), 0o600)
            bound.bind(self._through_directory(aside))
            try:
                if group is not None:
                    os.chown(aside, -1, group, dir_fd=self._directory, follow_symlinks=False)
                os.chmod(aside, mode, dir_fd=self._directory)
                bound.listen(BACKLOG)
                bound.setblocking(False)
                os.rename(aside, self.path.name, src_dir_fd=self._directory, dst_dir_fd=self._directory)
            except BaseException:
                os.unlink(aside, dir_fd=self._directory)
                raise
        except BaseException:
            bound.close()
            raise
        return bound

    def _through_directory(self, name: str) -> str:
        """An address for a name in the directory that was checked, whatever its path is by now, and always
        short.
        """
        return f"/proc/self/fd/{self._directory}/{name}"


def _open_directory(path: Path) -> int:
    """Open the socket's directory, made for its owner alone where it is missing, if nobody else can write to
    it.
    """
    make_private_directory(path)
    try:
        return open_private_directory(path, "it")
    except Exposed as exposed:
        raise ListenError(f"the socket's directory {path} {exposed}") from exposed


def group_number(group: str | None) -> int | None:
    """The number of a group that is given by name or number. Raises ListenError where there is none."""
    if group is None:
        return None
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ListenError(f"there is no group {group!r} to give the socket to") from None
