"""What answers where there is neither a daemon nor anything that it shares: a snapshot kept for bad days."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from burgee.generation import Generation

from . import forks
from .clock import Clock, Random
from .options import Options

if TYPE_CHECKING:
    from burgee.snapshot import Snapshot

    from .last_snapshot import LastSnapshot


class Fallback:
    """The last snapshot on disk, else the bootstrap file.

    Args:
        options: ``bootstrap`` and ``last_snapshot`` of them.
        clock: for pauses between writings.
        random: for jitter.

    Raises:
        OptionsError: the bootstrap file cannot be read.

    Attributes:
        bootstrap: what the bootstrap file says.
    """

    def __init__(self, options: Options, clock: Clock, random: Random) -> None:
        self.bootstrap: Snapshot | None = None
        self._last: LastSnapshot | None = None
        # Each is imported where it is wanted: most providers keep nothing for bad days.
        if options.bootstrap is not None:
            with forks.importing():
                from .bootstrap import read_bootstrap
            self.bootstrap = read_bootstrap(Path(options.bootstrap))
        if options.last_snapshot is not None:
            with forks.importing():
                from .last_snapshot import LastSnapshot
            self._last = LastSnapshot(Path(options.last_snapshot), clock, random)

    @property
    def keeps(self) -> bool:
        """Whether new snapshots are to be kept."""
        return self._last is not None

    def snapshot(self) -> Snapshot | None:
        """The best there is, read from disk where it is the last one."""
        last = None if self._last is None else self._last.read()
        return last or self.bootstrap

    def keep(self, data: memoryview, generation: Generation) -> None:
        """Hear of a newer snapshot from the daemon; waits for nothing."""
        if self._last is not None:
            self._last.keep(data, generation)

    def close(self) -> None:
        """Write at once what is still to be written."""
        if self._last is not None:
            self._last.close()

    def after_fork(self) -> None:
        """In a forked child: leave to the parent what it was about to write."""
        if self._last is not None:
            self._last.after_fork()
