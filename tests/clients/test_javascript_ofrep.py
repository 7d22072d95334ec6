"""The OFREP provider of npm for servers, `@openfeature/ofrep-provider` 0.1.3, against a running daemon."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import DEFINITION, ODD_KEYS
from tests.support.daemon import RunningDaemon
from tests.support.node_packages import script_with_packages

PACKAGES = Path(__file__).with_name("javascript")
DEFAULTS: dict[str, Any] = {"boolean": True, "string": "mine", "number": -1, "object": {"mine": 1}}
TYPE_IN_JAVASCRIPT = {"integer": "number", "float": "number"}
WHO = {"targetingKey": "u-1", "organization": "globex"}

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask_all(
    daemon: RunningDaemon, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[list[list[Any]]], list[dict[str, Any]]]:
    """Ask many questions of one Node process: [type, key, default, context] each."""
    script = script_with_packages(PACKAGES / "evaluate.mjs", PACKAGES, tmp_path_factory.mktemp("node"))

    def ask_all(questions: list[list[Any]]) -> list[dict[str, Any]]:
        process = subprocess.run(
            ["node", str(script), str(daemon.http)],
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        answers: list[dict[str, Any]] = json.loads(process.stdout)
        assert len(answers) == len(questions)
        return answers

    return ask_all


@pytest.fixture(scope="module")
def ask(ask_all: Callable[[list[list[Any]]], list[dict[str, Any]]]) -> Ask:
    """Ask one question, with its type's default."""

    def ask(flag_type: str, key: str, context: dict[str, Any] | None = None) -> dict[str, Any]:
        return ask_all([[flag_type, key, DEFAULTS[flag_type], WHO if context is None else context]])[0]

    return ask


@pytest.mark.parametrize("flag_type", ["boolean", "string", "integer", "float", "object"])
def test_a_flag_of_each_type_arrives_as_it_was_written(ask: Ask, flag_type: str) -> None:
    flag = DEFINITION["flags"][flag_type]
    details = ask(TYPE_IN_JAVASCRIPT.get(flag_type, flag_type), flag_type)
    assert "errorCode" not in details, details
    assert details["variant"] == flag["defaultVariant"]
    assert details["value"] == flag["variants"][flag["defaultVariant"]]
    assert details["flagMetadata"]["version"] == "7"


@pytest.mark.parametrize("flag_type", ["boolean", "string", "number", "object"])
def test_a_disabled_flag_gives_the_callers_value(ask: Ask, flag_type: str) -> None:
    # This version knows no code default: it takes an answer without a value for a broken one.
    key = {"number": "disabled-integer"}.get(flag_type, f"disabled-{flag_type}")
    details = ask(flag_type, key)
    assert details["value"] == DEFAULTS[flag_type]
    assert (details["reason"], details["errorCode"]) == ("ERROR", "GENERAL")


def test_an_unknown_flag_is_reported_as_such(ask: Ask) -> None:
    details = ask("string", "no-such-flag")
    assert (details["value"], details["errorCode"]) == ("mine", "FLAG_NOT_FOUND")
    assert "no-such-flag" in details["errorMessage"]


@pytest.mark.parametrize(
    ("flag_type", "key"),
    [("boolean", "string"), ("string", "boolean"), ("number", "string"), ("object", "string")],
)
def test_a_flag_of_another_type_is_a_type_mismatch(ask: Ask, flag_type: str, key: str) -> None:
    details = ask(flag_type, key)
    assert (details["value"], details["errorCode"]) == (DEFAULTS[flag_type], "TYPE_MISMATCH")


def test_the_context_decides(ask: Ask) -> None:
    acme = ask("boolean", "boolean", {"targetingKey": "u-1", "organization": "acme"})
    assert (acme["value"], acme["variant"], acme["reason"]) == (False, "no", "TARGETING_MATCH")
    assert acme["flagMetadata"]["burgee.source"] == "organization"
    assert ask("boolean", "targeted", {"age": 18})["flagMetadata"]["burgee.rule"] == "adults"


def test_a_split_needs_the_targeting_key_and_says_so(ask: Ask) -> None:
    assert ask("boolean", "needs-key")["reason"] == "SPLIT"
    assert ask("boolean", "needs-key", {"organization": "globex"})["errorCode"] == "TARGETING_KEY_MISSING"


def test_a_key_is_found_whatever_it_holds(
    ask_all: Callable[[list[list[Any]]], list[dict[str, Any]]],
) -> None:
    answers = ask_all([["string", key, "mine", WHO] for key in ODD_KEYS])
    assert [answer["value"] for answer in answers] == list(ODD_KEYS)
