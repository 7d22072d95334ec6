"""Subscribers in a process of their own that read whatever they are told: ``python -m harness.readers``."""

from __future__ import annotations

import argparse
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.watchers import Watchers

LONGEST_START = 30.0
BENCH = Path(__file__).resolve().parent.parent


@contextmanager
def readers(address: str, path: str, count: int) -> Iterator[None]:
    """Have so many subscribers of a stream while the block runs; none for 0.

    Args:
        address: ``unix://`` and a path.
        path: of the stream.
    """
    if not count:
        yield
        return
    command = [sys.executable, "-m", "harness.readers", address, path, str(count)]
    kept = {**os.environ, "PYTHONPATH": str(BENCH)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=kept)
    assert process.stdin is not None and process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], LONGEST_START)
        if not ready or not process.stdout.readline():
            raise RuntimeError(f"{command} does not read")
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Read until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("path")
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    watchers = Watchers(given.address, given.path, given.count)
    sys.stdout.write("reading\n")
    sys.stdout.flush()
    watchers.read_until(sys.stdin.fileno())


if __name__ == "__main__":
    main()
