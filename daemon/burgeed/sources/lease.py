"""Asks the kernel whether a file is open for writing.

A read lease is granted only while nobody has the file open for writing. It needs the file's owner (or
CAP_LEASE), and it knows the writers on this machine only: on a network file system, or one that
another kernel writes to, it would answer "nobody" in good faith and wrongly, so there it is not asked.
"""

from __future__ import annotations

import enum
import errno
import fcntl
import pathlib
import signal

_LOCAL_FILE_SYSTEMS = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "ramfs", "tmpfs", "xfs", "zfs"}
)


class Writer(enum.Enum):
    """Whether somebody has a file open for writing."""

    NONE = "none"
    OPEN = "open"
    UNKNOWN = "unknown"


def writer_of(descriptor: int) -> Writer:
    """Tell whether the file behind ``descriptor`` (opened for reading) is open for writing anywhere.

    The lease is given back at once, within microseconds: whoever opens the file for writing meanwhile
    waits that long.
    """
    if not _is_local(descriptor):
        return Writer.UNKNOWN
    try:
        # A lease that is broken sends SIGIO, which ends a process. Giving a lease back forgets the
        # signal chosen instead, so it is chosen each time: SIGURG, which is ignored unless handled.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as refusal:
        return Writer.OPEN if refusal.errno == errno.EAGAIN else Writer.UNKNOWN
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return Writer.NONE


def _is_local(descriptor: int) -> bool:
    try:
        mount = _field(pathlib.Path(f"/proc/self/fdinfo/{descriptor}").read_text(), "mnt_id:")
        for line in pathlib.Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
            if line.split(" ", 1)[0] == mount:
                return line.partition(" - ")[2].split(" ", 1)[0] in _LOCAL_FILE_SYSTEMS
    except OSError:
        return False
    return False


def _field(text: str, name: str) -> str:
    for line in text.splitlines():
        if line.startswith(name):
            return line.removeprefix(name).strip()
    return ""
