"""The server against its own description: data that fits it, data that does not, and all of schemathesis's
checks of what comes back.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from tests.daemon.server.admin.controlled import Controlled
from tests.daemon.server.admin.threaded import controlled_in_a_thread

STREAMS = {"/ofrep/v1/sse", "/sync/v1/events", "/admin/v1/events"}
"""These answer for as long as they are asked; other tests read them."""

BEYOND_A_SCHEMA = ["2xx", "3xx", "400", "401", "404", "409", "422"]
"""What may be said of data that fits the schema: cursors, references, dates that no calendar has, another's
token are beyond it. What is not among them: 403 with a token that may everything, and 5xx.
"""

EXAMPLES = 2
"""Of each operation; more in the long run."""

SIMPLE_OVERRIDE = {
    "type": "object",
    "properties": {
        "variant": {"enum": ["on", "off"]},
        "lock": {"type": "boolean"},
        "note": {"type": "string"},
    },
    "required": ["variant"],
    "additionalProperties": False,
}
"""Generating from the whole language takes a second for each override."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controlled]:
    with controlled_in_a_thread(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def description(server: Controlled) -> Any:
    return requests.get(f"http://{server.tcp.host}/openapi.json", timeout=10).json()


def check(server: Controlled, description: Any, mode: GenerationMode, examples: int) -> dict[str, set[int]]:
    """Ask every operation; returns which statuses each has answered."""
    schema = schemathesis.openapi.from_dict(description)
    schema.config.update(base_url=f"http://{server.tcp.host}")
    schema.config.checks.positive_data_acceptance.expected_statuses = BEYOND_A_SCHEMA
    token = server.tokens["all"]
    headers = {"Authorization": f"Bearer {token}", "X-API-Key": token}
    answered: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path not in STREAMS:
            answered[operation.label] = ask(operation, headers, mode, examples)
    return answered


def ask(operation: Any, headers: dict[str, str], mode: GenerationMode, examples: int) -> set[int]:
    """Ask one operation; returns which statuses it has answered."""
    statuses: set[int] = set()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples < 10,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: Any) -> None:
        response = case.call(headers=headers, timeout=20)
        statuses.add(response.status_code)
        case.validate_response(response, headers=headers)
        assert response.status_code < 500, response.text

    try:
        asked()
    except Unsatisfiable:
        # What has no parameters can be asked in no wrong way.
        assert mode is GenerationMode.NEGATIVE and not operation.definition.raw.get("parameters")
    return statuses


def simpler(description: Any) -> Any:
    found = copy.deepcopy(description)
    found["components"]["schemas"]["Override"] = SIMPLE_OVERRIDE
    return found


def test_what_fits_the_description_is_answered_as_described(server: Controlled, description: Any) -> None:
    answered = check(server, simpler(description), GenerationMode.POSITIVE, EXAMPLES)
    assert answered["GET /admin/v1/flags"] & {200, 400}
    assert answered["GET /admin/v1/statistics"] == {200}


def test_what_does_not_fit_the_description_is_refused_as_described(
    server: Controlled, description: Any
) -> None:
    answered = check(server, simpler(description), GenerationMode.NEGATIVE, EXAMPLES)
    assert answered["POST /admin/v1/tokens"] == {400}


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_at_length_it_is_as_described(server: Controlled, description: Any, mode: GenerationMode) -> None:
    # What is no override cannot be generated from the whole language, which forbids some things by name.
    check(server, description if mode is GenerationMode.POSITIVE else simpler(description), mode, 20)
