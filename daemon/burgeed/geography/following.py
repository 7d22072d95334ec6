"""Follows the database's file: what replaces it is served once it can be, what cannot be is told of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from burgeed.clock import Clock
from burgeed.file_standing import FileStanding
from burgeed.file_state import FileState
from burgeed.geography.database import CountryDatabase, DatabaseUnusable, read_database

_log = logging.getLogger(__name__)


class FollowedDatabase:
    """The newest good content of one file.

    Args:
        path: may be a symbolic link, which is followed anew with each look.
        clock: for the times that are told.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._afresh = False
        self._seen: FileState | None = None
        self._done: FileState | None = None
        self._database: CountryDatabase | None = None
        self._standing = FileStanding.unread(clock)

    async def open(self) -> None:
        """Read the file for the first time. Raises DatabaseUnusable, with its path."""
        try:
            self._done, self._database = await asyncio.to_thread(read_database, self.path)
        except DatabaseUnusable as error:
            raise DatabaseUnusable(f"{self.path}: {error}") from error
        self._standing.takes(is_other=True)

    def country_of(self, text: object) -> str | None:
        """See :meth:`CountryDatabase.country_of`; None before :meth:`open`."""
        return None if self._database is None else self._database.country_of(text)

    def reload(self) -> None:
        """Read the file again now, whatever it looks like."""
        self._afresh = True
        self._standing.woken.set()

    async def follow(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever another content is used from then on. Runs until cancelled.

        Never raises because of the file: what was read before is used on.
        """
        while True:
            await self._standing.wait()
            if await self._look():
                changed()

    def report(self) -> dict[str, Any]:
        """How it stands, as JSON has it."""
        database = self._database
        return {
            "path": str(self.path),
            **self._standing.report(),
            "databaseType": None if database is None else database.kind,
            "built": None if database is None else database.built,
            "failedLookups": 0 if database is None else database.failed_lookups,
        }

    async def _look(self) -> bool:
        """Look once, and tell whether another content is used from now on."""
        afresh, self._afresh = self._afresh, False
        try:
            seen = FileState.of(await asyncio.to_thread(self.path.stat))
        except OSError as error:
            self._seen = self._done = None
            self._object(f"it cannot be read ({error.strerror})")
            return False
        settled, self._seen = seen == self._seen, seen
        if not afresh and (seen == self._done or not settled):
            return False
        try:
            self._done, database = await asyncio.to_thread(read_database, self.path)
        except DatabaseUnusable as error:
            self._done = None if error.passing else seen
            self._object(str(error))
            return False
        return self._take(database)

    def _take(self, database: CountryDatabase) -> bool:
        is_other = self._database is None or database.digest != self._database.digest
        if is_other:
            self._database = database
            _log.info(
                "the database of countries was replaced",
                extra={"path": str(self.path), "built": database.built},
            )
        elif self._standing.state == "rejected":
            _log.info("the database of countries is live again", extra={"path": str(self.path)})
        self._standing.takes(is_other=is_other)
        return is_other

    def _object(self, why: str) -> None:
        """Say that what is there cannot be used, once for each reason in a row."""
        if not self._standing.objects(why):
            return
        _log.warning(
            "the database of countries cannot be used, what was read before is used on",
            extra={"path": str(self.path), "why": why},
        )
