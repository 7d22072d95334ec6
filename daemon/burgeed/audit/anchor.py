"""Anchors: places outside the database where checkpoints go, so that a shortened or rewritten log shows.

An anchor is worth what separates it from whoever could rewrite the log: another disk, machine or owner.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import socket
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from burgeed.audit.errors import AnchorFailed, AuditError
from burgeed.durable_file import sync_directory

SYSLOG_SOCKET = Path("/dev/log")

_AUTHPRIV_NOTICE = 10 * 8 + 5
"""RFC 5424 section 6.2.1: facility 10 (security, private), severity 5."""
_SYSLOG_LINE = re.compile(r"burgee-audit: checkpoint \d+ ([A-Za-z0-9+/=]{40,8000})")
# At a line's start alone: in one long line the search would begin anew at each repetition of the first word.
_NOTE = re.compile(r"^burgee-audit/[^\n]*\n(?:[^\n]+\n){1,16}\n(?:\u2014 [^\n]*\n){1,16}", re.MULTILINE)
_LONGEST_FILE = 1 << 30
_LATEST = 1 << 20


class Anchor(Protocol):
    """One place."""

    @property
    def uri(self) -> str:
        """As it was configured."""
        ...

    def put(self, note: str, size: int) -> None:
        """Hand over a signed checkpoint of so many entries; returns when it is kept. Blocks.

        Raises:
            AnchorFailed: it is not kept, as far as is known.
        """
        ...


class FileAnchor:
    """A file that is only ever appended to, best on a disk that this machine's root cannot rewrite.

    Args:
        path: made 0600 where there is none; never followed where it is a symbolic link. For one log alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def uri(self) -> str:
        """See Anchor."""
        return f"file:{self.path}"

    def put(self, note: str, size: int) -> None:
        """See Anchor: the file is synced."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise AnchorFailed(f"{self.path} cannot be opened ({error.strerror})") from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise AnchorFailed(f"{self.path} is no regular file")
            # What a crash cut short must not take the next one with it.
            is_torn = status.st_size > 0 and os.pread(descriptor, 1, status.st_size - 1) != b"\n"
            left = memoryview((b"\n\n" if is_torn else b"") + note.encode() + b"\n")
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
            if status.st_size == 0:
                sync_directory(self.path.parent)
        except OSError as error:
            raise AnchorFailed(f"{self.path} cannot be written ({error.strerror})") from error
        finally:
            os.close(descriptor)


class SyslogAnchor:
    """The machine's syslog, which may forward it to where this machine cannot take it back.

    Args:
        path: of syslog's socket.
    """

    def __init__(self, path: Path = SYSLOG_SOCKET) -> None:
        self._path = path

    @property
    def uri(self) -> str:
        """See Anchor."""
        return "syslog:"

    def put(self, note: str, size: int) -> None:
        """See Anchor: syslog has taken it; whether it is kept is syslog's own matter."""
        encoded = base64.b64encode(note.encode()).decode("ascii")
        line = f"<{_AUTHPRIV_NOTICE}>burgee-audit: checkpoint {size} {encoded}"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
                to.settimeout(5.0)
                to.connect(str(self._path))
                to.send(line.encode())
        except OSError as error:
            raise AnchorFailed(
                f"syslog at {self._path} does not take it ({error.strerror or error})"
            ) from error


def anchor_of(uri: str) -> Anchor:
    """An anchor by its URI: ``file:PATH`` or ``syslog:``. Raises ValueError for any other."""
    if uri == "syslog:":
        return SyslogAnchor()
    if uri.startswith("file:") and uri != "file:":
        return FileAnchor(Path(uri.removeprefix("file:").removeprefix("//")))
    raise ValueError(f"{uri!r} is no anchor; write file:PATH or syslog:")


def file_anchors(anchors: Iterable[Anchor]) -> list[Path]:
    """The files of those that are files: what can be read back here."""
    return [anchor.path for anchor in anchors if isinstance(anchor, FileAnchor)]


def read_latest_anchored(path: Path) -> Iterator[str]:
    """The notes of the last mebibyte of an anchor's file, some three thousand; none where there is no file.

    Raises:
        AuditError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - _LATEST))
            text = file.read(_LATEST).decode("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise AuditError(f"the anchor {path} cannot be read ({error.strerror})") from error
    yield from _NOTE.findall(text)


def read_anchored(path: Path) -> Iterator[str]:
    """The notes of an anchor's file, or of a copy of syslog's lines, in order; other text is passed over.

    Raises:
        AuditError: it cannot be read, or holds nothing of the kind.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_FILE).decode("utf-8", "replace")
    except OSError as error:
        raise AuditError(f"the anchor {path} cannot be read ({error.strerror})") from error
    found = 0
    for note in _NOTE.findall(text):
        yield note
        found += 1
    for encoded in _SYSLOG_LINE.findall(text):
        try:
            yield base64.b64decode(encoded, validate=True).decode()
            found += 1
        except (ValueError, binascii.Error):
            continue
    if not found:
        raise AuditError(f"the anchor {path} holds no checkpoint")
