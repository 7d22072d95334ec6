"""What compiling is for, counted: what stands twice is asked once, and what is known is not asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from burgee import Snapshot, compose, evaluate, evaluate_all, matching, read
from burgee.compiled.builder import Builder
from burgee.layer import Layer

FLAGS = 10_000


def snapshot_of(document: Any, **fixed: Any) -> Snapshot:
    return compose([Layer("s", (read(document),))], fixed=fixed)


def flag(*conditions: Any) -> dict[str, Any]:
    rules = [{"when": each, "split": {"on": 1, "off": 1}, "by": "nobody"} for each in conditions]
    return {"defaultVariant": "off", "rules": rules}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each `contains` was asked, by its operand."""
    calls: Counter[str] = Counter()
    contains = matching.TESTS["contains"]

    def counted(operand: Any, value: Any) -> bool:
        calls[operand[1]] += 1
        return contains(operand, value)

    monkeypatch.setitem(matching.TESTS, "contains", counted)
    return calls


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Builder]]:
    """The functions that have been compiled."""
    builders: list[Builder] = []
    function = Builder.function

    def noted(self: Builder, fallback: Any) -> Any:
        builders.append(self)
        return function(self, fallback)

    monkeypatch.setattr(Builder, "function", noted)
    yield builders


def test_a_condition_that_stands_in_many_rules_is_asked_once(asked: Counter[str]) -> None:
    repeated = {"name": {"contains": "x"}}
    rules = [{"all": [repeated, {"name": {"contains": f"y{index}"}}]} for index in range(5)]
    evaluate(snapshot_of({"flags": {"f": flag(*rules)}}), "f", {"name": "xylophone"}, now=0)
    assert asked == {"x": 1, **{f"y{index}": 1 for index in range(5)}}


def test_a_condition_on_what_the_daemon_fixes_is_decided_when_it_is_compiled(asked: Counter[str]) -> None:
    document = {"flags": {"f": flag({"region": {"contains": "eu"}}, {"region": {"contains": "us"}})}}
    snapshot = snapshot_of(document, region="eu-north")
    evaluate(snapshot, "f", {}, now=0)
    once = asked.copy()
    assert once == {"eu": 1, "us": 1}
    for _ in range(3):
        evaluate(snapshot, "f", {}, now=0)
    assert asked == once


@pytest.mark.parametrize(
    "condition",
    [
        {"name": {"contains": "x"}},
        {"segment": "inner"},
        {"all": [{"segment": "middle"}, {"segment": "inner"}]},
    ],
    ids=["plain", "nested", "nested twice"],
)
def test_a_segment_is_asked_once_for_many_flags(condition: Any, asked: Counter[str]) -> None:
    segments = {
        "inner": {"name": {"contains": "x"}},
        "middle": {"all": [{"segment": "inner"}, {"name": {"contains": "y"}}]},
        "outer": condition,
    }
    flags = {f"f{index}": flag({"segment": "outer"}) for index in range(200)}
    snapshot = snapshot_of({"segments": segments, "flags": flags})
    evaluate_all(snapshot, {"name": "xylophone"}, now=0)
    assert set(asked.values()) == {1}
    evaluate_all(snapshot, {"name": "xylophone"}, now=0)
    assert set(asked.values()) == {2}


def test_a_segment_is_compiled_once_for_many_flags(compiled: list[Builder]) -> None:
    segments = {"inner": {"plan": "pro"}, "outer": {"segment": "inner"}}
    flags = {f"f{index}": flag({"segment": "outer"}) for index in range(20)}
    evaluate_all(snapshot_of({"segments": segments, "flags": flags}), {}, now=0)
    assert len(compiled) == len(segments) + len(flags)


def test_nothing_is_compiled_before_it_is_asked(compiled: list[Builder]) -> None:
    flags = {f"f{index}": flag({"number": index}) for index in range(FLAGS)}
    snapshot = snapshot_of({"flags": flags})
    assert compiled == []
    evaluate(snapshot, "f1", {}, now=0)
    evaluate(snapshot, "f1", {}, now=0)
    assert len(compiled) == 1
