"""The checkpoint that a daemon made last, in its state directory: apart from the database it tells of."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from burgeed.audit.checkpoint import LONGEST_NOTE
from burgeed.audit.errors import AuditError

_PASSWORD = re.compile(r"(?<=//)([^/@:]*):[^/@]*(?=@)")


class RememberedCheckpoint:
    """One file, replaced as a whole.

    Args:
        path: in a directory that is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str | None:
        """The note; None where none was ever kept. Raises AuditError where it cannot be read."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AuditError(f"{self.path} cannot be opened ({error.strerror})") from error
        try:
            return os.read(descriptor, LONGEST_NOTE).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise AuditError(f"{self.path} cannot be read ({error})") from error
        finally:
            os.close(descriptor)

    def write(self, note: str) -> None:
        """Keep a note instead of the one before; it is on disk when this returns. Raises OSError."""
        write_durably(self.path, note.encode())


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file that only its owner reads; the new one is on disk when this returns. Raises OSError."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make sure that what was named in a directory has its name after a power cut. Raises OSError."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def remembered_path(state_dir: Path, store: str) -> Path:
    """Where the checkpoint of a store's log is kept: a file for each store that was ever used.

    Args:
        store: its URI; a password in it changes nothing.
    """
    name = hashlib.sha256(_PASSWORD.sub(r"\1", store).encode()).hexdigest()[:16]
    return state_dir / f"audit-checkpoint-{name}"
