"""Contexts that nobody has in earnest: each flag is answered, if by an error, and none takes long."""

from __future__ import annotations

from typing import Any

import pytest

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate, evaluate_all
from burgee.resolution import ErrorCode
from burgee.snapshot import Snapshot

NOW = 1_800_000_000.0
X = {"var": "x"}
CONDITIONS: dict[str, Any] = {
    **{operator: [{operator: [X, "a"]}, {operator: ["a", X]}] for operator in ("==", "!=", "<", ">=", "+")},
    **{operator: [{operator: [X, 7]}, {operator: [7, X]}] for operator in ("-", "*", "/", "%", "max", "in")},
    "cat": [{"cat": [X, X]}],
    "substr": [{"substr": [X, 1]}, {"substr": ["abc", X]}],
    "sem_ver": [{"sem_ver": [X, ">=", "1.0.0"]}],
    "missing": [{"missing": X}],
    "var": [{"var": [X, "a"]}],
}
VARIANTS = {"variants": {"on": True, "off": False}, "defaultVariant": "off"}
FLAGS = {
    f"{name} {number}": {**VARIANTS, "targeting": {"if": [condition, "on", "off"]}}
    for name, conditions in CONDITIONS.items()
    for number, condition in enumerate(conditions)
} | {"fractional": {**VARIANTS, "targeting": {"fractional": [X, ["on", 1], ["off", 1]]}}}


def nested(depth: int) -> Any:
    """A list in a list, and so on."""
    value: Any = "a"
    for _ in range(depth):
        value = [value]
    return value


def snapshot(version: Any) -> Snapshot:
    layer, _ = read_layer("flags.json", [SourceDocument({"flags": FLAGS}, "flags.json")])
    return compose([layer], fractional_version=version)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(nested(1_000), id="deep"),
        pytest.param([nested(100), nested(60)], id="one too deep"),
        pytest.param([[1]] * 70_000, id="long"),
        pytest.param("0x" + "f" * 5_000, id="hexadecimal"),
        pytest.param("-" * 50_000, id="signs"),
        pytest.param("1e999", id="infinite"),
        pytest.param("9" * 5_000, id="digits"),
        pytest.param({"a": nested(1_000)}, id="in a mapping"),
        pytest.param("\ud800", id="half"),
    ],
)
def test_each_flag_is_answered_or_is_an_error_of_its_own(version: Any, value: Any) -> None:
    context = {"targetingKey": "u", "x": value}
    served = snapshot(version)
    for answer in evaluate_all(served, context, now=NOW):
        assert answer.error_code in (None, ErrorCode.GENERAL)
        assert answer.error_code is not None or answer.variant in ("on", "off", None)


def test_a_hexadecimal_number_beyond_all_numbers_is_infinite() -> None:
    context = {"targetingKey": "u", "x": "0x" + "f" * 5_000}
    answer = evaluate(snapshot(2), "- 1", context, now=NOW)
    assert (answer.variant, answer.error_code) == ("on", None)


def test_a_list_is_compared_as_text_up_to_its_limits_and_not_beyond() -> None:
    served = snapshot(2)
    for value, error in (
        (nested(65), None),
        (nested(66), ErrorCode.GENERAL),
        ([1] * 32_768, None),
        ([1] * 32_769, ErrorCode.GENERAL),
    ):
        answer = evaluate(served, "== 0", {"targetingKey": "u", "x": value}, now=NOW)
        assert answer.error_code is error, answer
