"""Each benchmark runs, and prints and writes its figures. What they are is nobody's business here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.mark.parametrize("benchmark", sorted(BENCH.glob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_prints_its_table_and_writes_its_figures(benchmark: Path, tmp_path: Path) -> None:
    written = tmp_path / "figures.json"
    process = subprocess.Popen(
        [sys.executable, str(benchmark), "--quick", "--rounds", "1", "--json", str(written)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=110)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the servers that it started go with it
        printed, _ = process.communicate()
    assert process.returncode == 0, printed
    figures = json.loads(written.read_text())
    assert figures["figures"]
    assert figures["tables"]
    for table in figures["tables"]:
        for row in table["rows"]:
            assert any(all(cell in line for cell in row) for line in printed.splitlines()), row
