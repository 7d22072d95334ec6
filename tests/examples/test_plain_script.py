"""examples/plain_script.py, run as its head says."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.examples.conftest import EXAMPLES, SAMPLE
from tests.support.clocked_daemon import set_clock
from tests.support.daemon import RunningDaemon, clean_environment, running_daemon
from tests.support.talking_process import talking
from tests.support.vectors import NOON, seconds

SCRIPT = EXAMPLES / "plain_script.py"
Rows = dict[tuple[str, str], tuple[str, Any]]


def rows(output: str) -> Rows:
    """The table: by flag and customer, why and the value."""
    table: Rows = {}
    flag = ""
    for line in output.splitlines():
        name, customer, why, value = (line[:20], line[21:36], line[37:75], line[76:])
        flag = name.strip() or flag
        table[flag, customer.strip()] = (why.strip(), json.loads(value))
    return table


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_table_shows_each_customers_values_and_who_decided_them(daemon: RunningDaemon) -> None:
    done = run(BURGEE_ADDRESS=f"unix://{daemon.socket}")
    assert (done.returncode, done.stderr) == (0, "")
    table = rows(done.stdout)
    assert len(table) == 21
    wanted = {
        ("new-checkout", "c-42 of acme"): ("TARGETING_MATCH, organization acme", True),
        ("new-checkout", "a visitor"): ("DEFAULT, default", False),
        ("data-residency", "c-77 of globex"): ("TARGETING_MATCH, organization globex", "eu-north-1"),
        ("custom-fields-limit", "c-42 of acme"): ("TARGETING_MATCH, default", 500),
        ("custom-fields-limit", "c-77 of globex"): ("TARGETING_MATCH, customer c-77", 75),
        ("image-quality", "c-42 of acme"): ("TARGETING_MATCH, customer c-42", 0.9),
        ("chat-notifications", "c-77 of globex"): (
            "TARGETING_MATCH, customer c-77",
            {"slack": False, "teams": True, "digest_minutes": 60},
        ),
        ("welcome-message", "a visitor"): ("DEFAULT, default", "Hello."),
        ("comment-previews", "c-42 of acme"): ("STATIC, kill", False),
    }
    assert {asked: table[asked] for asked in wanted} == wanted


def test_without_the_daemon_the_script_says_where_it_looked() -> None:
    done = run(BURGEE_ADDRESS="unix:///nowhere/burgee.sock", BURGEE_INITIALIZE_DEADLINE="0.1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "/nowhere/burgee.sock" in done.stderr.splitlines()[-1]


def test_a_watching_script_shows_a_saved_edit_and_outlives_the_daemon(tmp_path: Path) -> None:
    definition = tmp_path / "definition" / "flags.yaml"
    definition.parent.mkdir()
    definition.write_text(SAMPLE.read_text())
    clock_file = tmp_path / "clock"
    set_clock(clock_file, seconds(NOON))
    with running_daemon(tmp_path, "--source", definition, clock_file=clock_file) as daemon:
        daemon.wait_ready()
        command = [sys.executable, str(SCRIPT), "--watch"]
        address = f"unix://{daemon.socket}"
        with talking(command, environment=clean_environment(BURGEE_ADDRESS=address)) as script:
            script.line_where(lambda line: line == "-- following the daemon")

            before = "custom-fields-limit: {value: 75}"
            assert definition.read_text().count(before) == 1
            aside = tmp_path / "edited"
            aside.write_text(definition.read_text().replace(before, "custom-fields-limit: {value: 80}"))
            aside.rename(definition)
            script.line_where(lambda line: line == "-- changed: custom-fields-limit")
            row = script.line_where(lambda line: not line.startswith("--"))
            assert rows(row) == {
                ("custom-fields-limit", "c-77 of globex"): ("TARGETING_MATCH, customer c-77", 80)
            }

            daemon.process.kill()
            script.line_where(lambda line: line.startswith("-- the daemon is silent"))
            last_known = script.line_where(lambda line: line.startswith("custom-fields-limit"))
            assert rows(last_known) == {
                ("custom-fields-limit", "c-42 of acme"): ("STALE, default", 500),
            }

            script.process.send_signal(signal.SIGINT)
            # It may be cut off in the middle of a row.
            script.line_where(lambda line: line.endswith("-- the end"))
            assert script.process.wait(10) == 0
