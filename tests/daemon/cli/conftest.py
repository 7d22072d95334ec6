"""Definitions, a daemon and the command, for the tests of the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from burgeed.cli import main
from tests.daemon.cli.running import Ended
from tests.support.daemon import RunningDaemon, clean_environment, running_daemon

DEFINITION = """\
flags:
  new-checkout:
    variants: {on: true, off: false}
    defaultVariant: off
    rules:
      - {name: staff, when: {email: {ends_with: "@example.com"}}, serve: on}
      - {name: sale, from: 2026-12-01T00:00:00Z, until: 2026-12-02T00:00:00Z, serve: on}
  seats:
    variants: {few: 5, many: 500}
    defaultVariant: few
    rules:
      - {when: {plan: 3}, serve: many}
  for-code:
    variants: {on: true, off: false}
overrides:
  customer:
    c-42: {new-checkout: on}
"""

FAULTY = """\
flags:
  a:
    defaultVarient: off
  b:
    variants: {on: true}
    defaultVariant: missing
"""


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    path = tmp_path / "flags.yaml"
    path.write_text(DEFINITION)
    return path


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "faulty.yaml"
    path.write_text(FAULTY)
    return path


@pytest.fixture
def daemon(tmp_path: Path, definition: Path) -> Iterator[RunningDaemon]:
    with running_daemon(tmp_path, "--source", definition) as running:
        yield running


@pytest.fixture
def burgee(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """The command, run within this process: for what no process of its own is needed for."""
    for name in set(os.environ) - clean_environment().keys():
        monkeypatch.delenv(name)
    # Nobody's own token is shown to a daemon of the tests.
    monkeypatch.setenv("HOME", "/nonexistent")

    def run(*arguments: object) -> Ended:
        code = main([str(argument) for argument in arguments])
        return Ended(code, *capsys.readouterr())

    return run
