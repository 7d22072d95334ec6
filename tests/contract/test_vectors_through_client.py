"""The vectors through the OpenFeature client: provider, socket and daemon, blocking and asynchronous."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails

from tests.support.vector_daemon import VectorDaemon
from tests.support.vectors import Vector, same

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


@pytest.fixture
def clients(vector_daemon: VectorDaemon) -> Iterator[dict[str, OpenFeatureClient]]:
    """A client for each selector that the daemon's vectors use."""
    address = f"unix://{vector_daemon.daemon.socket}"
    clients = {}
    for selector in {vector.selector for vector in vector_daemon.file.vectors}:
        domain = f"selector {selector}"
        provider = BurgeeProvider(address, selector=selector, deadline=PATIENCE, initialize_deadline=PATIENCE)
        api.set_provider_and_wait(provider, domain)
        clients[selector] = api.get_client(domain)
    try:
        yield clients
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


def test_the_blocking_client_answers_as_the_language_says(
    vector_daemon: VectorDaemon, clients: dict[str, OpenFeatureClient]
) -> None:
    problems = []
    for vector in vector_daemon.file.vectors:
        vector_daemon.set_time_of(vector)
        evaluate = getattr(clients[vector.selector], f"get_{vector.flag_type}_details")
        for default in CALLERS_OWN[vector.flag_type]:
            problems += wrong_details(vector, default, evaluate(vector.flag, default, context_of(vector)))
    assert not problems, "\n".join(problems)


async def test_the_asynchronous_client_answers_as_the_language_says(
    vector_daemon: VectorDaemon, clients: dict[str, OpenFeatureClient]
) -> None:
    problems = []
    for vector in vector_daemon.file.vectors:
        vector_daemon.set_time_of(vector)
        evaluate = getattr(clients[vector.selector], f"get_{vector.flag_type}_details_async")
        for default in CALLERS_OWN[vector.flag_type]:
            details = await evaluate(vector.flag, default, context_of(vector))
            problems += wrong_details(vector, default, details)
    assert not problems, "\n".join(problems)
