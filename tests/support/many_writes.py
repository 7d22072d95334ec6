"""Writes of the control plane, one after the other, until the process is killed: for a cut of the power.

Run as ``python -m tests.support.many_writes DIRECTORY SYNCHRONOUS``. Sets 1, 2, 3, ... for one organization
and prints each number when it is acknowledged. SYNCHRONOUS is what SQLite is told instead of FULL: with
NORMAL, a test that finds nothing lost would find nothing ever.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.support.one_write import open_plane, write


def connecting(synchronous: str) -> Any:
    """What opens connections whose every ``synchronous`` is that one."""

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            return super().execute(
                sql.replace("synchronous = FULL", f"synchronous = {synchronous}"), *parameters
            )

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return sqlite3.connect(*arguments, **options, factory=Connection)

    return connect


async def main(directory: Path, synchronous: str) -> None:
    """Do as the module says."""
    async with AsyncExitStack() as stack:
        plane, _ = await open_plane(directory, stack, connecting(synchronous))
        for number in itertools.count(1):
            await write(plane, number)
            print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
