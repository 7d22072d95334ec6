"""The memory that each of several workers has to itself when all evaluate from one daemon's snapshot."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import documents, servers
from harness.report import Report
from harness.rounds import interval

LONGEST_WRITE = 60.0
ASKED = 50
"""Flags that each worker asks for, as an application does."""

PROGRAM = """
import json, sys
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.contrib.provider.burgee import BurgeeProvider

address, asked = sys.argv[1:]
keys = json.loads(asked)


def own():
    fields = ("Private_Clean", "Private_Dirty")
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(fields)) / 1024


before = own()
api.set_provider_and_wait(BurgeeProvider(address, resolver="in-process"))
client = api.get_client()
context = EvaluationContext("u-1", {"customer": "c-42", "organization": "acme", "environment": "production"})
right = [client.get_boolean_details(key, False, context).error_code is None for key in keys]
print(json.dumps([before, own(), all(right)]), flush=True)
sys.stdin.read()
"""


def measure(report: Report, *, flags: int, count: int) -> None:
    """Start workers side by side and ask each what it has to itself while all of them live."""
    document = documents.definition(flags)
    switches = [key for key, flag in document["flags"].items() if "variants" not in flag]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        definition = folder / "flags.json"
        definition.write_bytes(documents.rendered(document, "json"))
        with servers.daemon(definition, folder) as daemon:
            snapshot = _shared(folder / "snapshots" / "current")
            size = snapshot.stat().st_size / 1024**2
            said = _workers(daemon.unix, switches[:ASKED], count)
    if not all(right for _, _, right in said):
        raise RuntimeError("a worker got a wrong answer; nothing that was measured counts")
    grown = [after - before for before, after, _ in said]
    report.table(
        f"{count} workers, {flags} flags in {size:.1f} MB, each asks for {len(switches[:ASKED])}",
        ("memory of its own, each worker", "MB (least to greatest)"),
        [
            ("with the SDK and the provider imported", interval([before for before, _, _ in said])),
            ("grown by, evaluating in-process", interval(grown)),
        ],
    )
    report.figures("megabytes of each worker before and after", said)


def _shared(current: Path) -> Path:
    """The snapshot that the daemon shares, which it writes after it is ready."""
    until = time.monotonic() + LONGEST_WRITE
    while not current.exists():
        if time.monotonic() > until:
            raise RuntimeError(f"the daemon shared no snapshot within {LONGEST_WRITE:g} s")
        time.sleep(0.05)
    return current


def _workers(address: str, keys: list[str], count: int) -> list[tuple[float, float, bool]]:
    command = [sys.executable, "-c", PROGRAM, address, json.dumps(keys)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        said = []
        for worker in running:
            assert worker.stdout is not None
            said.append(tuple(json.loads(worker.stdout.readline())))
        return said
    finally:
        for worker in running:
            assert worker.stdin is not None and worker.stdout is not None
            worker.stdin.close()
            worker.wait(10)
            worker.stdout.close()
