"""What the file system says of a file without its content being read."""

from __future__ import annotations

import os
from typing import NamedTuple


class FileState(NamedTuple):
    """A file's state, cheap to take; two that differ mean that something happened to the file.

    The change time is among them, since it alone moves when a file is put back with an older
    modification time, or when only its permissions change.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """Take it out of what ``stat`` answered."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @property
    def identity(self) -> tuple[int, int]:
        """Which file it is: a rename over a path changes it, a write in place does not."""
        return self.device, self.inode
