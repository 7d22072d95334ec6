"""The static checks held against the evaluator itself: what they say is never wrong."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from burgee import evaluate, explain, read
from burgee.checks import check
from burgee.checks.implication import Reasoning
from burgee.matching import holds
from burgee.resolution import Resolution
from burgee.value import fingerprint
from tests.core.checks.checking import NOW, composed, serve, thorough
from tests.support.strategies import INSTANTS, LEVELS, SCOPES, contexts, documents, overrides

VALUES: list[Any] = [
    *("pro", "free", "p", "1", "", "SE", "US", *INSTANTS[:2]),
    *("1.9.0", "2.0.0", "2.3.0", "2.3.0-rc.1", "3.1.0", "10.1.2.3", "10.1.9.9", "10.9.9.9", "11.0.0.1"),
    *(1, 2, 3, 2.0, 0.5, True, False),
]
ATTRIBUTES = ["x", "y"]
values = st.sampled_from(VALUES)
texts = st.sampled_from(["p", "pr", "o", "e", "1"])
instants_written = st.sampled_from(INSTANTS)
tests = st.one_of(
    values,
    st.lists(values, min_size=1, max_size=3),
    st.builds(lambda each: {"is_not": each}, values),
    st.builds(lambda each: {"not_in": each}, st.lists(values, min_size=1, max_size=3)),
    st.builds(
        lambda operator, number: {operator: number},
        st.sampled_from(["lt", "lte", "gt", "gte"]),
        st.sampled_from([1, 2, 2.0, 3]),
    ),
    st.builds(
        lambda operator, text: {operator: text},
        st.sampled_from(["starts_with", "ends_with", "contains", "matches"]),
        texts,
    ),
    st.builds(
        lambda operator, text: {operator: text}, st.sampled_from(["before", "after"]), instants_written
    ),
    st.builds(lambda each: {"exists": each}, st.booleans()),
    st.sampled_from(
        [
            *({"semver": each} for each in (">=2", ">2.1 <3", "2.3.0", "!=2.3.0", "<=2.3.0", "^1 || >2.3.0")),
            *({"ip_in": each} for each in ("10.0.0.0/8", "10.1.0.0/16", ["10.1.2.3", "11.0.0.0/8"])),
            *({"in_region": each} for each in ("EU", ["EU", "EFTA"])),
        ]
    ),
)
leaves = st.one_of(
    st.dictionaries(st.sampled_from(ATTRIBUTES), tests, min_size=1, max_size=2),
    st.builds(lambda name: {"segment": name}, st.sampled_from(["inner", "outer"])),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda each: {"all": each}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda each: {"any": each}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda each: {"not": each}, inner),
    ),
    max_leaves=5,
)
odd = st.sampled_from([None, [], ["pro"], [1, "e"], {}, {"a": 1}, float("nan"), 10**19])
few_contexts = st.lists(
    st.dictionaries(st.sampled_from(ATTRIBUTES), st.one_of(values, values, odd), max_size=2),
    min_size=15,
    max_size=15,
)


@settings(thorough, max_examples=200)
@given(conditions, conditions, st.lists(conditions, min_size=2, max_size=2), few_contexts)
def test_what_is_said_to_follow_does_follow(
    one: Any, other: Any, segments: list[Any], some: list[Any]
) -> None:
    inner, outer = segments
    document = {
        "segments": {"inner": without_segments(inner), "outer": without_segments(outer, "inner")},
        "flags": {"f": {"rules": [serve("on", when=one), serve("on", when=other)]}},
    }
    definition = read(document)
    reasoning = Reasoning(definition.segments)
    first, second = (rule.condition for rule in definition.flags["f"].rules)
    assert first is not None and second is not None
    a, b = reasoning.about(first), reasoning.about(second)
    for context in some:
        in_first, in_second = (holds(each, context, definition.segments) for each in (first, second))
        assert not (a.never_holds and in_first)
        assert not (b.never_holds and in_second)
        assert not (a.implies(b) and in_first and not in_second)
        assert not (b.implies(a) and in_second and not in_first)


def without_segments(condition: Any, known: str | None = None) -> Any:
    """The condition with each of its segments replaced by a known one or by a test."""
    if isinstance(condition, list):
        return [without_segments(each, known) for each in condition]
    if not isinstance(condition, dict):
        return condition
    if "segment" in condition:
        return {"segment": known} if known else {"x": "pro"}
    return {name: without_segments(each, known) for name, each in condition.items()}


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    rule: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"serve": "a"},
                {"serve": "b"},
                {"split": {"a": 1, "b": 1}},
                {"split": {"a": 1, "b": 0}, "by": "x"},
                {"ramp": {"variant": "a", "start": INSTANTS[1], "complete": INSTANTS[3]}},
                {"ramp": {"variant": "a", "start": INSTANTS[0], "complete": "2026-02-01T00:00:00Z"}},
            ]
        )
    ).copy()
    if draw(st.integers(0, 5)):
        rule["when"] = without_segments(draw(conditions))
    if draw(st.integers(0, 3)) == 0:
        edges = sorted(draw(st.lists(st.sampled_from([0, 1, 3]), min_size=2, max_size=2, unique=True)))
        rule |= draw(st.sampled_from([{"from": INSTANTS[edges[0]]}, {"until": INSTANTS[edges[1]]}]))
    return rule


@settings(thorough, max_examples=60)
@given(
    st.lists(rules(), min_size=2, max_size=4),
    st.lists(rules(), min_size=1, max_size=3),
    few_contexts,
    st.floats(0, 3e7),
)
def test_a_rule_that_is_said_to_be_never_reached_never_answers(
    own: list[Any], overriding: list[Any], some: list[Any], later: float
) -> None:
    window = {"until": INSTANTS[1]} if len(own) == 4 else {}
    override = {"rules": overriding, **window}
    document = {
        "flags": {"f": {"variants": {"a": 1, "b": 2}, "defaultVariant": "a", "rules": own}},
        "overrides": {"customer": {"c-1": {"f": override}}},
    }
    layers, snapshot = composed(document)
    found = [
        each
        for each in check(layers, snapshot, now=NOW)
        if each.check in ("unreachable-rule", "shadowed-rule", "idle-ramp")
    ]
    assume(found)
    idle = {each.origin: each.check for each in found}
    for context in some:
        for now in (NOW, NOW + later):
            asked = {**context, "targetingKey": "u-1"} if len(own) > 2 else context
            for customer in ({}, {"customer": "c-1"}):
                rungs = explain(snapshot, "f", {**asked, **customer}, now=now)
                for rung in rungs.rungs:
                    if rung.origin in idle and rung.outcome == "answers":
                        # A ramp without a key is an error, whatever its step.
                        assert idle[rung.origin] == "idle-ramp" and rungs.resolution.error_code


def answered(resolution: Resolution) -> tuple[Any, ...]:
    value = fingerprint(resolution.value) if resolution.has_value else None
    return value, resolution.variant, resolution.error_code


OBJECT = {"n": 7, "ui": {"dark": True}}
FLAGS: list[dict[str, Any]] = [
    {"variants": {"on": True, "off": False}, "defaultVariant": "on"},
    {"variants": {"on": True, "off": False}, "rules": [{"serve": "on"}]},
    {"variants": {"a": OBJECT, "b": {**OBJECT, "n": 8}}, "defaultVariant": "a"},
]


@settings(thorough, max_examples=80)
@given(st.data(), st.sampled_from(FLAGS), st.lists(contexts(), min_size=8, max_size=8))
def test_an_override_that_is_said_to_change_nothing_changes_nothing(
    data: st.DataObject, flag: dict[str, Any], some: list[Any]
) -> None:
    written: dict[str, Any] = {}
    for level in data.draw(st.lists(st.sampled_from(LEVELS), unique=True, min_size=1)):
        scopes = data.draw(st.lists(st.sampled_from(SCOPES), unique=True, min_size=1, max_size=2))
        written[level] = {scope: {"f": data.draw(overrides(flag, []))} for scope in scopes}
    document = {"flags": {"f": flag}, "overrides": written}
    layers, snapshot = composed(document)
    found = [each for each in check(layers, snapshot, now=NOW) if each.check == "redundant-override"]
    assume(found)
    for each in found:
        _, level, scope, _ = each.fault.path
        less = copy.deepcopy(document)
        del less["overrides"][level][scope]["f"]
        _, without = composed(less)
        for context in some:
            for place in ({}, {level: scope}):
                asked = {**context, "targetingKey": "u-1", **place}
                assert answered(evaluate(snapshot, "f", asked, now=NOW)) == answered(
                    evaluate(without, "f", asked, now=NOW)
                )


@settings(thorough, max_examples=60)
@given(documents(), st.lists(contexts(), min_size=10, max_size=10), st.floats(0, 3e7))
def test_what_is_said_of_whole_documents_is_true(document: Any, some: list[Any], later: float) -> None:
    document.pop("kill")
    layers, snapshot = composed(document)
    found = check(layers, snapshot, now=NOW)
    constant = {each.fault.path[1] for each in found if each.check == "constant-flag"}
    unused = {each.fault.path[1::2] for each in found if each.check == "unused-variant"}
    over = {each.origin for each in found if each.check in ("unreachable-rule", "shadowed-rule")}
    for key in document["flags"]:
        values = set()
        for context in some:
            explanation = explain(snapshot, key, context, now=NOW + later)
            values.add(answered(explanation.resolution)[0])
            assert (key, explanation.resolution.variant) not in unused
            assert not [
                rung for rung in explanation.rungs if rung.origin in over and rung.outcome == "answers"
            ]
        assert key not in constant or len(values) == 1
