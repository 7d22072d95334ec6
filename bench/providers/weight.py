"""What a provider costs an application before the first evaluation: time to import it, and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec

from harness.report import Report
from harness.rounds import interval

IMPORTS = {
    "the SDK alone": "openfeature.api",
    "Burgee": "openfeature.contrib.provider.burgee",
    "Burgee, and what evaluates": "openfeature.contrib.provider.burgee.in_process",
    "openfeature-provider-ofrep": "openfeature.contrib.provider.ofrep",
    "openfeature-provider-flagd": "openfeature.contrib.provider.flagd",
}

PROGRAM = """
import json, sys, time
began = time.process_time()
import openfeature.api
__import__(sys.argv[1])
took = time.process_time() - began
[line] = [line for line in open("/proc/self/status") if line.startswith("VmRSS")]
print(json.dumps([took * 1e3, int(line.split()[1]) / 1024]))
"""


def measure(report: Report, *, quick: bool) -> None:
    """Import each in fresh processes, in turns; what is not installed is left out.

    All are compiled beforehand, as pip does with what it installs: a checkout's own modules may not be, and
    compiling them takes longer than importing them.
    """
    there = {name: module for name, module in IMPORTS.items() if _installed(module)}
    figures: dict[str, list[list[float]]] = {name: [] for name in there}
    with tempfile.TemporaryDirectory() as compiled:
        for module in there.values():
            _imported(module, compiled)
        for _ in range(1 if quick else 9):
            for name, module in there.items():
                figures[name].append(_imported(module, compiled))
    report.table(
        "A fresh process that has imported it",
        ("provider", "ms of a core to import", "MB resident"),
        [
            (name, interval([each[0] for each in of]), interval([each[1] for each in of]))
            for name, of in figures.items()
        ],
    )
    report.figures("import milliseconds and resident megabytes", figures)


def _imported(module: str, compiled: str) -> list[float]:
    """Milliseconds of a core, and megabytes resident, of one fresh process."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, module], capture_output=True, check=True, text=True, env=environment
    )
    figures: list[float] = json.loads(done.stdout)
    return figures


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
