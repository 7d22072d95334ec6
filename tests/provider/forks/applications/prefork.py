"""A task queue as celery's prefork pool is: children are forked first and get their tasks through pipes."""

from __future__ import annotations

import os
import sys
import time

from following import follow, knows, make_provider, phase, say, wait_for_children
from openfeature import api

CHILDREN = 3


def work(tasks: int, results: int) -> None:
    """Answer each task with the phase that this process sees."""
    while os.read(tasks, 1):
        value = phase()
        os.write(results, f"{value} {knows()}\n".encode())


if __name__ == "__main__":
    api.set_provider_and_wait(make_provider())
    api.get_client().get_string_value("phase", "none")
    children, queues = [], []
    for _ in range(CHILDREN):
        tasks_out, tasks_in = os.pipe()
        results_out, results_in = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(tasks_in)
            for inherited, _ in queues:
                os.close(inherited)
            work(tasks_out, results_in)
            os._exit(0)
        children.append(child)
        queues.append((tasks_in, results_out))
        os.close(tasks_out)
        os.close(results_in)
    seen = [""] * CHILDREN
    while set(seen) != {"end True"}:
        for number, (tasks_in, results_out) in enumerate(queues):
            os.write(tasks_in, b"t")
            value = os.read(results_out, 100).decode().strip()
            if value != seen[number]:
                say(role=f"child {number}", phase=value.split()[0])
                seen[number] = value
            time.sleep(0.002)
    follow("parent")
    for tasks_in, _ in queues:
        os.close(tasks_in)
    sys.exit(wait_for_children(children))
