"""Processes that are forked from a warm interpreter are as those that a new one runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import clean_environment, run_command
from tests.support.warm_process import WarmProcess, is_possible

TELLS_ALL = """\
import json, os, signal, sys, threading
print(json.dumps({
    "arguments": sys.argv[1:],
    "environment": dict(os.environ),
    "directory": os.getcwd(),
    "imports from": sys.path[0],
    "main": __name__,
    "threads": len(os.listdir("/proc/self/task")) + threading.active_count(),
    "descriptors": sorted(map(int, os.listdir("/proc/self/fd")))[:4],
    "terminals": [each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)],
    "interrupts": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "standard input": sys.stdin.read(),
}))
print("to standard error", file=sys.stderr)
sys.exit(3)
"""


def told(
    folder: Path, command: Sequence[str], environment: dict[str, str], *, warm: bool
) -> tuple[int, dict[str, Any], str]:
    """How a program ends and what it says of itself."""
    errors = folder / "errors"
    with errors.open("wb") as stderr:
        process: Any
        if warm:
            process = WarmProcess(
                command, environment=environment, stdout=subprocess.PIPE, stderr=stderr, cwd=folder
            )
        else:
            process = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment,
                cwd=folder,
            )
        with process.stdout as output:
            said = json.loads(output.read())
        return process.wait(30), said, errors.read_text()


@pytest.mark.parametrize("command", [("tells.py", "a", "b c"), ("-m", "tells", "a", "b c")])
def test_a_warm_process_finds_what_a_fresh_one_finds(tmp_path: Path, command: Sequence[str]) -> None:
    (tmp_path / "tells.py").write_text(TELLS_ALL)
    environment = clean_environment(BURGEE_X="y")
    environment.pop("HOME", None)
    warm, fresh = (told(tmp_path, command, environment, warm=each) for each in (True, False))
    # Locales are settled by a new interpreter in its environment.
    for _, said, _ in (warm, fresh):
        said["environment"].pop("LC_CTYPE", None)
    assert warm == fresh
    assert warm[0] == 3 and warm[1]["threads"] == 2 and warm[2] == "to standard error\n"


def test_a_warm_process_that_is_killed_is_told_by_its_signal(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("import time; print(flush=True); time.sleep(60)")
    with (tmp_path / "errors").open("wb") as errors:
        process = WarmProcess(
            [str(tmp_path / "waits.py")],
            environment=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == b"\n" and process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.kill()
        assert process.wait(30) == process.poll() == -signal.SIGKILL


def test_what_an_interpreter_reads_at_its_start_asks_for_a_fresh_one() -> None:
    assert is_possible(clean_environment(BURGEE_ADDRESS="x"))
    assert not is_possible(clean_environment(PYTHONWARNINGS="error"))
    assert not is_possible(clean_environment(TZ="Asia/Tokyo"))


def test_a_command_says_the_same_warm_and_fresh() -> None:
    warm, fresh = (run_command("check", "/nowhere.yaml", fresh=each) for each in (False, True))
    assert (warm.returncode, warm.stdout, warm.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)
    assert "does not exist" in warm.stdout
