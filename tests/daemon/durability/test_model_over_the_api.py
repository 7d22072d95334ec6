"""The real daemon, over its API, does what a plain model does: restarted, killed, whatever the order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.control_api import ApiDriver
from tests.support.control_machine import ControlMachine


class ApiMachine(ControlMachine):
    """The machine over a real daemon."""

    make_driver = ApiDriver


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        ApiMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            # Each try starts daemons: a failure is shown as it was found.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(400)
def test_the_daemon_does_what_the_model_does() -> None:
    run(examples=2, steps=20)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_the_daemon_does_what_the_model_does_at_length() -> None:
    run(examples=60, steps=50)
