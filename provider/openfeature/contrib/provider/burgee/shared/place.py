"""Where a daemon shares its files, and which files there are to be believed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from burgee.wire.head import CURRENT, HEAD_NAME, SNAPSHOTS_DIRECTORY

from ..address import Address, UnixAddress


class Refused(Exception):
    """A shared file is not used; the message names it and says why.

    Attributes:
        fault: ``absent``, ``access``, ``kind``, ``owner``, ``mode``, ``size``, ``socket``, ``file system``,
            or what :class:`burgee.errors.SnapshotError` calls it.
    """

    def __init__(self, path: Path, fault: str, why: str) -> None:
        self.path = path
        self.fault = fault
        super().__init__(f"{path} {why}")


class SharedPlace:
    """A daemon's runtime directory.

    Attributes:
        directory: where its head and its snapshots are.
        socket: the daemon's socket; None where nobody knows one.
        head: the head's path.
        current: the path of the newest snapshot.
    """

    def __init__(self, directory: Path, socket: Path | None = None) -> None:
        self.directory = directory
        self.socket = socket
        self.head = directory / HEAD_NAME
        self.current = directory / SNAPSHOTS_DIRECTORY / CURRENT

    def owner(self) -> int:
        """The user whose files are believed: the socket's owner, without a socket the directory's.

        It is the file's owner, not the peer's uid: evaluating here connects to nobody, and who can put a
        socket there is believed over it as well.

        Raises:
            Refused: there is not even a directory.
        """
        for path in (self.socket, self.directory):
            try:
                if path is not None:
                    return path.stat().st_uid
            except OSError:
                continue
        raise Refused(self.directory, "absent", "does not exist")


def shared_places(addresses: Iterable[Address], runtime_dir: str | None) -> tuple[SharedPlace, ...]:
    """Where the daemons at these addresses share their files, in the same order.

    Args:
        addresses: where the daemon may be.
        runtime_dir: where it is known to share them; None is beside its socket.
    """
    sockets = [Path(address.path) for address in addresses if isinstance(address, UnixAddress)]
    if runtime_dir is not None:
        return (SharedPlace(Path(runtime_dir), sockets[0] if len(sockets) == 1 else None),)
    return tuple(SharedPlace(socket.parent, socket) for socket in sockets)


def open_trusted(path: Path, owner: int) -> tuple[int, os.stat_result]:
    """Open a file that only ``owner`` can have written; links are followed, and what they lead to is judged.

    Returns:
        A descriptor, for the caller to close, and what it is.

    Raises:
        Refused: it is not there, no file, another user's, or others may write to it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except FileNotFoundError:
        raise Refused(path, "absent", "does not exist") from None
    except OSError as error:
        raise Refused(path, "access", f"cannot be opened: {error.strerror or error}") from None
    found = os.fstat(descriptor)
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        fault, why = "kind", "is no regular file"
    elif found.st_uid != owner:
        fault, why = "owner", f"belongs to user {found.st_uid}, the daemon is user {owner}"
    elif mode & (stat.S_IWGRP | stat.S_IWOTH):
        fault, why = "mode", f"can be written to by others than its owner (mode {mode:04o})"
    else:
        return descriptor, found
    os.close(descriptor)
    raise Refused(path, fault, why)
