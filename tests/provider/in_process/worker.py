"""A worker as a server forks it: says how much memory is its own alone, before and after it evaluates.

``worker.py ADDRESS FLAGS WORKERS``: keys start with ``flag-``. Each worker prints one line of JSON.
"""

from __future__ import annotations

import gc
import json
import os
import sys

from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext

ASKED = 100


def unique_kilobytes() -> int:
    """Memory that no other process shares (proc(5): smaps_rollup)."""
    with open("/proc/self/smaps_rollup") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def work(provider: BurgeeProvider, flags: int, ready: int, go_on: int, end: int) -> None:
    """Evaluate some flags, wait until all workers have, and say what it cost."""
    before = unique_kilobytes()
    for number in range(0, flags, flags // ASKED):
        details = provider.resolve_boolean_details(
            f"flag-{number:05}", False, EvaluationContext("u", {"plan": "pro"})
        )
        assert details.value is True, details
    os.write(ready, b"x")
    os.read(go_on, 1)
    # One write, since all workers share the output.
    os.write(1, json.dumps({"before": before, "after": unique_kilobytes()}).encode() + b"\n")
    # Once another one has ended, what was shared with it counts as one's own.
    os.write(ready, b"x")
    os.read(end, 1)


def main(address: str, flags: int, workers: int) -> None:
    """Fork the workers and wait for their end."""
    provider = BurgeeProvider(address, resolver="in-process")
    provider.resolve_boolean_details("flag-00001", False)
    gc.freeze()
    ready, go_on, end = os.pipe(), os.pipe(), os.pipe()
    children = []
    for _ in range(workers):
        child = os.fork()
        if not child:
            os.close(go_on[1])
            os.close(end[1])
            try:
                work(provider, flags, ready[1], go_on[0], end[0])
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    os.close(ready[1])
    for all_may in (go_on[1], end[1]):
        for _ in children:
            os.read(ready[0], 1)
        os.write(all_may, b"x" * workers)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
