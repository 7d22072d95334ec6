"""`burgee test`: expectations of real files, what is printed of them, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon.cli.running import Ended, failed, succeeded, without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import REPOSITORY, run_command, running_daemon

FLAGS = """\
flags:
  limit:
    variants: {low: 1, high: 10}
    defaultVariant: low
    rules:
      - {name: pro, when: {plan: pro}, serve: high}
      - {name: sale, from: 2026-12-01T00:00:00Z, until: 2026-12-02T00:00:00Z, serve: high}
overrides:
  organization:
    acme: {limit: {rules: [{name: beta, when: {beta: true}, serve: high}]}}
"""
MET = """\
tests:
  - {name: pros, flag: limit, context: {plan: pro}, expected: {value: 10, rule: pro}}
  - {flag: limit, context: {plan: free}, time: 2026-11-20T00:00:00Z, expected: {variant: low}}
  - {flag: limit, time: 2026-12-01T12:00:00Z, expected: {rule: sale}}
  - {flag: limit, context: {organization: acme, beta: true}, expected: {scope: acme}}
"""
UNMET = """\
tests:
  - name: pros have little
    flag: limit
    context: {plan: pro}
    expected: {value: 1, variant: high}
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, name: str = "flags.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_all_met_and_all_covered_ends_with_0(written: Callable[..., Path]) -> None:
    said = succeeded("test", written(FLAGS + MET))
    assert said == (
        "4 expectations: 4 passed, 0 failed; 3 of 3 (100 %) rules hit, 2 of 2 (100 %) variants served\n"
    )


def test_a_failure_tells_expected_and_actual_and_what_decided_with_places(
    written: Callable[..., Path],
) -> None:
    path = written(FLAGS + UNMET)
    ended = run_command("test", path)
    lines = ended.stdout.splitlines()
    assert ended.returncode == 1 and ended.stderr == ""
    assert lines[:3] == [
        f"{path}:12:5: failed: pros have little",
        "    value: expected 1, got 10",
        f'    decided by rule pro: plan is "pro": is "pro"; serves high ({path}:6:9)',
    ]
    assert lines[-1].startswith("1 expectation: 0 passed, 1 failed; 1 of 3 (33 %) rules hit, 1 of 2 (50 %)")


def test_rules_never_hit_and_variants_never_served_are_listed_with_places(
    written: Callable[..., Path],
) -> None:
    path = written(FLAGS + UNMET)
    rows = [line.split("\t") for line in run_command("test", path).stdout.splitlines() if "\t" in line]
    assert rows == [
        ["rule never hit", "sale", "limit", f"{path}:7:9"],
        ["rule never hit", "beta", "limit for organization acme", f"{path}:10:28"],
        ["variant never served", "low", "limit", f"{path}:3:16"],
    ]


def test_branches_never_taken_are_listed_with_places_and_count(written: Callable[..., Path]) -> None:
    path = written(
        "flags:\n"
        "  f:\n"
        "    variants: {on: true, off: false}\n"
        "    targeting: {if: [{var: a}, on, {var: b}, on, off]}\n"
        "tests: [{flag: f, context: {a: 1}, expected: {value: true}}, {flag: f, expected: {value: false}}]\n"
    )
    said = succeeded("test", path)
    assert said == (
        f"branch never taken\tif[3]\tf\t{path}:4:46\n"
        "2 expectations: 2 passed, 0 failed; 0 of 0 (100 %) rules hit, 2 of 3 (66 %) branches taken, "
        "2 of 2 (100 %) variants served\n"
    )
    branches = json.loads(succeeded("test", path, "--json"))["coverage"]["branches"]
    assert (branches["number"], branches["reached"]) == (3, 2)
    assert branches["missed"][0]["path"] == "flags.f.targeting.if[3]"
    assert run_command("test", path, "--coverage-required", "67").returncode == 1


def test_variants_that_a_boolean_flag_has_by_itself_stand_where_the_flag_stands(
    written: Callable[..., Path],
) -> None:
    path = written("flags:\n  a: {defaultVariant: on}\ntests: [{flag: a, expected: {value: true}}]\n")
    assert f"variant never served\toff\ta\t{path}:2:3\n" in succeeded("test", path)


def test_json_holds_failures_and_coverage(written: Callable[..., Path]) -> None:
    path = written(FLAGS + UNMET)
    ended = run_command("test", path, "--json", "--now", "2026-11-20T00:00:00Z")
    report = json.loads(ended.stdout)
    assert ended.returncode == 1
    assert (report["ok"], report["expectations"], report["passed"], report["failed"]) == (False, 1, 0, 1)
    (failure,) = report["failures"]
    assert (failure["name"], failure["line"], failure["path"]) == ("pros have little", 12, "tests[0]")
    assert failure["time"] == "2026-11-20T00:00:00Z"
    assert failure["differences"] == [{"field": "value", "expected": 1, "actual": 10}]
    assert failure["decidedBy"]["name"] == "rule pro" and failure["decidedBy"]["origin"]["line"] == 6
    rules = report["coverage"]["rules"]
    assert (rules["number"], rules["reached"], rules["percent"]) == (3, 1, 33.33)
    assert [(each["name"], each["line"]) for each in rules["missed"]] == [("sale", 7), ("beta", 10)]
    assert rules["missed"][1]["scope"] == "acme"


def test_too_little_coverage_ends_with_1(written: Callable[..., Path]) -> None:
    path = written(FLAGS + UNMET.replace("value: 1", "value: 10"))
    assert run_command("test", path, "--coverage-required", "33").returncode == 0
    ended = run_command("test", path, "--coverage-required", "33.4")
    assert ended.returncode == 1 and ended.stdout.endswith("coverage is below 33.4 %\n")


def test_expectations_of_one_layer_are_about_all_layers(written: Callable[..., Path]) -> None:
    expected = (
        "tests: [{flag: limit, context: {organization: acme, beta: true}, expected: {variant: high}}]\n"
    )
    base = written(FLAGS + expected)
    top = written("overrides: {organization: {acme: {limit: low}}}\n", "top.yaml")
    assert run_command("test", base).returncode == 0
    ended = run_command("test", base, top)
    assert ended.returncode == 1 and f"{base}:11:9: failed: flag limit\n" in ended.stdout
    assert f'decided by organization: "acme": variant low = 1 ({top}:1:35)\n' in ended.stdout


def test_the_files_of_a_directory_are_tested_together(tmp_path: Path) -> None:
    directory = tmp_path / "flags"
    directory.mkdir()
    (directory / "a.yaml").write_text(FLAGS)
    (directory / "b.json").write_text(
        '{"tests": [{"flag": "limit", "context": {"plan": "pro"}, "expected": {"value": 10}}]}'
    )
    assert succeeded("test", directory).splitlines()[-1].startswith("1 expectation: 1 passed")


def test_an_unknown_flag_is_a_fault_with_place_and_suggestion(written: Callable[..., Path]) -> None:
    path = written(FLAGS + MET.replace("flag: limit, time", "flag: limti, time"))
    ended = run_command("test", path)
    assert ended.returncode == 1
    assert ended.stdout.splitlines() == [
        f"{path}:14:6: error: unknown flag `limti` (at tests[2].flag)",
        "    did you mean `limit`?",
        "1 fault: nothing was run",
    ]


def test_a_faulty_definition_is_not_tested(faulty: Path) -> None:
    said = failed(1, "test", faulty)
    assert f"{faulty}:3:5" in said and f"{faulty}:6:" in said


def test_where_there_are_no_expectations_it_ends_with_2(definition: Path) -> None:
    assert "no FILE has `tests`" in failed(2, "test", definition)


def test_now_is_for_expectations_without_a_time(written: Callable[..., Path]) -> None:
    path = written(FLAGS + "tests: [{flag: limit, expected: {rule: sale}}]\n")
    assert run_command("test", path, "--now", "2026-12-01T00:00:00Z").returncode == 0
    assert run_command("test", path, "--now", "2026-12-02T00:00:00Z").returncode == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--coverage-required", "101"], "--coverage-required"),
        (["--now", "tomorrow"], "RFC 3339"),
    ],
)
def test_wrong_usage_of_test_is_told(
    burgee: Callable[..., Ended], definition: Path, options: list[str], said: str
) -> None:
    ended = burgee("test", definition, *options)
    assert (ended.returncode, ended.stdout) == (2, "") and said in ended.stderr


def test_no_control_character_of_an_expectation_is_printed(written: Callable[..., Path]) -> None:
    path = written(FLAGS + UNMET.replace("pros have little", '"\\e[31mred\\u202E"'))
    ended = run_command("test", path)
    assert ended.returncode == 1 and "red" in ended.stdout
    assert not {"\x1b", "\u202e"} & set(ended.stdout)


def test_a_daemon_serves_a_definition_with_expectations_as_one_without(
    tmp_path: Path, written: Callable[..., Path]
) -> None:
    with running_daemon(tmp_path, "--source", written(FLAGS + UNMET)) as daemon:
        assert daemon.evaluate("limit", {"plan": "pro"})["value"] == 10


def test_the_expectations_under_config_are_met_and_cover_everything() -> None:
    path = REPOSITORY / "config" / "session-persistence.yaml"
    assert run_command("test", path, "--coverage-required", "100").returncode == 0


def test_a_run_on_a_terminal_is_a_coloured_table(written: Callable[..., Path]) -> None:
    with Terminal("test", written(FLAGS + UNMET)) as terminal:
        code = terminal.end()
    assert code == 1 and "\x1b[1;31mfailed: " in terminal.output
    assert "rule never hit" in without_colour(terminal.output) and "where" in without_colour(terminal.output)
