"""The machine: what it is, where a process may run on it, how long a process has been running on it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("aiohttp", "uvloop", "openfeature-sdk", "openfeature-provider-ofrep", "orjson", "watchfiles")


def cores() -> tuple[int, int]:
    """A core for the one that asks and a core for the one that answers; the same where there is but one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile, on one core, as ``taskset`` does; None: no limit."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def running_seconds(pid: int) -> float:
    """Seconds that all threads of a process have spent on a core, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def description() -> str:
    """The machine, the interpreter and the packages that matter, in one line."""
    usable = len(os.sched_getaffinity(0))
    packages = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return (
        f"{_processor()}, {usable} cores, Linux {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}; {packages}"
    )


def load() -> str:
    """How busy the machine is, in the words of ``uptime``."""
    return "load average " + ", ".join(f"{figure:.2f}" for figure in os.getloadavg())


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(none)"
