"""What holds for all tests of the provider's life."""

from __future__ import annotations

import pytest
from openfeature import _event_support

from tests.provider.lifecycle.telling import submit_in_order


@pytest.fixture(autouse=True)
def _patient(patience: None) -> None:
    """Their daemons answer; how soon is not the question."""


@pytest.fixture(autouse=True)
def _noted_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told is noted in the order in which the SDK is told."""
    monkeypatch.setattr(_event_support, "_submit_handler", submit_in_order)
