"""Providers that track, in front of daemons that take events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider, tracking_sender

from tests.provider.tracking.sending import ACCEPTED
from tests.support.daemon import RunningDaemon, running_daemon
from tests.support.fake_daemon import FakeDaemon, running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits as short as tests want them."""
    monkeypatch.setattr(tracking_sender, "FLUSH_AFTER", 0.05)
    monkeypatch.setattr(tracking_sender, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(tracking_sender, "LONGEST_PAUSE", 0.02)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDaemon]:
    """A daemon that accepts events, until a test says otherwise."""
    with running(FakeDaemon(str(tmp_path / "burgee.sock"), evaluation=ACCEPTED)) as daemon:
        yield daemon


@pytest.fixture
def provider(fake: FakeDaemon) -> Iterator[BurgeeProvider]:
    """Its provider, not initialized: events need no answer to any evaluation."""
    provider = BurgeeProvider(fake.address)
    yield provider
    provider.tracking.close(0.1)


@pytest.fixture
def sidecar(tmp_path: Path) -> Iterator[RunningDaemon]:
    """The real daemon, which keeps events in ``events.jsonl``."""
    (tmp_path / "flags.yaml").write_text("flags: {f: {defaultVariant: on}}\n")
    with running_daemon(
        tmp_path, "--source", tmp_path / "flags.yaml", "--track", tmp_path / "events.jsonl"
    ) as daemon:
        daemon.wait_ready()
        yield daemon
