"""An application that starts workers by multiprocessing, with the method named by its first argument."""

from __future__ import annotations

import multiprocessing
import sys

from following import follow, make_provider
from openfeature import api


def work() -> None:
    """A worker; one that was not forked has no provider yet."""
    if multiprocessing.get_start_method() != "fork":
        api.set_provider_and_wait(make_provider())
    follow("child")


if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    api.set_provider_and_wait(make_provider())
    processes = [multiprocessing.Process(target=work) for _ in range(2)]
    for process in processes:
        process.start()
    follow("parent")
    for process in processes:
        process.join()
    sys.exit(max(process.exitcode or 0 for process in processes))
