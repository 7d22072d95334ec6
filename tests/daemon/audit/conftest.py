"""A log to tamper with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.daemon.audit.logs import fixed_keys, make_log

KEYS = fixed_keys()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 entries in five segments under one checkpoint."""
    return make_log(tmp_path_factory.mktemp("log") / "b.db", 200, keys=KEYS, most_entries=45)


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy2(original, tmp_path / "b.db"))
