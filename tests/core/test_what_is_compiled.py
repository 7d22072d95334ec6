"""Flags with locks, and flags that only time changes, are compiled: the interpreter is not asked for them."""

from __future__ import annotations

from typing import Any

import pytest

from burgee import compose, evaluate, read
from burgee.compiled import flags as compiled
from burgee.layer import Layer
from tests.core.differential.comparison import snapshot_of

START, COMPLETE = 1_767_225_600, 1_769_904_000
"""2026-01-01 and 2026-02-01, Unix seconds."""

WINDOW = {"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}
ON = {"customer": "c-1", "organization": "acme", "environment": "production", "targetingKey": "u-1"}
DOCUMENT: dict[str, Any] = {
    "flags": {
        "locked": {"defaultVariant": "off"},
        "locked by rules": {"defaultVariant": "off", "rules": [{"when": {"beta": True}, "serve": "on"}]},
        "locked patch": {"variants": {"a": {"x": 1, "y": 1}}, "defaultVariant": "a"},
        "windowed": {"defaultVariant": "off", "rules": [{"serve": "on", **WINDOW}]},
        "requires windowed": {
            "defaultVariant": "off",
            "requires": {"windowed": "on"},
            "rules": [{"serve": "on"}],
        },
    },
    "overrides": {
        "organization": {
            "acme": {
                "locked": {"variant": "on", "lock": True},
                "locked by rules": {"rules": [{"when": {"customer": "c-1"}, "serve": "on"}], "lock": True},
                "locked patch": {"patch": {"x": 2}, "lock": True},
            }
        },
        "customer": {
            "c-1": {
                "locked": "off",
                "locked by rules": "off",
                "locked patch": {"patch": {"x": 3, "y": 3}},
            }
        },
    },
}


@pytest.fixture
def no_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the interpreter was asked")

    monkeypatch.setattr(compiled, "Climb", refuse)


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize(
    ("flag", "context", "value"),
    [
        ("locked", ON, True),
        ("locked", {"customer": "c-1"}, False),
        ("locked by rules", ON, True),
        ("locked by rules", {"organization": "acme", "customer": "c-2"}, False),
        ("locked patch", ON, {"x": 2, "y": 3}),
        ("locked patch", {"organization": "acme"}, {"x": 2, "y": 1}),
    ],
)
def test_a_flag_with_locks_is_compiled(flag: str, context: dict[str, Any], value: Any) -> None:
    assert evaluate(snapshot_of(DOCUMENT), flag, context, now=START).value == value


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize("flag", ["windowed", "requires windowed"])
def test_a_flag_that_only_time_changes_is_compiled_for_each_time(flag: str) -> None:
    snapshot = snapshot_of(DOCUMENT)
    instants = (START - 1, START, COMPLETE - 1, COMPLETE, START)
    assert [evaluate(snapshot, flag, {}, now=now).variant for now in instants] == [
        "off", "on", "on", "off", "on",
    ]  # fmt: skip
    reasons = [str(evaluate(snapshot, "windowed", {}, now=now).reason) for now in instants]
    assert reasons == ["DEFAULT", "TARGETING_MATCH", "TARGETING_MATCH", "STATIC", "TARGETING_MATCH"]


@pytest.mark.filterwarnings("error::SyntaxWarning")
@pytest.mark.parametrize(
    ("fixed", "value"), [("production", True), (7, True), ("", False), (True, False), ("staging", False)]
)
def test_a_level_whose_scope_the_daemon_sets_is_compiled(fixed: Any, value: bool) -> None:
    overrides = {"environment": {"production": {"a": "on"}, "7": {"a": "on"}}}
    document = {"flags": {"a": {"defaultVariant": "off"}}, "overrides": overrides}
    snapshot = compose([Layer("", (read(document),))], fixed={"environment": fixed})
    assert evaluate(snapshot, "a", {"environment": "production"}, now=0).value is value
