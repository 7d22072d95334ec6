"""Forks from one thread after another while other threads evaluate; each child evaluates at once and ends."""

from __future__ import annotations

import os
import sys
import threading

from following import check_mirror, make_provider, phase, say, wait_for_children
from openfeature import api

FORKS = 20
THREADS = 6


def child() -> None:
    """See whether evaluations in the child are right; several of them, so that connections are used again."""
    for number in range(5):
        if phase() == "none":
            os._exit(5)
        check_mirror(number)
    os._exit(0)


def fork(children: list[int]) -> None:
    """Fork in this thread."""
    pid = os.fork()
    if pid == 0:
        child()
    children.append(pid)


if __name__ == "__main__":
    api.set_provider_and_wait(make_provider())
    over = threading.Event()

    def evaluate(start: int) -> None:
        while not over.is_set():
            check_mirror(start)
            phase()

    threads = [threading.Thread(target=evaluate, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    children: list[int] = []
    for _ in range(FORKS):
        forking = threading.Thread(target=fork, args=(children,))
        forking.start()
        forking.join()
    worst = wait_for_children(children)
    over.set()
    for thread in threads:
        thread.join()
    say(role="parent", forks=len(children), worst=worst, phase=phase())
    sys.exit(worst)
