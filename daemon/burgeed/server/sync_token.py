"""The secret that a client on TCP shows, read from its file anew each time, so that it can be replaced."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import stat
from pathlib import Path

LONGEST = 4096
"""Bytes that a token may have."""

_log = logging.getLogger(__name__)


class TokenUnusable(Exception):
    """The file holds no token; the text says which file, and why."""


class SyncToken:
    """One token, in a file: one line of visible ASCII.

    While the file cannot be used, no token is good: one that was taken away must not go on working.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._said = ""

    async def check(self) -> None:
        """Read the file for the first time. Raises TokenUnusable."""
        await asyncio.to_thread(self._read)

    async def is_good(self, shown: bytes) -> bool:
        """Whether this is the token that the file holds now.

        Raises:
            TokenUnusable: it holds none.
        """
        try:
            token = await asyncio.to_thread(self._read)
        except TokenUnusable as error:
            self._say(f"{error}; nobody gets a snapshot over TCP")
            raise
        return hmac.compare_digest(token, shown)

    def _read(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                content = file.read(LONGEST + 1)
        except OSError as error:
            raise TokenUnusable(f"{self.path} cannot be read: {error.strerror}") from error
        if len(content) > LONGEST:
            raise TokenUnusable(f"{self.path} is over {LONGEST} bytes")
        token = content.strip()
        if not token:
            raise TokenUnusable(f"{self.path} is empty")
        if not all(0x21 <= byte <= 0x7E for byte in token):
            raise TokenUnusable(f"{self.path} holds more than one line of visible ASCII")
        self._say(
            f"{self.path} can be read or replaced by others (mode {mode:04o}): make it 0600"
            if mode & 0o066
            else ""
        )
        return token

    def _say(self, what: str) -> None:
        """Warn of it once for as long as it stays so."""
        if what and what != self._said:
            _log.warning("the token for snapshots", extra={"why": what})
        self._said = what
