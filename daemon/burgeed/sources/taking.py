"""Takes a file's content in one go, without ever waiting for anything but the disk."""

from __future__ import annotations

import errno
import os
import pathlib
import stat
from typing import NamedTuple

from burgeed.file_state import FileState
from burgeed.sources.lease import Writer, writer_of

_CHUNK = 1 << 20
_NATURES = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Taken(NamedTuple):
    """A file's content at one moment.

    Attributes:
        signature: as it was before the content was taken.
        writer: whether somebody had the file open for writing before or after; OPEN also where the
            file was seen to change meanwhile.
    """

    signature: FileState
    content: bytes
    writer: Writer


class Busy(Exception):
    """Another program keeps the file from being opened right now."""


class Unreadable(Exception):
    """Something is there, but it cannot be taken.

    Args:
        reason: what is wrong with it, without its name.
        remedy: what to do about it; may be empty.
    """

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def signature_of(path: str) -> FileState | None:
    """Return the signature of the file that ``path`` leads to, None if it leads to none.

    Raises:
        Unreadable: there is something other than a regular file, or it must not be looked at.
    """
    try:
        status = pathlib.Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(error) from error
    _require_regular(status)
    return FileState.of(status)


def take(path: str, limit: int) -> Taken | None:
    """Take a file's content.

    Args:
        path: a regular file; symbolic links are followed.
        limit: the most bytes that are taken.

    Returns:
        None if there is no such file.

    Raises:
        Busy: try again soon.
        Unreadable: it is not a regular file, too large, or it must not be read.
    """
    # A pipe or a device must not even be opened: that can wait, or do something.
    if signature_of(path) is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except BlockingIOError as error:
        raise Busy from error
    except OSError as error:
        raise _unreadable(error) from error
    try:
        return _take(descriptor, limit)
    except OSError as error:
        raise _unreadable(error) from error
    finally:
        os.close(descriptor)


def _take(descriptor: int, limit: int) -> Taken:
    status = os.fstat(descriptor)
    _require_regular(status)
    signature = FileState.of(status)
    before = writer_of(descriptor)
    content = _content(descriptor, limit)
    after = writer_of(descriptor)
    if Writer.OPEN in (before, after) or FileState.of(os.fstat(descriptor)) != signature:
        writer = Writer.OPEN
    else:
        writer = after if before is Writer.NONE else Writer.UNKNOWN
    return Taken(signature, content, writer)


def _content(descriptor: int, limit: int) -> bytes:
    chunks = []
    size = 0
    while chunk := os.read(descriptor, _CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise Unreadable(f"larger than {limit} bytes", "split it over several sources")
    return b"".join(chunks)


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        nature = _NATURES.get(stat.S_IFMT(status.st_mode), "something else")
        raise Unreadable(f"not a file but {nature}", "put a regular file in its place")


def _unreadable(error: OSError) -> Unreadable:
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unreadable("permission denied", "let the daemon's user read it and enter its directories")
    return Unreadable(f"cannot be read: {error.strerror or error}")
