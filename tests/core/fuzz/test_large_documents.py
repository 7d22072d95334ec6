"""Documents that are valid, and large or deep in one respect: nothing raises, nothing takes a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import thread_time
from typing import Any

import pytest

from burgee import DefinitionError, Snapshot, evaluate, explain
from tests.core.differential.comparison import disagreements, snapshot_of
from tests.support.targeting_contexts import NOON

X = {"var": "x"}
CONTEXT = {"x": "5", "tags": [[1] * 100] * 100, "targetingKey": "u", "customer": "c5"}
RAMP = {"ramp": {"variant": "on", "start": "2026-01-01T00:00:00Z", "complete": "2027-01-01T00:00:00Z"}}

LONGEST_FIRST_ANSWER = 3.0
"""Seconds of a core, for documents far larger than fuzzed ones, on a busy machine."""


def targeted(targeting: Any, evaluators: dict[str, Any] | None = None) -> dict[str, Any]:
    flag = {"state": "ENABLED", "variants": {"a": 1, "b": 2}, "defaultVariant": "b", "targeting": targeting}
    return {"flags": {"f": flag}, **({"$evaluators": evaluators} if evaluators else {})}


def ruled(*rules: Any, **document: Any) -> dict[str, Any]:
    return {"flags": {"f": {"rules": list(rules)}}, **document}


def within(depth: int, value: Any, wrap: Callable[[Any], Any]) -> Any:
    for _ in range(depth):
        value = wrap(value)
    return value


def chained(length: int, link: Callable[[Any], Any]) -> dict[str, Any]:
    """Evaluators that each refer to the next one."""
    evaluators = {f"e{index}": link({"$ref": f"e{index + 1}"}) for index in range(length)}
    return targeted({"$ref": "e0"}, {**evaluators, f"e{length}": {"==": [X, "5"]}})


def negations(length: int, depth: int) -> dict[str, Any]:
    return chained(length, lambda value: within(depth, value, lambda inner: {"!!": [inner]}))


def else_of(value: Any) -> dict[str, Any]:
    return {"if": [{"==": [X, "a"]}, "a", value]}


def doubled(value: Any) -> dict[str, Any]:
    return {"and": [value, value]}


def branches(number: int) -> list[Any]:
    return [each for index in range(number) for each in ({"==": [X, str(index)]}, "a")]


DOCUMENTS: dict[str, Callable[[], Any]] = {
    "an if with 590 branches": lambda: targeted({"if": branches(590)}),
    "an if with 590 branches within cat": lambda: targeted({"cat": [{"if": branches(590)}]}),
    "an if with 1,400 constant branches within cat": lambda: targeted({"cat": [{"if": ["", "a"] * 1400}]}),
    "an if with 990 variables within cat": lambda: targeted({"cat": [{"if": [X, "a"] * 990}]}),
    "an and of 1,400": lambda: targeted({"and": [X] * 1400}),
    "an or of 1,400 within if": lambda: targeted({"if": [{"or": [{"==": [X, "9"]}] * 900}, "a"]}),
    "a sum of 5,000": lambda: targeted({"+": [X] * 5000}),
    "buckets, 5,000": lambda: targeted({"fractional": [["a", 1]] * 5000}),
    "29 times !": lambda: targeted(within(29, X, lambda value: {"!": [value]})),
    **{
        f"a chain of {length} evaluators of ! at depth {depth}": partial(negations, length, depth)
        for length, depth in ((10, 25), (40, 25), (300, 25), (1500, 4))
    },
    **{
        f"a chain of {length} evaluators of if": partial(chained, length, else_of)
        for length in (50, 200, 2000)
    },
    **{
        f"{length} evaluators that each double the next": partial(chained, length, doubled)
        for length in (8, 12, 25, 60)
    },
    "three loops within each other": lambda: targeted(
        {"map": [{"var": "tags"}, {"map": [X, {"map": [{"var": "tags"}, {"+": [X, 1]}]}]}]}
    ),
    "ramps, 3,000": lambda: ruled(*[RAMP] * 3000),
    "ramps, 10,000": lambda: ruled(*[RAMP] * 10_000),
    "rules, 2,900": lambda: ruled(*({"when": {"x": str(index)}, "serve": "on"} for index in range(2900))),
    "rules, 20,000": lambda: ruled(*({"when": {"x": str(index)}, "serve": "on"} for index in range(20_000))),
    "windows, 20,000": lambda: ruled(*[{"serve": "on", "from": "2026-01-01T00:00:00Z"}] * 20_000),
    "a list of 100,000": lambda: ruled(
        {"when": {"x": [str(index) for index in range(100_000)]}, "serve": "on"}
    ),
    "conditions at depth 30, 90 of them": lambda: ruled(
        {"when": {"any": [within(30, {"x": 1}, lambda value: {"not": value})] * 90}, "serve": "on"}
    ),
    "segments that each double the next": lambda: ruled(
        {"when": {"segment": "s0"}, "serve": "on"},
        segments={
            **{f"s{index}": {"all": [{"segment": f"s{index + 1}"}] * 2} for index in range(20)},
            "s20": {"x": "5"},
        },
    ),
    "a split of 20,000": lambda: {
        "flags": {
            "f": {
                "variants": {f"v{index}": index for index in range(20_000)},
                "rules": [{"split": {f"v{index}": 1 for index in range(20_000)}}],
            }
        }
    },
    "scopes with rules, 10,000": lambda: {
        "flags": {"f": {}},
        "overrides": {
            "customer": {
                f"c{index}": {"f": {"rules": [{"when": {"x": index}, "serve": "on"}]}}
                for index in range(10_000)
            }
        },
    },
    "scopes, 50,000": lambda: {
        "flags": {"f": {}},
        "overrides": {"customer": {f"c{index}": {"f": "on"} for index in range(50_000)}},
    },
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_large_document_is_answered_at_once_and_the_same_both_ways(name: str) -> None:
    try:
        snapshot = snapshot_of(DOCUMENTS[name]())
    except DefinitionError as error:
        assert error.faults
        return
    assert first_answer(snapshot) < LONGEST_FIRST_ANSWER
    assert disagreements(snapshot, "f", CONTEXT, NOON) == []
    assert explain(snapshot, "f", CONTEXT, now=NOON).rungs


def first_answer(snapshot: Snapshot) -> float:
    """Seconds of a core that the first evaluation takes, compiling included."""
    started = thread_time()
    evaluate(snapshot, "f", CONTEXT, now=NOON)
    return thread_time() - started


@pytest.mark.parametrize("depth", [100, 400, 800])
def test_a_caller_far_down_the_stack_is_answered_as_any_other(depth: int) -> None:
    document = targeted({"if": [within(20, {"==": [X, "5"]}, lambda value: {"and": [value, X]}), "a"]})

    def from_below(remaining: int) -> str | None:
        if remaining:
            return from_below(remaining - 1)
        return evaluate(snapshot_of(document), "f", CONTEXT, now=NOON).variant

    assert from_below(depth) == "a"
