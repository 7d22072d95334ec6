"""examples/telemetry.py, run as its head says."""

from __future__ import annotations

import subprocess
import sys

from tests.examples.conftest import EXAMPLES
from tests.support.daemon import RunningDaemon, clean_environment


def test_events_metrics_and_a_tracked_event_are_told(daemon: RunningDaemon) -> None:
    before = daemon.status()["tracking"]["byName"].get("ordered", 0)
    done = subprocess.run(
        [sys.executable, EXAMPLES / "telemetry.py"],
        env=clean_environment(BURGEE_ADDRESS=f"unix://{daemon.socket}"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    *events, last = done.stdout.splitlines()
    assert last == "tracked: 1 sent, 0 dropped"
    assert daemon.status()["tracking"]["byName"]["ordered"] == before + 1
    traces = {line.split()[0] for line in events if " feature_flag.evaluation " in line}
    assert len(traces) == 1 and int(traces.pop(), 16) != 0
    told = [line for line in events if " feature_flag.key=new-checkout " in line]
    assert len(told) == 1
    assert "feature_flag.result.variant=on" in told[0]
    assert "feature_flag.result.reason=targeting_match" in told[0]
    assert "feature_flag.context.id=anna" in told[0]
    assert sum("error.type=flag_not_found" in line for line in events) == 1
    counts = [line for line in events if line.startswith("feature_flag.evaluations 1 ")]
    assert len(counts) == 3
    assert [line for line in counts if {"new-checkout", "on", "targeting_match"} <= set(line.split())]


def test_without_the_daemon_the_script_says_where_it_looked() -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "telemetry.py"],
        env=clean_environment(BURGEE_ADDRESS="unix:///nowhere/burgee.sock", BURGEE_INITIALIZE_DEADLINE="0.1"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "/nowhere/burgee.sock" in done.stderr.splitlines()[-1]
