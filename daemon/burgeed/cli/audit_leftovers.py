"""What lies beside the store after a daemon has ended, and names who was erased."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from burgeed.control.last_known import FILE, LastKnownState
from burgeed.control.protocol import State
from burgeed.database.protocol import Database
from burgeed.revisions import reading
from burgeed.settings import Settings
from burgeed.store.directory import DirectoryUnusable, OwnedDirectory
from burgeed.store.snapshot_files import forget_left_files

_log = logging.getLogger(__name__)


def forgetting(settings: Settings, database: Database) -> Callable[[], Awaitable[None]]:
    """What :class:`burgeed.control.erasing.HistoryReach` is given for files that no daemon has to itself.

    A daemon that runs on the same PostgreSQL keeps its own files in order, within a few generations.
    """

    async def forget() -> None:
        loaded = await database.read(reading.load)
        await asyncio.to_thread(_forget, settings, State(loaded.number, loaded.entries))

    return forget


def _forget(settings: Settings, state: State) -> None:
    try:
        if not forget_left_files(settings.runtime_dir):
            _log.warning("a daemon runs: its files of earlier snapshots go with the next ones")
        if (settings.state_dir / FILE).exists():
            directory = OwnedDirectory(settings.state_dir)
            try:
                LastKnownState(directory).keep(state)
            finally:
                directory.release()
    except DirectoryUnusable:
        pass  # a daemon has it, and keeps what is set there itself
