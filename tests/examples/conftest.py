"""The daemon that the examples are run against: the real one, on the sample, at the sample's noon."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.clocked_daemon import set_clock
from tests.support.daemon import REPOSITORY, RunningDaemon, running_daemon
from tests.support.vectors import NOON, seconds

EXAMPLES = REPOSITORY / "examples"
SAMPLE = REPOSITORY / "config" / "flags.yaml"


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """A daemon on config/flags.yaml."""
    folder = tmp_path_factory.mktemp("daemon")
    clock_file = folder / "clock"
    set_clock(clock_file, seconds(NOON))
    with running_daemon(folder, "--source", SAMPLE, clock_file=clock_file) as running:
        running.wait_ready()
        yield running
