"""`burgee diff`: who would be answered otherwise, in every form it is told, and how it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.cli.running import Ended, failed, succeeded, without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import run_command

OLD = """\
flags:
  new-checkout:
    defaultVariant: off
    rules: [{name: staff, when: {email: {ends_with: "@example.com"}}, serve: on}]
  seats: {variants: {few: 5, many: 500}, defaultVariant: few}
  gone: {defaultVariant: on}
"""

NEW = """\
flags:
  new-checkout:
    defaultVariant: off
    rules: [{name: staff, when: {email: {ends_with: "@example.com"}}, serve: on}]
  seats: {variants: {few: 5, many: 500}, defaultVariant: few}
  gone: {defaultVariant: on}
overrides:
  organization:
    acme: {new-checkout: on}
  customer:
    nobody: {seats: many}
"""

CONTEXTS = """\
{"customer": "c-1", "organization": "acme"}
{"customer": "c-2", "organization": "acme", "email": "a@example.com"}

{"customer": "c-3", "organization": "globex"}
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    paths = tmp_path / "old.yaml", tmp_path / "new.yaml", tmp_path / "contexts.jsonl"
    for path, text in zip(paths, (OLD, NEW, CONTEXTS), strict=True):
        path.write_text(text)
    return paths


def test_piped_it_is_lines_of_tabs_and_ends_with_1(files: tuple[Path, Path, Path]) -> None:
    old, new, contexts = files
    ended = run_command("diff", old, new, "--contexts", contexts)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.splitlines() == [
        "1 of 3 contexts is answered otherwise",
        "",
        "customer\tc-1\t1 of 1",
        "organization\tacme\t1 of 2",
        "",
        "new-checkout\tchanged\t1\tfalse (off)\ttrue (on)",
        "",
        'new-checkout, for example: {"customer":"c-1","organization":"acme"}',
        "",
        "defined otherwise, and no context of the sample is answered otherwise:",
        "seats\tchanged",
    ]


def test_on_a_terminal_it_is_a_table_in_colour(files: tuple[Path, Path, Path]) -> None:
    old, new, contexts = files
    with Terminal("diff", old, new, "--contexts", contexts) as terminal:
        assert terminal.end() == 1
        assert "\x1b[" in terminal.output and "\t" not in terminal.output
        lines = [line.split() for line in without_colour(terminal.output).splitlines()]
    assert ["flag", "change", "contexts", "from", "to"] in lines
    assert ["new-checkout", "changed", "1", "false", "(off)", "true", "(on)"] in lines


def test_as_json_it_is_the_whole_impact(files: tuple[Path, Path, Path]) -> None:
    old, new, contexts = files
    found = json.loads(run_command("diff", old, new, "--contexts", contexts, "--json").stdout)
    assert (found["contexts"], found["affected"]) == (3, 1)
    (seats,) = [flag for flag in found["flags"] if flag["flag"] == "seats"]
    assert (seats["change"], seats["affected"], seats["transitions"]) == ("changed", 0, [])
    (flag,) = [flag for flag in found["flags"] if flag["flag"] == "new-checkout"]
    (transition,) = flag["transitions"]
    assert transition["positions"] == [0]
    assert (transition["before"], transition["after"]) == (
        {"value": False, "variant": "off"},
        {"value": True, "variant": "on"},
    )


def test_as_markdown_nothing_in_a_context_or_a_definition_breaks_out(
    burgee: Callable[..., Ended], tmp_path: Path
) -> None:
    for name, value in (("old.json", "a|b"), ("new.json", "`c`\n<img src=x>")):
        flag = {"variants": {"v": value}, "defaultVariant": "v"}
        (tmp_path / name).write_text(json.dumps({"flags": {"odd|key": flag}}))
    contexts = tmp_path / "contexts.json"
    contexts.write_text(json.dumps([{"customer": "c`|<b>"}]))
    ended = burgee("diff", tmp_path / "old.json", tmp_path / "new.json", "--contexts", contexts, "--markdown")
    assert ended.returncode == 1
    lines = ended.stdout.splitlines()
    assert lines[0] == "**1 of 1 context is answered otherwise**"
    assert r"""| `odd\|key` | changed | 1 | `"a\|b" (v)` | `` "`c`\n<img src=x>" (v) `` |""" in lines
    assert r"| `customer` | `` c`\|<b> `` | 1 of 1 |" in lines
    outside = [line for line in lines if "<" in line and "`" not in line]
    assert outside == ["<details><summary>Examples</summary>", "</details>"]


@pytest.mark.parametrize(
    ("fail_on", "with_contexts", "code"),
    [
        ("change", True, 1),
        ("change", False, 0),
        ("definition", False, 1),
        ("none", True, 0),
    ],
)
def test_what_ends_with_1_can_be_chosen(
    burgee: Callable[..., Ended],
    files: tuple[Path, Path, Path],
    fail_on: str,
    with_contexts: bool,
    code: int,
) -> None:
    old, new, contexts = files
    sample = ["--contexts", contexts] if with_contexts else []
    assert burgee("diff", old, new, *sample, "--fail-on", fail_on).returncode == code


def test_the_same_definition_has_no_impact_and_ends_with_0(
    burgee: Callable[..., Ended], files: tuple[Path, Path, Path]
) -> None:
    old, _, contexts = files
    ended = burgee("diff", old, old, "--contexts", contexts, "--fail-on", "definition")
    assert (ended.returncode, ended.stdout) == (0, "none of 3 contexts is answered otherwise\n")


def test_flags_that_come_and_go_are_told(burgee: Callable[..., Ended], tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps({"flags": {"gone": {"defaultVariant": "on"}}}))
    new.write_text(json.dumps({"flags": {"here": {"defaultVariant": "on"}}}))
    ended = burgee("diff", old, new)
    assert ended.stdout.splitlines()[-2:] == ["gone\tremoved", "here\tadded"]


def test_a_snapshot_a_directory_and_a_file_can_be_compared(
    burgee: Callable[..., Ended], files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    old, new, contexts = files
    snapshot, directory = tmp_path / "old.snapshot", tmp_path / "definitions"
    assert burgee("snapshot", "--source", old, "--output", snapshot).returncode == 0
    directory.mkdir()
    new.rename(directory / "flags.yaml")
    found = json.loads(burgee("diff", snapshot, directory, "--contexts", contexts, "--json").stdout)
    assert (found["affected"], found["contexts"]) == (1, 3)


def test_attributes_can_be_fixed_as_the_daemon_fixes_them(
    burgee: Callable[..., Ended], files: tuple[Path, Path, Path]
) -> None:
    old, new, contexts = files
    ended = burgee("diff", old, new, "--contexts", contexts, "--context", "organization=acme", "--json")
    assert json.loads(ended.stdout)["affected"] == 2


def test_contexts_come_from_standard_input_too(
    burgee: Callable[..., Ended], files: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, contexts = files
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(contexts.read_bytes())))
    assert json.loads(burgee("diff", old, new, "--contexts", "-", "--json").stdout)["affected"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}\n{"a": \n', "contexts.jsonl:2: not JSON"),
        ('{"a": 1}\n[1]\n', "contexts.jsonl:2: a context is a JSON object"),
        ('[{"a": 1}, 2]', "contexts.jsonl, context 1: a context is a JSON object"),
        ("", "contexts.jsonl has no context: write one JSON object a line"),
        (" \n\n", "contexts.jsonl has no context"),
        ("[]", "contexts.jsonl has no context"),
    ],
)
def test_a_sample_that_is_none_ends_with_2_and_says_where(
    burgee: Callable[..., Ended], files: tuple[Path, Path, Path], text: str, said: str
) -> None:
    old, new, contexts = files
    contexts.write_text(text)
    ended = burgee("diff", old, new, "--contexts", contexts)
    assert (ended.returncode, ended.stdout) == (2, "") and said in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--json", "--markdown"], "give one"),
        (["--selector", "a=b"], "flagSetId"),
        (["--now", "tomorrow"], "RFC 3339"),
    ],
)
def test_wrong_usage_ends_with_2(
    burgee: Callable[..., Ended], files: tuple[Path, Path, Path], arguments: list[str], said: str
) -> None:
    ended = burgee("diff", files[0], files[1], *arguments)
    assert ended.returncode == 2 and said in ended.stderr


def test_a_definition_with_faults_ends_with_2(faulty: Path, definition: Path) -> None:
    assert f"{faulty}:3:5" in failed(2, "diff", definition, faulty)


def test_a_damaged_snapshot_ends_with_2(
    burgee: Callable[..., Ended], files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    snapshot = tmp_path / "old.snapshot"
    burgee("snapshot", "--source", files[0], "--output", snapshot)
    data = bytearray(snapshot.read_bytes())
    data[-1] ^= 1
    snapshot.write_bytes(data)
    ended = burgee("diff", snapshot, files[1])
    assert ended.returncode == 2 and "snapshot" in ended.stderr


def test_a_selector_narrows_it_to_one_flag_set(burgee: Callable[..., Ended], tmp_path: Path) -> None:
    def document(of_x: str, of_y: str) -> Path:
        folder = tmp_path / f"{of_x}-{of_y}"
        folder.mkdir()
        for name, variant in (("x", of_x), ("y", of_y)):
            content: Any = {"metadata": {"flagSetId": name}, "flags": {"a": {"defaultVariant": variant}}}
            (folder / f"{name}.json").write_text(json.dumps(content))
        return folder

    contexts = tmp_path / "contexts.json"
    contexts.write_text("[{}]")
    pair = document("on", "off"), document("on", "on")
    told = json.loads(burgee("diff", *pair, "--contexts", contexts, "--json").stdout)
    assert [(flag["flag"], flag["flagSet"]) for flag in told["flags"]] == [("a", "y")]
    narrowed = burgee("diff", *pair, "--contexts", contexts, "--selector", "flagSetId=x")
    assert narrowed.returncode == 0


def test_help_tells_the_exit_codes() -> None:
    assert "Exit code 0" in succeeded("diff", "--help")
