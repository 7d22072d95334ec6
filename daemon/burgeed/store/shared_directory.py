"""What the daemon shares with the processes of its machine: snapshot files, and the head beside them."""

from __future__ import annotations

from pathlib import Path

from burgeed.store.directory import DirectoryUnusable
from burgeed.store.head import Head
from burgeed.store.permissions import Permissions
from burgeed.store.snapshot_files import SnapshotFiles


class SharedDirectory:
    """A runtime directory that this daemon alone shares snapshots in.

    Attributes:
        path: of the directory.
        files: the snapshots.
        head: the counters.

    Args:
        socket: the name of the daemon's socket, see :class:`burgeed.store.head.Head`.

    Raises:
        DirectoryUnusable: another daemon shares its own there, or the file system refuses.
    """

    def __init__(self, path: Path, permissions: Permissions, *, socket: str = "") -> None:
        self.path = path
        self.files = SnapshotFiles(path, permissions)
        try:
            self.head = Head(path, permissions, socket=socket)
        except OSError as error:
            self.files.close()
            raise DirectoryUnusable(
                f"the head in {path} cannot be made: {error.strerror or error}"
            ) from error

    def close(self) -> None:
        """Let another daemon have the directory. What is there stays as it is, for whoever reads on."""
        self.head.close()
        self.files.close()
