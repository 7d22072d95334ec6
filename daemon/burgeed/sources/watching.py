"""Wakes a source when something happens in the directories that it depends on.

Always the directory is watched, never the file: a watch on a file goes deaf with the first rename. A
watch on a directory goes deaf too, without a word, when the directory is replaced or a link leads
elsewhere; so whoever uses this polls beside it and aims anew.
"""

from __future__ import annotations

import asyncio
import logging

from watchfiles import Change, awatch

from burgeed.sources.signature import Directory

_DEBOUNCE_MS = 50
_STEP_MS = 10

_log = logging.getLogger(__name__)
# It tells of each event at info, which a log in the watched folder turns into the next event.
logging.getLogger("watchfiles").setLevel(logging.WARNING)


class DirectoryWatch:
    """Sets an event soon after something changes in one of the directories aimed at.

    Args:
        woken: set after every change, and once a watch stands, since what happened before is unseen.
    """

    def __init__(self, woken: asyncio.Event) -> None:
        self._woken = woken
        self._stops: dict[Directory, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lamented: str | None = None

    def aim(self, directories: frozenset[Directory], *, anew: bool = False) -> None:
        """Watch these directories, and no others.

        Args:
            directories: as they are now; one that was replaced counts as another.
            anew: do so even though the same directories are watched already.
        """
        wanted = {(directory.device, directory.inode): directory for directory in sorted(directories)}
        for directory in list(self._stops):
            if anew or directory not in wanted.values():
                self._stops.pop(directory).set()
        for directory in wanted.values():
            if directory not in self._stops:
                self._start(directory)

    async def close(self) -> None:
        """Stop watching, and wait until that is so."""
        self.aim(frozenset())
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, directory: Directory) -> None:
        # Each has a watch of its own: one that is gone again already must not cost the others theirs.
        stop = self._stops[directory] = asyncio.Event()
        task = asyncio.create_task(self._watch(directory, stop))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, directory: Directory, stop: asyncio.Event) -> None:
        # The watch is set up before the first wait within awatch, so this runs when it stands.
        standing = asyncio.get_running_loop().call_soon(self._woken.set)
        try:
            async for changes in awatch(
                directory.path,
                watch_filter=None,
                debounce=_DEBOUNCE_MS,
                step=_STEP_MS,
                stop_event=stop,
                recursive=False,
            ):
                if (Change.deleted, directory.path) in changes:
                    self._forget(directory, stop)
                self._woken.set()
        except FileNotFoundError:
            standing.cancel()
            self._forget(directory, stop)
        except Exception as error:  # of many kinds: not to be read, no more watches to be had
            standing.cancel()
            self._forget(directory, stop)
            self._lament(directory, error)

    def _forget(self, directory: Directory, stop: asyncio.Event) -> None:
        """The watch is of no more use: let the next aim set up another, even of what seems the same."""
        stop.set()
        if self._stops.get(directory) is stop:
            del self._stops[directory]

    def _lament(self, directory: Directory, error: Exception) -> None:
        why = f"cannot watch {directory.path}, so changes there are found by polling: {error}"
        if why != self._lamented:
            self._lamented = why
            _log.warning("%s", why)
