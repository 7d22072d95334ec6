"""Whether a file lies on a file system of this machine's own, where mapping it shows what others write."""

from __future__ import annotations

from typing import Final

LOCAL: Final = frozenset(
    (
        "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay",
        "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "xfs", "zfs",
    )
)  # fmt: skip
"""Types as ``/proc/self/mountinfo`` names them. One that is not among them counts as remote."""


class FileSystems:
    """Tells the type of the file system of an open file, by its mount (proc(5): fdinfo and mountinfo).

    Args:
        process: the directory of the kernel that describes this process.
    """

    def __init__(self, process: str = "/proc/self") -> None:
        self._process = process
        self._known: dict[bytes, str] = {}

    def is_local(self, descriptor: int) -> bool:
        """Whether the file may be mapped; False also where nobody can tell."""
        return self.type_of(descriptor) in LOCAL

    def type_of(self, descriptor: int) -> str:
        """The type of an open file's file system; empty where nobody can tell."""
        try:
            mount = self._mount_of(descriptor)
            if mount not in self._known:
                self._known = self._mounts()
        except OSError:
            return ""
        return self._known.get(mount, "")

    def _mount_of(self, descriptor: int) -> bytes:
        with open(f"{self._process}/fdinfo/{descriptor}", "rb") as lines:  # noqa: PTH123 - a Path costs as much again
            for line in lines:
                name, _, value = line.partition(b":")
                if name == b"mnt_id":
                    return value.strip()
        return b""

    def _mounts(self) -> dict[bytes, str]:
        mounts = {}
        with open(f"{self._process}/mountinfo", "rb") as lines:  # noqa: PTH123 - as above
            for line in lines:
                before, _, after = line.partition(b" - ")
                mounts[before.split(b" ", 1)[0]] = after.split(b" ", 1)[0].decode("ascii", "replace")
        return mounts
