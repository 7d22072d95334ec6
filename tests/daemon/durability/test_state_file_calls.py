"""One write, broken at each system call that touches a state file: killed, EIO, ENOSPC.

strace makes the n-th call of a kind fail, for n = 1, 2, 3, ... until nothing is left to break, and the store
is looked at after each. The calls before ``ready`` break the recovery from the break before.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from burgeed.audit.keys import open_masters
from burgeed.audit.log_database import open_sqlite_log
from burgeed.audit.verdict import Verdict
from burgeed.audit.verify import verify
from tests.support import one_write
from tests.support.daemon import REPOSITORY, clean_environment

FAULTS = {"KILL": "signal=KILL", "EIO": "error=EIO", "ENOSPC": "error=ENOSPC"}
CALLS = {
    "KILL": ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "openat", "pread64", "fcntl", "flock"),
    "EIO": ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "openat", "pread64"),
    "ENOSPC": ("pwrite64", "fdatasync", "ftruncate", "openat"),
}
EVERY = [(fault, call) for fault, calls in CALLS.items() for call in calls]
MOST_POINTS = 400

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@dataclass(frozen=True)
class Broken:
    """One run.

    Attributes:
        injected: whether there was a call left to break.
        said: what the process printed.
    """

    injected: bool
    said: dict[str, str]
    errors: str


def run_broken(directory: Path, number: int, fault: str, call: str, at: int) -> Broken:
    """Write the number, with the ``at``-th such call on a state file broken."""
    trace = directory.parent / "trace"
    names = ("burgee.db", "burgee.db-wal", "burgee.db-shm", "burgee.db.lock")
    paths = [option for name in names for option in ("-P", str(directory / name))]
    inject = f"inject={call}:{FAULTS[fault]}:when={at}"
    writer = [sys.executable, "-m", "tests.support.one_write", str(directory), str(number)]
    process = subprocess.run(
        ["strace", "-f", "-o", str(trace), "-e", f"trace={call}", "-e", inject, *paths, *writer],
        cwd=REPOSITORY,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    traced = trace.read_text(errors="replace")
    injected = "INJECTED" in traced or "killed by SIGKILL" in traced
    said = dict(line.partition(" ")[::2] for line in process.stdout.splitlines())
    return Broken(injected, said, process.stderr)


async def look(directory: Path, following: int) -> object:
    """What is served after opening anew; that another write works then is looked at too."""
    async with AsyncExitStack() as stack:
        plane, store = await one_write.open_plane(directory, stack)
        found = one_write.served(store)
        await one_write.write(plane, following)
        assert one_write.served(store) == following
    return found


def break_each(directory: Path, fault: str, call: str, points: int) -> int:
    """Break one call after the other; returns how many were broken."""
    directory.mkdir()
    before = 1_000
    asyncio.run(look(directory, before))
    for at in range(1, points + 1):
        number = before + 1
        broken = run_broken(directory, number, fault, call, at)
        said, place = broken.said, f"{fault} at {call} {at}: {broken.said} {broken.errors[-2000:]}"
        if fault != "KILL" and "ready" in said:
            assert "serves" in said, place
        found = asyncio.run(look(directory, before := before + 2))
        if "acknowledged" in said:
            assert found == number, place
        elif "refused" in said or "ready" not in said:
            assert found == before - 2, place
        else:
            assert found in (before - 2, number), place
        verified = verify(open_sqlite_log(directory / "burgee.db"), masters=open_masters(directory, {}))
        assert verified.verdict is Verdict.OK, f"{place}: {verified}"
        if not broken.injected:
            assert "acknowledged" in said, place
            return at - 1
    return points


@needs_strace
@pytest.mark.parametrize(
    ("fault", "call"), [("KILL", "fdatasync"), ("EIO", "fdatasync"), ("ENOSPC", "pwrite64")]
)
def test_a_write_broken_at_its_first_calls_is_whole_or_not_there(
    tmp_path: Path, fault: str, call: str
) -> None:
    assert break_each(tmp_path / "state", fault, call, points=4) == 4


@needs_strace
@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(("fault", "call"), EVERY)
def test_a_write_broken_at_any_call_is_whole_or_not_there(tmp_path: Path, fault: str, call: str) -> None:
    points = break_each(tmp_path / "state", fault, call, points=MOST_POINTS)
    print(f"\n{fault} {call}: {points} points")
    assert points < MOST_POINTS
