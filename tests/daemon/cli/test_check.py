"""`burgee check`: what it prints, piped and on a terminal, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.daemon.cli.running import Ended, failed, succeeded, without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import run_command


def test_check_says_ok_and_what_is_in_it(definition: Path) -> None:
    lines = succeeded("check", definition, "--now", "2026-11-20T12:00:00Z").splitlines()
    assert lines[0].startswith(f"{definition}:13:3: warning: flag `for-code` answers everyone alike")
    assert lines[-1] == f"{definition}: ok, 3 flags, 1 override, 1 warning"


def test_check_tells_every_fault_with_file_line_column_and_remedy(faulty: Path) -> None:
    ended = run_command("check", faulty)
    assert ended.returncode == 1 and ended.stderr == ""
    assert re.search(rf"^{re.escape(str(faulty))}:3:5: error: .*defaultVarient", ended.stdout, re.MULTILINE)
    assert re.search(rf"^{re.escape(str(faulty))}:6:\d+: error: .*missing", ended.stdout, re.MULTILINE)
    assert "did you mean `defaultVariant`?" in ended.stdout and ended.stdout.endswith(
        "2 faults, no warnings\n"
    )


def test_check_in_json_holds_the_same(faulty: Path, definition: Path) -> None:
    ended = run_command("check", faulty, definition, "--json")
    report = json.loads(ended.stdout)
    bad, good = report["sources"]
    assert ended.returncode == 1 and report["ok"] is False
    assert [(fault["file"], fault["line"]) for fault in bad["faults"]] == [(str(faulty), 3), (str(faulty), 6)]
    assert (good["ok"], good["flags"], good["overrides"], good["faults"]) == (True, 3, 1, [])


def test_check_of_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    ended = run_command("check", tmp_path / "missing.yaml")
    assert ended.returncode == 1 and str(tmp_path / "missing.yaml") in ended.stdout


def test_check_warns_of_an_override_that_leads_nowhere_between_layers(
    tmp_path: Path, definition: Path
) -> None:
    top = tmp_path / "top.yaml"
    top.write_text("overrides:\n  customer:\n    c-1: {no-such-flag: on}\n")
    ended = run_command("check", definition, top)
    assert ended.returncode == 0
    assert re.search(rf"^{re.escape(str(top))}:3:\d+: warning: inactive: ", ended.stdout, re.MULTILINE)


def test_check_reads_a_directory_as_one_definition(tmp_path: Path) -> None:
    directory = tmp_path / "flags"
    directory.mkdir()
    (directory / "a.yaml").write_text("flags: {a: {defaultVariant: on}}\n")
    (directory / "b.json").write_text('{"flags": {"b": {"defaultVariant": "on"}}}')
    assert "ok, 2 flags" in succeeded("check", directory)


def test_check_without_a_file_is_wrong_usage(burgee: Callable[..., Ended]) -> None:
    ended = burgee("check")
    assert ended.returncode == 2 and "FILE" in ended.stderr


def test_check_of_an_unknown_kind_of_source_is_wrong_usage() -> None:
    assert "ftp" in failed(2, "check", "ftp://example.com/a.yaml")


def test_check_prints_no_control_character_of_a_definition(tmp_path: Path) -> None:
    (tmp_path / "hostile.json").write_text('{"flags": {"a": {"\\u001b[31mx\\u202e": 1}}}')
    ended = run_command("check", tmp_path / "hostile.json")
    assert ended.returncode == 1 and not {"\x1b", "\u202e"} & set(ended.stdout)


def test_check_on_a_terminal_is_coloured(faulty: Path) -> None:
    with Terminal("check", faulty) as terminal:
        code = terminal.end()
    assert code == 1 and "\x1b[1;31m" in terminal.output
    assert f"{faulty}:3:5: error: " in without_colour(terminal.output)
