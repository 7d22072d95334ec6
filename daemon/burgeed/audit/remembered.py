"""The checkpoint that a daemon made last, in its state directory: apart from the database it tells of."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from burgeed.audit.checkpoint import LONGEST_NOTE
from burgeed.audit.errors import AuditError
from burgeed.durable_file import write_durably

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


def remembered_path(state_dir: Path, store: str) -> Path:
    """Where the checkpoint of a store's log is kept: a file for each store that was ever used.

    Args:
        store: its URI; a password in it changes nothing.
    """
    name = hashlib.sha256(_PASSWORD.sub(r"\1", store).encode()).hexdigest()[:16]
    return state_dir / f"audit-checkpoint-{name}"
