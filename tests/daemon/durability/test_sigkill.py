"""The daemon is killed while several people write: what was acknowledged is there afterwards, whole."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.support.acknowledged_writes import DEFINITION, Writers
from tests.support.daemon import RunningDaemon, run_command, running_daemon

WRITERS = 4


def survive(directory: Path, kills: int, seed: int) -> int:
    """Kill and start again so many times; returns how many writes were acknowledged meanwhile."""
    flags = directory / "flags.yaml"
    flags.write_text(DEFINITION)
    chance = random.Random(seed)
    writers = Writers(WRITERS)
    store = f"sqlite:{directory / 'state' / 'burgee.db'}"
    for _ in range(kills):
        with running_daemon(directory, "--source", flags, "--store", store) as daemon:
            daemon.wait_ready()
            writers.check(daemon)
            before = writers.acknowledged
            threads = writers.start(daemon)
            daemon.wait_until(lambda before=before: writers.acknowledged > before)
            time.sleep(chance.uniform(0.0, 0.3))
            daemon.signal(signal.SIGKILL)
            daemon.process.wait()
            for thread in threads:
                thread.join(25.0)
                assert not thread.is_alive()
    with running_daemon(directory, "--source", flags, "--store", store) as daemon:
        daemon.wait_ready()
        writers.check(daemon)
        last = check_history(daemon, writers)
    verified = run_command("audit", "verify", "--store", store, "--state-dir", directory / "state")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert last >= writers.acknowledged
    return writers.acknowledged


def check_history(daemon: RunningDaemon, writers: Writers) -> int:
    """Assert that revisions are numbered without gaps and hold every acknowledged one; returns the last."""
    numbers: list[int] = []
    cursor = ""
    while True:
        page = daemon.request("GET", f"/admin/v1/revisions?limit=500{cursor}").document
        numbers += [item["revision"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert numbers == list(range(len(numbers), 0, -1))
    assert {number for writer in writers.writers for number in writer.revisions} <= set(numbers)
    return len(numbers)


@pytest.mark.timeout(400)
def test_nothing_acknowledged_is_lost_in_thirty_kills(tmp_path: Path) -> None:
    assert survive(tmp_path, kills=30, seed=1) > 30


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_nothing_acknowledged_is_lost_in_three_hundred_kills(tmp_path: Path) -> None:
    acknowledged = survive(tmp_path, kills=300, seed=2)
    print(f"\n300 kills, {acknowledged} writes acknowledged")
    assert acknowledged > 300
