"""`burgee check`: static checks with their places, --strict, and the formats."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon.cli.running import Ended, failed, succeeded, without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import run_command

ODD = """\
flags:
  checkout:
    defaultVariant: off
    expires: 2026-06-30
    rules:
      - {name: paying, when: {plan: [pro, team]}, serve: on}
      - name: professional
        when: {plan: pro, beta: true}
        serve: on
overrides:
  customer:
    c-42: {checkout: {variant: on, until: 2026-07-01T00:00:00Z}}
"""
LATE = ["--now", "2026-07-01T00:00:00Z"]


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / "odd.yaml"
    path.write_text(ODD)
    return path


def test_each_warning_stands_at_its_place_in_order(odd: Path) -> None:
    lines = succeeded("check", odd, *LATE).splitlines()
    places = [line.split(" warning: ")[0] for line in lines if " warning: " in line]
    assert places == [f"{odd}:4:5:", f"{odd}:7:9:", f"{odd}:12:36:"]
    assert lines[-1] == f"{odd}: ok, 1 flag, 1 override, 3 warnings"


def test_what_is_over_depends_on_now(odd: Path) -> None:
    said = succeeded("check", odd, "--now", "2026-06-30T23:59:59Z")
    assert said.endswith(f"{odd}: ok, 1 flag, 1 override, 1 warning\n")


def test_every_warning_comes_with_a_remedy(odd: Path) -> None:
    lines = succeeded("check", odd, *LATE).splitlines()
    assert sum(line.startswith("    ") for line in lines) == 3


def test_strict_makes_faults_of_warnings(odd: Path) -> None:
    ended = run_command("check", odd, "--strict", *LATE)
    assert ended.returncode == 1 and ended.stderr == ""
    assert f"{odd}:7:9: error: rule `professional`" in ended.stdout
    assert ended.stdout.endswith(f"{odd}: 3 faults, no warnings\n")


def test_strict_has_nothing_against_a_sound_file(tmp_path: Path) -> None:
    path = tmp_path / "sound.yaml"
    path.write_text("flags: {a: {defaultVariant: off, rules: [{when: {plan: pro}, serve: on}]}}\n")
    assert succeeded("check", path, "--strict") == f"{path}: ok, 1 flag, no overrides, no warnings\n"


@pytest.mark.parametrize("how", [["--json"], ["--format", "json"], ["--json", "--format", "json"]])
def test_json_names_the_check_and_the_place(odd: Path, how: list[str]) -> None:
    report = json.loads(succeeded("check", odd, *LATE, *how))
    (source,) = report["sources"]
    assert report["ok"] and source["faults"] == []
    assert [(each["check"], each["line"]) for each in source["warnings"]] == [
        ("expired", 4),
        ("shadowed-rule", 7),
        ("expired-window", 12),
    ]


def test_strict_json_lists_warnings_among_the_faults(odd: Path) -> None:
    ended = run_command("check", odd, *LATE, "--strict", "--json")
    report = json.loads(ended.stdout)
    (source,) = report["sources"]
    assert (ended.returncode, report["ok"], source["ok"], source["warnings"]) == (1, False, False, [])
    assert {each["severity"] for each in source["faults"]} == {"error"}


def test_github_gets_a_workflow_command_for_each(odd: Path) -> None:
    lines = succeeded("check", odd, *LATE, "--format", "github").splitlines()
    assert len(lines) == 3
    assert lines[1].startswith(f"::warning file={odd},line=7,col=9,title=burgee shadowed-rule::rule ")
    assert lines[1].endswith("%0Amove it above rule `paying` (rules[0]), or remove it")


def test_github_gets_errors_of_faulty_and_of_missing_files(faulty: Path, tmp_path: Path) -> None:
    ended = run_command("check", faulty, tmp_path / "missing.yaml", "--format", "github")
    lines = ended.stdout.splitlines()
    assert ended.returncode == 1 and len(lines) == 3
    assert lines[0].startswith(f"::error file={faulty},line=3,col=5::unknown field")
    assert lines[2].startswith(f"::error file={tmp_path / 'missing.yaml'}::")


def test_github_is_told_nothing_that_it_could_take_for_another_command(tmp_path: Path) -> None:
    path = tmp_path / "a,b: 100%\n::error::x.yaml"
    path.write_text('flags: {"f::set-env name=A::%0A, b: c": {}}\n')
    (line,) = succeeded("check", path, "--format", "github").splitlines()
    command, properties, message = re.fullmatch(r"::(\w+) (.*?)::(.*)", line).groups()  # type: ignore[union-attr]
    assert command == "warning"
    file, *others = properties.split(",")
    assert file == f"file={tmp_path}/a%2Cb%3A 100%25%0A%3A%3Aerror%3A%3Ax.yaml"
    assert others == ["line=1", "col=9", "title=burgee constant-flag"]
    assert "%250A, b: c" in message and "\n" not in message


def test_layers_are_looked_through_together(tmp_path: Path, odd: Path) -> None:
    top = tmp_path / "top.yaml"
    top.write_text("overrides:\n  customer:\n    c-42: {checkuot: on}\n    c-43: {checkout: off}\n")
    report = json.loads(succeeded("check", odd, top, "--json", "--now", "2026-01-01T00:00:00Z"))
    assert [(each["check"], each["file"], each["line"]) for each in report["sources"][1]["warnings"]] == [
        ("inactive", str(top), 3)
    ]
    assert report["sources"][1]["warnings"][0]["remedy"] == "did you mean `checkout`?"


def test_nothing_is_looked_through_while_a_layer_has_faults(odd: Path, faulty: Path) -> None:
    ended = run_command("check", odd, faulty, "--json", *LATE)
    assert ended.returncode == 1 and json.loads(ended.stdout)["sources"][0]["warnings"] == []


def test_places_are_found_in_every_format(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"flags": {\n "a": {}}}')
    (tmp_path / "a.toml").write_text("[flags]\n[flags.a]\n")
    (tmp_path / "a.yml").write_text("flags:\n  a: {}\n")
    for name in ("a.json", "a.toml", "a.yml"):
        (source,) = json.loads(succeeded("check", tmp_path / name, "--json"))["sources"]
        assert [(each["check"], each["line"]) for each in source["warnings"]] == [("constant-flag", 2)]


def test_five_thousand_flags_are_checked_in_seconds(tmp_path: Path) -> None:
    path = tmp_path / "many.json"
    rules = [{"when": {"plan": "pro"}, "serve": "on"}, {"when": {"plan": "pro", "seats": 1}, "serve": "off"}]
    flags = {f"f-{number}": {"defaultVariant": "off", "rules": rules} for number in range(5_000)}
    path.write_text(json.dumps({"flags": flags}))
    ended = run_command("check", path, "--json", seconds=100)
    (source,) = json.loads(ended.stdout)["sources"]
    assert len(source["warnings"]) == 5_000 and all(each["column"] for each in source["warnings"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--json", "--format", "text"], "give one"),
        (["--format", "xml"], "github"),
        (["--now", "tomorrow"], "RFC 3339"),
    ],
)
def test_wrong_usage_of_check_is_told(
    burgee: Callable[..., Ended], odd: Path, options: list[str], said: str
) -> None:
    ended = burgee("check", odd, *options)
    assert (ended.returncode, ended.stdout) == (2, "") and said in ended.stderr


def test_a_faulty_expectation_is_a_fault_of_check_too(tmp_path: Path) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text("tests:\n  - {flag: a, expected: {varient: on}}\n")
    ended = run_command("check", path)
    assert ended.returncode == 1 and f"{path}:2:26: error: unknown field `varient`" in ended.stdout
    assert failed(1, "test", path).startswith(f"burgee: {path} cannot be used: {path}:2:26")


def test_warnings_on_a_terminal_are_coloured(odd: Path) -> None:
    with Terminal("check", odd, *LATE) as terminal:
        code = terminal.end()
    assert code == 0 and "\x1b[33mwarning: " in terminal.output
    assert f"{odd}:7:9: warning: rule `professional`" in without_colour(terminal.output)
