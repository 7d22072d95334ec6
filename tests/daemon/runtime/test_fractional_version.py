"""Which generation of flagd's ``fractional`` answers: the document's own, else the daemon's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import clean_environment, run_command, running_daemon

VARIANTS = {str(number): number for number in range(100)}
FLAG = {
    "variants": VARIANTS,
    "defaultVariant": "0",
    "targeting": {"fractional": [{"var": "targetingKey"}, *([name, 1] for name in VARIANTS)]},
}
CONTEXT = {"targetingKey": "u-1"}


def document(flag_set: str = "", **stated: Any) -> dict[str, Any]:
    return {"metadata": {"flagSetId": flag_set}, "flags": {"split": FLAG}, **stated}


def answered(*arguments: object, **variables: str) -> Any:
    ended = run_command(
        *("eval", "split", "--targeting-key", "u-1", "--json", *arguments),
        environment=clean_environment(**variables),
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)["value"]


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """A document that does not say which generation it means."""
    path = tmp_path / "silent.json"
    path.write_text(json.dumps(document("silent")))
    return path


@pytest.fixture
def second(tmp_path: Path) -> Path:
    path = tmp_path / "second.json"
    path.write_text(json.dumps(document("second", fractionalVersion=2)))
    return path


def test_the_option_moves_documents_that_do_not_say(tmp_path: Path, silent: Path, second: Path) -> None:
    values = []
    for option in ((), ("--fractional", "2"), ("--fractional", "3")):
        with running_daemon(tmp_path, "--source", silent, "--source", second, *option) as daemon:
            for name in ("silent", "second"):
                headers = {"Flagd-Selector": f"flagSetId={name}"}
                values.append(daemon.evaluate("split", CONTEXT, headers=headers)["value"])
            status = daemon.status()
    assert values[0] == values[1] == values[2] == values[3] == values[5] != values[4]
    shown = {each["flagSetId"]: each["fractionalVersion"] for each in status["flagSets"]}
    assert (status["fractionalVersion"], shown) == (3, {"silent": 3, "second": 2})


def test_local_evaluation_and_the_daemon_agree(tmp_path: Path, silent: Path) -> None:
    with running_daemon(tmp_path, "--source", silent, "--fractional", "3") as daemon:
        served = daemon.evaluate("split", CONTEXT)["value"]
    local = answered("--source", silent, "--fractional", "3")
    by_environment = answered("--source", silent, BURGEE_FRACTIONAL="3")
    explained = run_command(
        "explain", "split", "--source", silent, "--fractional=3", "-c", "targetingKey=u-1"
    )
    assert served == local == by_environment != answered("--source", silent)
    assert f"split = {served}" in explained.stdout


def test_expectations_are_held_against_the_generation_that_is_stated(tmp_path: Path, silent: Path) -> None:
    value = answered("--source", silent, "--fractional", "3")
    path = tmp_path / "tested.json"
    path.write_text(
        json.dumps(document(tests=[{"flag": "split", "context": CONTEXT, "expected": {"value": value}}]))
    )
    third, second, by_environment = (
        run_command("test", path, *options, environment=clean_environment(**variables)).returncode
        for options, variables in (
            (("--fractional", "3"), {}),
            (("--fractional", "2"), {"BURGEE_FRACTIONAL": "3"}),
            ((), {"BURGEE_FRACTIONAL": "3"}),
        )
    )
    assert (third, second, by_environment) == (0, 1, 0)


@pytest.mark.parametrize("command", ["check", "test"])
def test_what_reads_files_refuses_a_generation_that_there_is_not(command: str, silent: Path) -> None:
    ended = run_command(command, silent, "--fractional", "4")
    assert ended.returncode == 2 and "write 2 or 3" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fractional", "3"), "--source"),
        (("--source", "flags.json", "--fractional", "4"), "write 2 or 3"),
    ],
)
def test_local_evaluation_refuses_what_it_cannot_use(arguments: tuple[str, ...], said: str) -> None:
    ended = run_command("eval", "split", *arguments)
    assert ended.returncode == 2 and said in ended.stderr
