"""What a provider costs an application before the first evaluation: time to import it, and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

from harness.report import Report
from harness.rounds import interval

IMPORTS = {
    "the SDK alone": "openfeature.api",
    "Burgee": "openfeature.contrib.provider.burgee",
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
    """Import each in fresh processes, in turns; what is not installed is left out."""
    there = {name: module for name, module in IMPORTS.items() if _installed(module)}
    figures: dict[str, list[list[float]]] = {name: [] for name in there}
    for _ in range(1 if quick else 9):
        for name, module in there.items():
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, module], capture_output=True, check=True, text=True
            )
            figures[name].append(json.loads(done.stdout))
    report.table(
        "A fresh process that has imported it",
        ("provider", "ms of a core to import", "MB resident"),
        [
            (name, interval([each[0] for each in of]), interval([each[1] for each in of]))
            for name, of in figures.items()
        ],
    )
    report.figures("import milliseconds and resident megabytes", figures)


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
