"""Who may read what the daemon shares: whoever may connect to its socket."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from burgeed.private_directory import make_private_directory

OTHERS = 0o022
"""The bits that let group and others write; on a socket, connect."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """Permission bits, and the group they are for.

    Attributes:
        file: bits of a file that is read.
        directory: bits of a directory that such files are found in.
        group: number of the group that is to own both; None leaves it as made.
    """

    file: int = 0o600
    directory: int = 0o700
    group: int | None = None

    @classmethod
    def of_socket(cls, mode: int, group: int | None) -> Permissions:
        """Reading for whoever a socket of this mode and group lets connect."""
        write = mode & OTHERS
        return cls(0o600 | write << 1, 0o700 | write << 1 | write >> 1, group)

    def give(self, descriptor: int, mode: int) -> None:
        """Give an open file or directory the group and these bits, whatever the umask. Raises OSError."""
        found = os.fstat(descriptor)
        if self.group is not None and found.st_gid != self.group:
            os.fchown(descriptor, -1, self.group)
        # A directory that hands its group on goes on doing so.
        os.fchmod(descriptor, mode | found.st_mode & stat.S_ISGID)

    def make_directory(self, path: Path) -> None:
        """Make a directory, its parents for the owner alone; one that is there is left as it is. Raises
        OSError.
        """
        make_private_directory(path.parent)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            self.give(descriptor, self.directory)
        finally:
            os.close(descriptor)
