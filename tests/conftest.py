"""What holds for all tests."""

from __future__ import annotations

import signal

from tests.support.postgresql import postgresql_database, postgresql_server

__all__ = ["postgresql_database", "postgresql_server"]


def pytest_configure() -> None:
    """Let interrupts reach the programs that tests start: whoever runs the tests in the background has them
    ignored, and that is inherited.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
