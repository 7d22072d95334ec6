"""Lists of any length are compiled, in slices: each call compiles one at most, and all answer rightly."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from burgee import Snapshot, evaluate, matching
from burgee.compiled import flags, segments, slices
from burgee.compiled.builder import PARTS_LIMIT, Builder
from burgee.compiled.rules import MOST_COMPARED
from burgee.condition import AnyOf, AttributeTest, Condition, InSegment, Not
from burgee.context import OnePass
from burgee.dependencies import next_edge, vary
from burgee.evaluation import interpret
from burgee.flag import Segment
from burgee.selector import ANY
from tests.core.differential.comparison import disagreements, snapshot_of

RULES = 600
ATTRIBUTES = {"id", "plan", "seats"}


def rules(count: int) -> list[dict[str, Any]]:
    return [
        {"when": {"id": index, "plan": "pro", "seats": {"gte": 5}}, "serve": "on"} for index in range(count)
    ]


def choice() -> dict[str, Any]:
    """A choice of which nobody knows at once whether it has a text, null or nothing behind its branches."""
    branches: list[Any] = []
    for index in range(RULES // 2):
        plan = {"==": [{"var": "plan"}, "pro"]}
        branches += [{"and": [{"==": [{"var": "id"}, index]}, plan]}, ["on", None][index % 2]]
    return {"if": [*branches, {"if": [{"==": [{"var": "seats"}, 7]}, "none of these branches", None]}]}


DOCUMENT: dict[str, Any] = {
    "flags": {
        "long": {"defaultVariant": "off", "rules": rules(RULES)},
        "overridden": {"defaultVariant": "off"},
        "split": {"defaultVariant": "off", "rules": [*rules(RULES), {"split": {"on": 1, "off": 1}}]},
        "one large rule": {
            "defaultVariant": "off",
            "rules": [
                {
                    "when": {"any": [{"seats": {"gt": 10**6 + each}} for each in range(PARTS_LIMIT)]},
                    "serve": "on",
                },
                *rules(300),
            ],
        },
        "locked": {"defaultVariant": "off", "rules": rules(RULES)},
        "long choice": {"state": "ENABLED", "variants": {"on": True, "off": False}, "targeting": choice()},
    },
    "overrides": {
        "organization": {"acme": {"locked": {"variant": "on", "lock": True}}},
        "customer": {"c": {"overridden": {"rules": rules(RULES)}}},
    },
}


@pytest.fixture
def compiles(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the functions that have been compiled, in conditions."""
    sizes: list[int] = []
    function = Builder.function

    def noted(self: Builder, fallback: Any) -> Any:
        sizes.append(sum(count for key, count in self.uses.items() if not isinstance(key, tuple)))
        return function(self, fallback)

    monkeypatch.setattr(Builder, "function", noted)
    return sizes


@pytest.mark.parametrize("key", DOCUMENT["flags"])
@pytest.mark.parametrize("identity", [0, 130, RULES - 1, RULES, [1]])
def test_every_call_on_the_way_answers_as_the_interpreter(key: str, identity: Any) -> None:
    snapshot = snapshot_of(DOCUMENT)
    context = {"customer": "c", "id": identity, "plan": "pro", "seats": 7}
    for _ in range(3):
        assert disagreements(snapshot, key, context, 0.0) == []
        assert disagreements(snapshot, key, {**context, "plan": ["pro"], "targetingKey": "u"}, 0.0) == []


def test_a_call_compiles_one_slice_at_most(compiles: list[int]) -> None:
    snapshot = snapshot_of(DOCUMENT)
    counts: list[int] = []
    while not counts or counts[-1]:
        before = len(compiles)
        evaluate(snapshot, "long", {"id": -1}, now=0.0)
        counts.append(len(compiles) - before)
    # The first call compiles the function that asks the slices too.
    assert counts[0] == 2
    assert set(counts[1:-1]) == {1}
    assert sum(counts) - 1 == len(slices.slices_of(snapshot.flag_sets[""].flags["long"].rules)) > 4
    assert max(compiles) <= slices.SLICE_PARTS


def test_what_is_not_reached_is_not_compiled(compiles: list[int]) -> None:
    snapshot = snapshot_of(DOCUMENT)
    for _ in range(5):
        assert evaluate(snapshot, "long", {"id": 1, "plan": "pro", "seats": 5}, now=0.0).value is True
    assert len(compiles) == 2


@pytest.mark.parametrize("key", ["long", "overridden", "locked", "long choice"])
def test_once_compiled_the_interpreter_is_not_asked(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = snapshot_of(DOCUMENT)
    context = {"customer": "c", "id": RULES - 1, "plan": "pro", "seats": 7}
    for _ in range(RULES):
        evaluate(snapshot, key, context, now=0.0)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the interpreter was asked")

    monkeypatch.setattr(flags, "Climb", refuse)
    found = evaluate(snapshot, key, context, now=0.0)
    if key != "long choice":
        assert (found.variant, found.metadata["burgee.rule"]) == ("on", f"rules[{RULES - 1}]")


def test_what_a_long_list_depends_on_is_what_its_rules_read() -> None:
    snapshot = snapshot_of(DOCUMENT)
    assert vary(snapshot, "long") == frozenset(ATTRIBUTES)
    assert vary(snapshot, "split") == frozenset({*ATTRIBUTES, "targetingKey"})
    assert next_edge(snapshot, "long", 0.0) is None


def nested(height: int, **more: Any) -> dict[str, Any]:
    chain = {f"s{index}": {"segment": f"s{index - 1}"} for index in range(1, height)}
    flag = {"defaultVariant": "off", "rules": [{"when": {"segment": f"s{height - 1}"}, "serve": "on"}]}
    return {"segments": {"s0": {"plan": "pro"}, **chain, **more}, "flags": {"f": flag}}


def test_segments_within_segments_are_compiled_up_to_their_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()
    holds = matching.holds

    def counted(condition: Any, *arguments: Any) -> bool:
        asked[condition.segment] += 1
        return holds(condition, *arguments)

    monkeypatch.setattr(segments, "holds", counted)
    snapshot = snapshot_of(nested(32))
    assert evaluate(snapshot, "f", {"plan": "pro"}, now=0.0).variant == "on"
    assert asked == {}
    assert evaluate(snapshot, "f", {"plan": ["pro"]}, now=0.0).variant == "off"


def in_one_set(conditions: dict[str, Condition]) -> Snapshot:
    """Segments that no single document could hold, within a set whose only flag asks each of them."""
    plain: dict[str, Any] = {name: {"plan": "none"} for name in conditions}
    each = [{"when": {"segment": name}, "serve": "on", "name": name} for name in conditions]
    document = {"segments": plain, "flags": {"f": {"defaultVariant": "off", "rules": each}}}
    flag_set = snapshot_of(document).flag_sets[""]
    made = {name: Segment(name, condition) for name, condition in conditions.items()}
    return Snapshot(flag_sets={"": replace(flag_set, segments=made)})


PRO = AttributeTest("plan", "is", ("string", "pro"))
HIGH = {"s0": PRO, **{f"s{index}": InSegment(f"s{index - 1}") for index in range(1, 40)}}


@pytest.mark.parametrize(
    "conditions",
    [
        HIGH,
        dict(reversed(HIGH.items())),
        {"low": InSegment("s3"), **HIGH, "both": AnyOf((InSegment("s33"), InSegment("s3")))},
        {"a": InSegment("b"), "b": AnyOf((InSegment("a"), PRO)), "c": Not(InSegment("a")), "d": PRO},
        {"a": InSegment("a"), "b": Not(InSegment("a")), "c": InSegment("nowhere")},
    ],
    ids=["high", "high, downwards", "high and low", "a circle", "itself"],
)
def test_segments_too_high_or_in_a_circle_are_as_the_interpreter_has_them(
    conditions: dict[str, Condition],
) -> None:
    whole = in_one_set(conditions).flag_sets[""]
    for rule in whole.flags["f"].rules:
        # Each by itself, since the first that holds answers.
        flag = replace(whole.flags["f"], rules=(rule,))
        snapshot = Snapshot(flag_sets={"": replace(whole, flags={"f": flag}, known_dependencies={})})
        for plan in ("pro", "free", ["pro"], None):
            for context in ({"plan": plan}, OnePass({"plan": plan})):
                assert disagreements(snapshot, "f", context, 0.0) == [], (rule, plan)


def test_many_segments_are_compiled_call_by_call(compiles: list[int]) -> None:
    large = {
        f"g{index}": {"any": [{"seats": {"gt": 10**6 + each}} for each in range(100)]} for index in range(20)
    }
    document = nested(1, **large, all={"any": [*({"segment": name} for name in large), {"plan": "pro"}]})
    document["flags"]["f"]["rules"][0]["when"] = {"segment": "all"}
    snapshot = snapshot_of(document)
    counts: list[int] = []
    while not counts or counts[-1]:
        before = sum(compiles)
        found = evaluate(snapshot, "f", {"plan": "pro", "seats": 1}, now=0.0)
        assert found == interpret(snapshot, "f", {"plan": "pro", "seats": 1}, 0.0, ANY, None)
        counts.append(sum(compiles) - before)
    # The first call compiles some while it makes the flag's function, too.
    assert counts[0] < 2 * (segments.BATCH_PARTS + 110)
    assert max(counts[1:]) < segments.BATCH_PARTS + 110
    assert len(counts) > 5


@pytest.mark.parametrize("count", [2, MOST_COMPARED, MOST_COMPARED + 1, 3 * MOST_COMPARED])
def test_a_split_of_however_many_shares_divides_as_the_interpreter_does(count: int) -> None:
    variants = {f"v{index:02}": index for index in range(count)}
    weights = {name: 0 if index % 5 == 3 else index + 1 for name, index in variants.items()}
    snapshot = snapshot_of({"flags": {"f": {"variants": variants, "rules": [{"split": weights}]}}})
    served = set()
    for number in range(40 * count):
        context = {"targetingKey": f"u-{number}"}
        assert disagreements(snapshot, "f", context, 0.0) == []
        served.add(evaluate(snapshot, "f", context, now=0.0).variant)
    assert served >= {name for name, weight in weights.items() if weight * 10 > count}
    assert not served & {name for name, weight in weights.items() if not weight}
