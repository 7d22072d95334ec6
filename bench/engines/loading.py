"""Takes 10,000 flags over, then the same with 1 % of them changed, in a process that has done nothing else.

Run as ``python -m engines.loading NAME [FLAGS]``; prints one line of JSON.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from engines.engine import WrongAnswer
from engines.registry import loading
from engines.workloads import NO, YES, two_conditions

FLAGS = 10_000
CHANGED = 100
"""Every how many-th flag the second document changes."""

LONGEST = 120.0
BENCH = Path(__file__).resolve().parent.parent


class Taken(NamedTuple):
    """What it took.

    Attributes:
        first: milliseconds of a core, all threads of the process, for the first document and one answer.
        again: the same for the document with 1 % changed, while the first one stands.
        kilobytes: of the document.
    """

    first: float
    again: float
    kilobytes: float


def in_new_process(name: str, flags: int) -> Taken:
    """Measure in a process of its own.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(BENCH), *filter(None, sys.path)))}
    done = subprocess.run(
        [sys.executable, "-m", "engines.loading", name, str(flags)],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        env=environment,
        cwd=BENCH,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-1_000:]}")
    return Taken(*json.loads(done.stdout.splitlines()[-1]))


def measured(name: str, flags: int) -> Taken:
    """Measure in this process."""
    how = loading(name)
    before, after = (two_conditions(flags, changed=moved) for moved in ((), range(0, flags, CHANGED)))
    first, second = how.document(before), how.document(after)
    # The packages are in memory and have done their work once: only what 10,000 flags cost is left.
    warm = how.take(how.document(two_conditions(4)), None)
    if not how.is_on(warm, "many-00000", YES) or how.is_on(warm, "many-00000", NO):
        raise WrongAnswer(f"{name}: of a few flags")
    gc.collect()
    began = time.process_time_ns()
    taken = how.take(first, None)
    right = how.is_on(taken, "many-00000", YES)
    of_first = time.process_time_ns() - began
    began = time.process_time_ns()
    taken = how.take(second, taken)
    right = right and how.is_on(taken, "many-00000", NO)
    of_second = time.process_time_ns() - began
    if not right or not how.is_on(taken, "many-00004", YES) or how.is_on(taken, "many-00000", YES):
        raise WrongAnswer(f"{name}: of {flags} flags")
    return Taken(of_first / 1e6, of_second / 1e6, len(first) / 1e3)


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else FLAGS)), flush=True)
    # Some packages keep threads that do not end: there is nothing left to wait for.
    os._exit(0)
