"""A definition that reads countries, a database that tells them, and a daemon with both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.geography.definitions import write_definition
from tests.support.country_database import write_database
from tests.support.daemon import RunningDaemon, running_daemon


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    return write_definition(tmp_path / "flags.json")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return write_database(tmp_path / "countries.mmdb")


@pytest.fixture
def daemon(tmp_path: Path, flags: Path, database: Path) -> Iterator[RunningDaemon]:
    with running_daemon(tmp_path, "--source", flags, "--geoip", database) as running:
        yield running
