"""The command `burgee` with a wall clock that stands in a file: `clocked_daemon.py CLOCK_FILE ARGUMENTS...`.

The file holds Unix seconds as text; :func:`set_clock` writes it. Durations stay those of the machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from burgeed.cli import main
from burgeed.clock import SystemClock


class FileClock(SystemClock):
    """Wall time from a file, monotonic time from the machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wall(self) -> float:
        return float(self._path.read_text())


def set_clock(path: Path, seconds: float) -> None:
    """Set the clock that a daemon reads from ``path``, now and in one step."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.new")
    aside.write_text(repr(float(seconds)))
    aside.rename(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], clock=FileClock(Path(sys.argv[1]))))
