"""Keeping the files and the head in step with what is published, whatever the file system does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar

from burgee.generation import Generation
from burgee.instant import instant_text
from burgee.wire.sync import HEARTBEAT_INTERVAL
from burgeed.clock import Clock
from burgeed.store.directory import DirectoryUnusable
from burgeed.store.shared_directory import SharedDirectory

RETRY = 5.0
"""Seconds until what could not be written is tried again, and what was written is looked for."""

LONGEST_WRITE = 5.0
"""Seconds that publishing waits for the file system; what is still on its way then counts as failed."""

State = Literal["waiting", "shared", "failing"]

Result = TypeVar("Result")

NO_ANSWER = "the file system does not answer"

_log = logging.getLogger(__name__)


class Sharing:
    """The newest snapshot as a file, or else the word that there is none; never an older one as the newest.

    The disk is touched in one thread of this object's own, by one call at a time. A failure is logged once,
    and tried again by whoever calls :meth:`look_after`.

    Args:
        open_directory: makes or adopts the directory; raises DirectoryUnusable. It is called again after it
            failed.
    """

    def __init__(self, open_directory: Callable[[], SharedDirectory], clock: Clock) -> None:
        self._open_directory = open_directory
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sharing")
        self._under_way: asyncio.Future[Any] | None = None
        self._directory: SharedDirectory | None = None
        self._newest: tuple[Generation, bytes | None] | None = None
        self._file: Path | None = None
        self._alive = False
        self._why = ""
        self._since = clock.wall()

    @property
    def failing(self) -> bool:
        """Whether there is something to try again."""
        return bool(self._why)

    @property
    def state(self) -> State:
        """``waiting`` for the first snapshot, ``shared``, or ``failing``."""
        if self._why:
            return "failing"
        return "waiting" if self._file is None else "shared"

    async def open(self) -> None:
        """Make or adopt the directory, or begin to fail."""
        directory, why = await self._on_disk(self._open_directory)
        if directory is not None:
            self._directory = directory
            if self._newest is None:
                self._why = ""
        else:
            self._fail(why, "nothing is shared, readers have to ask the daemon")

    async def share(self, generation: Generation, data: bytes | None) -> None:
        """Let readers find this snapshot, or none at all.

        Args:
            data: its bytes; None where there are none to be had.
        """
        self._newest = (generation, data)
        await self._share_newest()

    async def look_after(self) -> None:
        """Share the newest snapshot again where that failed before, or where somebody has removed it."""
        directory = self._directory
        if not self.failing and self._file is not None and directory is not None:
            found, why = await self._on_disk(directory.files.has_current)
            if found or why:
                return
            _log.warning(
                "the shared snapshot was removed, and is shared again", extra={"path": str(self._file)}
            )
        await self._share_newest()

    async def _share_newest(self) -> None:
        if self._directory is None:
            await self.open()
        directory = self._directory
        if directory is None or self._newest is None:
            return
        generation, data = self._newest
        path, why = None, "the snapshot could not be encoded"
        if data is not None:
            path, why = await self._on_disk(lambda: directory.files.write(generation, data))
        if path is not None:
            self._succeed(path)
        else:
            await self._withdraw(directory, why)
        directory.head.move()
        self.beat()

    async def forget_older(self) -> None:
        """Remove the files of earlier snapshots; logged where that fails."""
        directory = self._directory
        if directory is None:
            return
        _, why = await self._on_disk(directory.files.forget_older)
        if why:
            _log.warning("files of earlier snapshots cannot be removed", extra={"why": why})

    def beat(self) -> None:
        """Tell readers that the daemon lives, if what they find is true."""
        if self._alive and self._directory is not None:
            self._directory.head.beat()

    async def keep_beating(self) -> None:
        """Beat until cancelled. It runs in the event loop, so that a loop that hangs falls silent."""
        while True:
            self.beat()
            await self._clock.sleep(HEARTBEAT_INTERVAL)

    async def close(self, seconds: float = LONGEST_WRITE) -> None:
        """Give the directory back, unless a write is under way in it for longer than this: then it stays
        this process's to its end.
        """
        if self._under_way is not None:
            await asyncio.wait({self._under_way}, timeout=seconds)
        if self._under_way is None:
            self._thread.shutdown(wait=False)
            if self._directory is not None:
                self._directory.close()
                self._directory = None

    def report(self) -> dict[str, Any]:
        """How it stands, as JSON has it."""
        directory = self._directory
        return {
            "state": self.state,
            "since": instant_text(self._since),
            "why": self._why,
            "directory": None if directory is None else str(directory.path),
            "file": None if self._file is None else str(self._file),
        }

    async def _withdraw(self, directory: SharedDirectory, why: str) -> None:
        """Leave nothing that an old snapshot could be taken for the newest by.

        Where not even ``current`` can be removed, the heart stops: readers then know that what they have is
        old.
        """
        _, stuck = await self._on_disk(directory.files.withdraw)
        self._alive = not stuck
        self._fail(why, "readers take the daemon for silent" if stuck else "readers have to ask the daemon")

    async def _on_disk(self, work: Callable[[], Result]) -> tuple[Result | None, str]:
        """What it returned, or why it failed."""
        if self._under_way is not None:
            return None, NO_ANSWER
        running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        self._under_way = running
        running.add_done_callback(self._is_done)
        await asyncio.wait({running}, timeout=LONGEST_WRITE)
        if not running.done():
            return None, NO_ANSWER
        try:
            return running.result(), ""
        except OSError as error:
            return None, error.strerror or repr(error)
        except DirectoryUnusable as error:
            return None, str(error)

    def _is_done(self, done: asyncio.Future[Any]) -> None:
        self._under_way = None
        if not done.cancelled():
            # Asked for, so that nobody complains of one that failed after its time.
            done.exception()

    def _succeed(self, path: Path) -> None:
        if self._file is None:
            self._since = self._clock.wall()
            _log.info("the snapshot is shared", extra={"path": str(path)})
        self._file, self._why, self._alive = path, "", True

    def _fail(self, why: str, consequence: str) -> None:
        if why != self._why:
            _log.warning(f"the snapshot is not shared, {consequence}", extra={"why": why})
        if not self._why:
            self._since = self._clock.wall()
        self._file, self._why = None, why
