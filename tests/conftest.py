"""What holds for all tests."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgresql import postgresql_database, postgresql_server

__all__ = ["postgresql_database", "postgresql_server"]

# How long an example takes is the machine's matter: others run beside the tests.
settings.register_profile(
    "exploring", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# The same examples each time, so that a failure comes of a change and not of chance.
settings.register_profile("burgee", parent=settings.get_profile("exploring"), derandomize=True)


def pytest_configure(config: pytest.Config) -> None:
    """Draw new examples in the long tests, and with ``BURGEE_EXPLORE``.

    Let interrupts reach the programs that tests start: whoever runs the tests in the background has them
    ignored, and that is inherited.
    """
    is_exploring = config.getoption("markexpr") == "long" or "BURGEE_EXPLORE" in os.environ
    settings.load_profile("exploring" if is_exploring else "burgee")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
