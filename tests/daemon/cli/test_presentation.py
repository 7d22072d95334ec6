"""Tables, as a narrow terminal shows them."""

from __future__ import annotations

import sys

import pytest

from burgeed.cli.presentation import print_table
from tests.daemon.cli.running import without_colour


def test_on_a_narrow_terminal_an_instant_stays_on_one_line_and_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    row = ["17", "2026-11-20T12:00:00Z", "uid:1000", "new-checkout for customer c-42 (of shop)", "x" * 100]
    print_table(["revision", "when", "who", "what", "why"], [[(each, "") for each in row]])
    shown = without_colour(capsys.readouterr().out)
    assert "2026-11-20T12:00:00Z" in shown
    assert shown.count("x") == 100 and max(map(len, shown.splitlines())) <= 80
