"""The vectors through the OpenFeature client, by every way to an answer, blocking and asynchronous."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee.clock import SystemClock
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason

from tests.support.vector_daemon import VectorDaemon
from tests.support.vectors import Vector, same
from tests.support.ways import MAPPED, SOCKET, WAYS, FileClockOf, Way

CALLERS_OWN: dict[str, tuple[Any, ...]] = {
    "boolean": (True, False),
    "string": ("the caller's own",),
    "integer": (-20_261_120,),
    "float": (-2026.25,),
    "object": ({"the caller's": ["own"]},),
}
"""Default values to ask with, by type. No vector serves one, but for booleans: those are asked for twice."""

PATIENCE = 20.0
"""Seconds for one call: what is measured here is what it answers, on machines that are shared."""


STALL = 10.0
"""Seconds that a machine may be too busy for heartbeats: answers are STALE then, and asked for again."""


QUICK = (MAPPED, SOCKET)
PARAMETERS = [
    *(pytest.param((way, 2), id=f"{way}, by turns") for way in QUICK),
    *(pytest.param((way, 1), id=str(way), marks=pytest.mark.long) for way in WAYS),
]
"""Ways, and how many callers share the vectors. By turns, the blocking client asks about one vector and the
asynchronous one about the next; all vectors by each, and the ways over TCP, come in the long run.
"""


class Clients(NamedTuple):
    """A client for each selector that the daemon's vectors use.

    Attributes:
        turns: how many callers share the vectors.
    """

    by_selector: dict[str, OpenFeatureClient]
    turns: int

    def get(self, vector: Vector) -> OpenFeatureClient:
        return self.by_selector[vector.selector]


@pytest.fixture(params=PARAMETERS)
def clients(request: pytest.FixtureRequest, vector_daemon: VectorDaemon) -> Iterator[Clients]:
    way: Way
    way, turns = request.param
    options: dict[str, Any] = {"deadline": PATIENCE, "initialize_deadline": PATIENCE}
    if way.evaluates_here:
        options["clock"] = FileClockOf(vector_daemon.clock_file, SystemClock())
    else:
        # A kept answer would be of a moment before the daemon's clock was set.
        options["cache_size"] = 0
    clients = {}
    for selector in {vector.selector for vector in vector_daemon.file.vectors}:
        domain = f"selector {selector}"
        provider = way.provider(vector_daemon.daemon, selector=selector, **options)
        api.set_provider_and_wait(provider, domain)
        assert way.goes_there(provider)
        clients[selector] = api.get_client(domain)
    try:
        yield Clients(clients, turns)
    finally:
        api.shutdown()


def context_of(vector: Vector) -> EvaluationContext:
    """The context as an application would build it."""
    attributes = dict(vector.context)
    return EvaluationContext(attributes.pop("targetingKey", None), attributes)


def wrong_details(vector: Vector, default: Any, details: FlagEvaluationDetails[Any]) -> list[str]:
    """What about the details is not as a vector expects."""
    expected = vector.expected
    pairs = [
        ("key", vector.flag, details.flag_key),
        ("value", expected.value if expected.has_value else default, details.value),
        ("variant", expected.variant, details.variant),
        ("reason", expected.reason, None if details.reason is None else str(details.reason)),
        ("code", expected.error_code, None if details.error_code is None else details.error_code.value),
        ("metadata", dict(expected.metadata), dict(details.flag_metadata)),
    ]
    problems = [
        f"{vector}, asked with {default!r}: {what}: expected {want!r}, got {got!r} ({details.error_message})"
        for what, want, got in pairs
        if not same(want, got)
    ]
    if expected.error_code is not None and not details.error_message:
        problems.append(f"{vector}: the error has no text")
    return problems


def questions(vector_daemon: VectorDaemon, turns: int, turn: int) -> Iterator[tuple[Vector, Any]]:
    """Each vector whose turn it is, at its moment, with each default value to ask with."""
    for vector in vector_daemon.file.vectors[turn % turns :: turns]:
        vector_daemon.set_time_of(vector)
        for default in CALLERS_OWN[vector.flag_type]:
            yield vector, default


def is_stale(details: FlagEvaluationDetails[Any]) -> bool:
    return details.reason == Reason.STALE


def test_the_blocking_client_answers_as_the_language_says(
    vector_daemon: VectorDaemon, clients: Clients
) -> None:
    problems = []
    for vector, default in questions(vector_daemon, clients.turns, 0):
        evaluate = getattr(clients.get(vector), f"get_{vector.flag_type}_details")
        until = time.monotonic() + STALL
        while is_stale(details := evaluate(vector.flag, default, context_of(vector))):
            assert time.monotonic() < until, f"{vector}: {details}"
        problems += wrong_details(vector, default, details)
    assert not problems, "\n".join(problems)


async def test_the_asynchronous_client_answers_as_the_language_says(
    vector_daemon: VectorDaemon, clients: Clients
) -> None:
    problems = []
    for vector, default in questions(vector_daemon, clients.turns, 1):
        evaluate = getattr(clients.get(vector), f"get_{vector.flag_type}_details_async")
        until = time.monotonic() + STALL
        while is_stale(details := await evaluate(vector.flag, default, context_of(vector))):
            assert time.monotonic() < until, f"{vector}: {details}"
        problems += wrong_details(vector, default, details)
    assert not problems, "\n".join(problems)
