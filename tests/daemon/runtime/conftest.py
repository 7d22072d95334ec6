"""A definition and a daemon that serves it, for the tests of the process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.runtime.definitions import write
from tests.support.daemon import RunningDaemon, running_daemon


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    return write(tmp_path / "flags.json", a="on")


@pytest.fixture
def daemon(tmp_path: Path, flags: Path) -> Iterator[RunningDaemon]:
    with running_daemon(tmp_path, "--source", flags) as running:
        yield running
