"""A place for a database, of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where there is no database yet, or an empty one."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/state/burgee.db"
    return str(request.getfixturevalue("postgresql_database"))
