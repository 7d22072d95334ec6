"""What holds for all tests."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

from tests.support.postgresql import postgresql_database, postgresql_server

__all__ = ["postgresql_database", "postgresql_server"]

# How long an example takes is the machine's matter: others run beside the tests.
settings.register_profile(
    "burgee", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("burgee")


def pytest_configure() -> None:
    """Let interrupts reach the programs that tests start: whoever runs the tests in the background has them
    ignored, and that is inherited.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
