"""What was set when the daemon ran last, in a file: for a start while the database is away."""

from __future__ import annotations

import hashlib
import logging
from typing import Final, Protocol

import orjson

from burgeed.control.protocol import State
from burgeed.revisions.values import Entry, EntryKey

FILE: Final = "last-known-state.json"

_log = logging.getLogger(__name__)


class Files(Protocol):
    """A directory of the daemon's own; :class:`burgeed.store.directory.OwnedDirectory` is one."""

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is no such file. Raises OSError."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Replace a file so that a crash leaves the old content or the new one. Raises OSError."""
        ...


class LastKnownState:
    """The newest state that was kept: the SHA-256 of a line of JSON, and the line.

    Its methods block.
    """

    def __init__(self, files: Files) -> None:
        self._files = files

    def keep(self, state: State) -> None:
        """Put a state in place of the last one. Raises OSError."""
        entries = [[*entry.key, entry.revision, entry.document] for entry in state.entries.values()]
        line = orjson.dumps({"revision": state.revision, "entries": entries})
        self._files.write(FILE, hashlib.sha256(line).hexdigest().encode() + b"\n" + line)

    def find(self) -> State | None:
        """The state that was kept last; None where there is none, or none that is sound."""
        try:
            content = self._files.read(FILE)
            if content is None:
                return None
            checksum, _, line = content.partition(b"\n")
            if hashlib.sha256(line).hexdigest().encode() != checksum:
                raise ValueError("its checksum is wrong")
            document = orjson.loads(line)
            entries = [Entry(EntryKey(*stated[:5]), stated[6], stated[5]) for stated in document["entries"]]
            return State(document["revision"], {entry.key: entry for entry in entries})
        except (OSError, ValueError, LookupError, TypeError) as error:
            _log.warning("what was set last time cannot be read", extra={"file": FILE, "error": str(error)})
            return None
