"""The power is cut while somebody writes: the disk is copied as it is at one moment, and opened again.

The state lies on an ext4 in a file. Copying that file while the daemon writes is what a disk holds when the
power goes: what was only in the page cache of the file system is not in it.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest

from burgeed.audit.log_database import open_sqlite_log
from burgeed.audit.verdict import Verdict
from burgeed.audit.verify import verify
from tests.support import one_write
from tests.support.daemon import REPOSITORY, clean_environment, wait_until

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("mkfs.ext4") is None, reason="mounting a file takes root and ext4"
    ),
]

CUTS = 8


@contextmanager
def mounted(image: Path, where: Path) -> Iterator[None]:
    """The file system in a file, mounted while the block runs."""
    where.mkdir()
    subprocess.run(["mount", "-o", "loop", str(image), str(where)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)
        where.rmdir()


class Writing:
    """A process that writes, and what was acknowledged to it so far."""

    def __init__(self, directory: Path, synchronous: str) -> None:
        self.acknowledged = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.many_writes", str(directory), synchronous],
            cwd=REPOSITORY,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.acknowledged = int(line)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()


def cut(directory: Path, synchronous: str, seconds: float) -> tuple[int, int]:
    """Write, cut the power, look; returns what was acknowledged before the cut and what is found."""
    image, copy = directory / "disk.img", directory / "copy.img"
    with image.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0", str(image)], check=True)
    with mounted(image, directory / "disk"):
        writing = Writing(directory / "disk", synchronous)
        try:
            wait_until(lambda: writing.acknowledged > 20, 60.0)
            time.sleep(seconds)
            before = writing.acknowledged
            subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
        finally:
            writing.end()
    with mounted(copy, directory / "after"):
        # The journal is replayed by mounting; the copy is what the machine would find.
        state = directory / "state"
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(directory / "after", state, ignore=shutil.ignore_patterns("lost+found"))
        found = asyncio.run(read(state))
        assert verify(open_sqlite_log(state / "burgee.db")).verdict is Verdict.OK
    return before, found


async def read(directory: Path) -> int:
    """The number that is served after opening what the disk held."""
    async with AsyncExitStack() as stack:
        _, store = await one_write.open_plane(directory, stack)
        return int(str(one_write.served(store)))


def test_nothing_acknowledged_is_lost_when_the_power_is_cut(tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(CUTS):
        before, found = cut(tmp_path, "FULL", chance.uniform(0.2, 2.0))
        print(f"\nacknowledged {before}, found {found}")
        assert found >= before


def test_with_synchronous_normal_the_same_test_finds_losses(tmp_path: Path) -> None:
    chance = random.Random(1)
    lost = 0
    for _ in range(CUTS):
        before, found = cut(tmp_path, "NORMAL", chance.uniform(0.2, 2.0))
        print(f"\nacknowledged {before}, found {found}")
        lost += found < before
    assert lost >= 2
