"""What every process of a fork test does: evaluate until told to end, and say what it saw.

The flag ``phase`` steers: each new value is printed once, and ``end`` ends the process. The flag ``mirror``
answers each customer with its own name, so that an answer meant for another process would show.
"""

from __future__ import annotations

import json
import os
import sys
import time

from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext

LONGEST = 60.0
"""Seconds after which a process that was not told to end gives up."""
CUSTOMERS = 20


def make_provider(**options: object) -> BurgeeProvider:
    """The provider that the test asked for by its environment."""
    return BurgeeProvider(deadline=5.0, **options)  # type: ignore[arg-type]


def say(**what: object) -> None:
    """Print one line of JSON, whole."""
    os.write(1, (json.dumps({"pid": os.getpid(), **what}) + "\n").encode())


def phase() -> str:
    """Evaluate once."""
    value = api.get_client().get_string_value("phase", "none")
    check_mirror(os.getpid())
    return value


def check_mirror(start: int) -> None:
    """Ask about a few customers; the answer to each has to be its own."""
    client = api.get_client()
    for number in range(start, start + 3):
        customer = f"c{number % CUSTOMERS}"
        answered = client.get_string_value("mirror", "none", EvaluationContext("u", {"customer": customer}))
        if answered not in (customer, "none"):
            say(mixed=[customer, answered])
            os._exit(4)


def knows() -> bool:
    """Whether this process follows the daemon itself, and so knows what it serves without asking."""
    provider = api.get_client().provider
    assert isinstance(provider, BurgeeProvider)
    return provider._heard.generation() is not None


def follow(role: str) -> None:
    """Say each new phase until the last, and that the daemon is followed; else end the process."""
    until = time.monotonic() + LONGEST
    seen = ""
    while time.monotonic() < until:
        value = phase()
        if value != seen:
            say(role=role, phase=value)
            seen = value
        if value == "end" and knows():
            return
        time.sleep(0.01)
    say(role=role, gave_up=seen)
    sys.stdout.flush()
    os._exit(3)


def wait_for_children(children: list[int]) -> int:
    """The worst exit code of forked children."""
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
