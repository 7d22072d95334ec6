"""What holds for all tests of the provider's life."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _patient(patience: None) -> None:
    """Their daemons answer; how soon is not the question."""
