"""Static checks: each finds what it is there for, keeps quiet about what is sound, and is never wrong."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from burgee import compose, evaluate, explain, read
from burgee.checks import Finding, check
from burgee.checks.implication import Reasoning
from burgee.fault import path_text
from burgee.instant import parse_instant
from burgee.layer import Layer
from burgee.matching import holds
from burgee.resolution import Resolution
from burgee.snapshot import Snapshot
from burgee.value import fingerprint
from tests.support.strategies import INSTANTS, LEVELS, SCOPES, contexts, documents, overrides

NOW = parse_instant("2026-03-01T00:00:00Z") or 0.0
thorough = settings(deadline=None, suppress_health_check=list(HealthCheck))


def composed(*all_documents: Any) -> tuple[list[Layer], Snapshot]:
    layers = [
        Layer(f"s{index}", (read(each, source=f"s{index}", file=f"{index}.yaml"),))
        for index, each in enumerate(all_documents)
    ]
    return layers, compose(layers)


def findings(*all_documents: Any, now: float = NOW) -> list[Finding]:
    layers, snapshot = composed(*all_documents)
    return check(layers, snapshot, now=now)


def told(*all_documents: Any, now: float = NOW) -> list[tuple[str, str]]:
    """(check, path) of each finding."""
    return [(each.check, path_text(each.fault.path)) for each in findings(*all_documents, now=now)]


def of_rules(*rules: Any, **beside: Any) -> list[tuple[str, str]]:
    """What is found in a flag with these rules."""
    flag = {"variants": {"a": "1", "b": "2", "c": "3"}, "defaultVariant": "c", "rules": list(rules)}
    found = told({"flags": {"f": flag}, **beside})
    return [each for each in found if each[0] in ("unreachable-rule", "shadowed-rule", "idle-ramp")]


def serve(variant: str = "a", **beside: Any) -> dict[str, Any]:
    return {"serve": variant, **beside}


FIRST = "flags.f.rules[0]"
SECOND = "flags.f.rules[1]"


@pytest.mark.parametrize(
    "first",
    [
        serve(),
        {"split": {"a": 1, "b": 1}},
        serve(**{"from": "2026-01-01T00:00:00Z"}),
        {"ramp": {"variant": "a", "start": INSTANTS[0], "complete": "2026-02-01T00:00:00Z"}},
    ],
)
def test_a_rule_after_one_that_answers_everyone_is_never_reached(first: Any) -> None:
    assert of_rules(first, serve("b", when={"plan": "pro"})) == [("unreachable-rule", SECOND)]


@pytest.mark.parametrize(
    "first",
    [
        serve(when={"plan": "free"}),
        {"split": {"a": 1, "b": 1}, "by": "customer"},
        serve(**{"from": "2026-04-01T00:00:00Z"}),
        serve(until="2026-04-01T00:00:00Z"),
        {"ramp": {"variant": "a", "start": INSTANTS[0], "complete": INSTANTS[3]}},
    ],
)
def test_a_rule_after_one_that_lets_some_pass_is_reached(first: Any) -> None:
    assert of_rules(first, serve("b", when={"plan": "pro"})) == []


IMPLIED = [
    ({"plan": "pro"}, {"plan": "pro"}),
    ({"plan": "pro", "beta": True}, {"plan": "pro"}),
    ({"plan": ["pro", "free"]}, {"plan": ["free", "pro", "team"]}),
    ({"plan": "pro"}, {"any": [{"beta": True}, {"plan": "pro"}]}),
    ({"any": [{"plan": "pro"}, {"plan": "free"}]}, {"plan": ["pro", "free"]}),
    ({"seats": {"gte": 10}}, {"seats": {"gt": 5}}),
    ({"seats": {"gt": 5}}, {"seats": {"gte": 5}}),
    ({"seats": {"lt": 5}}, {"seats": {"lte": 5}}),
    ({"seats": 7}, {"seats": {"gte": 5, "lt": 10}}),
    ({"seats": {"gte": 10}}, {"seats": {"exists": True}}),
    ({"email": {"ends_with": "@a.example.com"}}, {"email": {"ends_with": "example.com"}}),
    ({"email": {"starts_with": "root@"}}, {"email": {"contains": "@"}}),
    ({"country": {"in_region": "NORDICS"}}, {"not": {"country": "JP"}}),
    ({"country": {"in_region": "BENELUX"}}, {"country": {"in_region": "EU"}}),
    ({"joined": {"after": INSTANTS[1]}}, {"joined": {"after": INSTANTS[0]}}),
    ({"joined": {"before": INSTANTS[0]}}, {"joined": {"before": INSTANTS[1]}}),
    ({"plan": {"exists": False}}, {"plan": {"is_not": "pro"}}),
    ({"plan": {"not_in": ["pro", "free"]}}, {"plan": {"is_not": "pro"}}),
    ({"not": {"any": [{"plan": "pro"}, {"beta": True}]}}, {"not": {"beta": True}}),
    ({"segment": "paying"}, {"segment": "paying"}),
    ({"segment": "large"}, {"segment": "paying"}),
    ({"segment": "large"}, {"seats": {"gte": 100}}),
    ({"version": "2.3.0"}, {"version": {"semver": ">=2"}}),
    ({"ip": "10.1.2.3"}, {"ip": {"ip_in": "10.0.0.0/8"}}),
    ({"plan": "prosumer"}, {"plan": {"matches": "^pro"}}),
]
UNRELATED = [
    ({"plan": "pro"}, {"plan": "pro", "beta": True}),
    ({"plan": ["pro", "free"]}, {"plan": "pro"}),
    ({"plan": 1}, {"plan": "1"}),
    ({"plan": 1}, {"plan": True}),
    ({"seats": {"gte": 5}}, {"seats": {"gt": 5}}),
    ({"seats": {"is_not": 5}}, {"any": [{"seats": {"lt": 5}}, {"seats": {"gt": 5}}]}),
    ({"not": {"seats": {"lt": 5}}}, {"seats": {"gte": 5}}),
    ({"plan": {"is_not": "pro"}}, {"plan": {"exists": True}}),
    ({"any": [{"plan": "pro"}, {"beta": True}]}, {"plan": "pro"}),
    ({"segment": "paying"}, {"segment": "large"}),
    ({"country": {"in_region": "EU"}}, {"country": {"in_region": "NORDICS"}}),
    ({"email": {"contains": "@"}}, {"email": {"exists": False}}),
]
SEGMENTS = {
    "paying": {"plan": ["pro", "team"]},
    "large": {"all": [{"segment": "paying"}, {"seats": {"gte": 250}}]},
}


@pytest.mark.parametrize(("later", "earlier"), IMPLIED)
def test_a_rule_whose_condition_implies_an_earlier_one_is_shadowed(later: Any, earlier: Any) -> None:
    assert of_rules(serve(when=earlier), serve("b", when=later), segments=SEGMENTS) == [
        ("shadowed-rule", SECOND)
    ]


@pytest.mark.parametrize(("later", "earlier"), UNRELATED)
def test_a_rule_whose_condition_does_not_imply_an_earlier_one_is_not(later: Any, earlier: Any) -> None:
    assert of_rules(serve(when=earlier), serve("b", when=later), segments=SEGMENTS) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"all": [{"plan": "pro"}, {"plan": "free"}]},
        {"plan": "pro", "not": {"plan": {"starts_with": "p"}}},
        {"seats": {"gte": 10, "lt": 10}},
        {"all": [{"seats": {"gt": 3}}, {"seats": {"starts_with": "3"}}]},
        {"plan": {"exists": False, "contains": "x"}},
        {"all": [{"joined": {"after": INSTANTS[1]}}, {"joined": {"before": INSTANTS[0]}}]},
    ],
)
def test_a_rule_whose_condition_contradicts_itself_is_never_reached(condition: Any) -> None:
    assert of_rules(serve(when=condition)) == [("unreachable-rule", FIRST)]


@pytest.mark.parametrize(
    "condition",
    [
        {"seats": {"gte": 10, "lte": 10}},
        {"all": [{"plan": {"contains": "x"}}, {"plan": {"starts_with": "y"}}]},
        {"plan": {"exists": False}, "not": {"plan": "pro"}},
        {"not": {"any": [{"seats": {"lt": 3}}, {"seats": {"gte": 3}}]}},
    ],
)
def test_a_rule_whose_condition_somebody_meets_is_reached(condition: Any) -> None:
    assert of_rules(serve(when=condition)) == []


def test_a_shadowing_rule_shadows_only_what_lies_within_its_window() -> None:
    window = {"from": "2026-04-01T00:00:00Z", "until": "2026-05-01T00:00:00Z"}
    later = serve("b", when={"plan": "pro"}, **window)
    earlier = {"when": {"plan": "pro"}, "serve": "a", "from": "2026-03-15T00:00:00Z"}
    assert of_rules(earlier, later) == [("shadowed-rule", SECOND)]
    assert of_rules({**earlier, "until": "2026-04-15T00:00:00Z"}, later) == []


def test_rules_of_an_override_are_looked_at_like_those_of_the_flag() -> None:
    rules = [serve(), serve("b")]
    document = {"overrides": {"customer": {"c-1": {"f": {"rules": rules}}}}}
    found = of_rules(serve("b", when={"plan": "pro"}), **document)
    assert found == [("unreachable-rule", "overrides.customer.c-1.f.rules[1]")]


def test_a_rule_whose_window_lies_outside_its_overrides_window_is_never_reached() -> None:
    rule = serve("b", **{"from": "2026-06-01T00:00:00Z"})
    override = {"rules": [rule], "until": "2026-05-01T00:00:00Z"}
    found = of_rules(serve(when={"plan": "pro"}), overrides={"customer": {"c-1": {"f": override}}})
    assert found == [("unreachable-rule", "overrides.customer.c-1.f.rules[0]")]
    override["until"] = "2026-07-01T00:00:00Z"
    assert of_rules(serve(when={"plan": "pro"}), overrides={"customer": {"c-1": {"f": override}}}) == []


def test_a_ramp_that_starts_after_its_rules_window_serves_nobody() -> None:
    ramp = {"ramp": {"variant": "a", "start": "2026-06-01T00:00:00Z", "complete": INSTANTS[3]}}
    assert of_rules({**ramp, "until": "2026-05-01T00:00:00Z"}) == [("idle-ramp", FIRST)]
    assert of_rules({**ramp, "until": "2026-06-02T00:00:00Z"}) == []


def variants_of(flag: Any, **beside: Any) -> list[str]:
    """The variants of a flag that are found to be never served."""
    base = {"variants": {"a": "1", "b": "2", "c": "3"}, "defaultVariant": "a"}
    found = told({"flags": {"f": {**base, **flag}}, **beside})
    return [path.rpartition(".")[2] for name, path in found if name == "unused-variant"]


def test_a_variant_that_nothing_names_is_never_served() -> None:
    assert variants_of({"rules": [serve("b", when={"plan": "pro"})]}) == ["c"]
    assert variants_of({"rules": [{"split": {"b": 3, "c": 0}}]}) == ["c"]


@pytest.mark.parametrize(
    ("flag", "beside"),
    [
        ({"rules": [serve("b", when={"x": 1}), serve("c", when={"x": 2})]}, {}),
        ({"rules": [{"split": {"b": 3, "c": 1}}]}, {}),
        ({"rules": [serve("b", when={"x": 1})]}, {"overrides": {"customer": {"c-1": {"f": "c"}}}}),
        ({"rules": [serve("b", when={"x": 1})]}, {"kill": {"f": "c"}}),
        ({"targeting": {"if": [{"var": "x"}, "b", "c"]}}, {}),
        ({"targeting": {"if": [{"var": "x"}, {"var": "variant"}]}}, {}),
        ({"targeting": {"fractional": [["b", 1], [{"if": [True, "c", "b"]}, 1]]}}, {}),
    ],
)
def test_a_variant_that_something_may_serve_is_left_alone(flag: Any, beside: Any) -> None:
    assert variants_of(flag, **beside) == []


def test_targeting_that_names_its_variants_leaves_one_out() -> None:
    assert variants_of({"targeting": {"if": [{"==": [{"var": "x"}, "c"]}, "b", None]}}) == ["c"]


def test_the_variants_that_a_boolean_flag_has_by_itself_need_not_be_served() -> None:
    flag = {"defaultVariant": None, "rules": [serve("on", when={"plan": "pro"})]}
    assert told({"flags": {"f": flag}}) == []


@pytest.mark.parametrize(
    "flag",
    [
        {"defaultVariant": "on"},
        {},
        {"variants": {"a": 1, "b": 1}, "defaultVariant": "a", "rules": [serve("b", when={"x": 1})]},
        {"variants": {"a": 1}, "defaultVariant": "a", "rules": [serve("a", when={"x": 1})]},
    ],
)
def test_a_flag_that_nobody_varies_is_found(flag: Any) -> None:
    assert told({"flags": {"f": flag}}) == [("constant-flag", "flags.f")]


@pytest.mark.parametrize(
    ("flag", "beside"),
    [
        ({"variants": {"a": 1}, "rules": [serve("a", when={"x": 1})]}, {}),
        ({"defaultVariant": "on"}, {"overrides": {"customer": {"c-1": {"f": "off"}}}}),
        ({"defaultVariant": "on", "state": "DISABLED"}, {}),
        ({"defaultVariant": "on", "targeting": {"var": "variant"}}, {}),
        ({"variants": {"a": 1, "b": 1.0, "c": 2.5}, "rules": [{"split": {"a": 1, "c": 1}}]}, {}),
    ],
)
def test_a_flag_that_somebody_varies_is_not_constant(flag: Any, beside: Any) -> None:
    assert "constant-flag" not in dict(told({"flags": {"f": flag}, **beside}))


def idle(overrides: Any, *, flag: Any | None = None) -> list[str]:
    base = {"variants": {"a": {"n": 1}, "b": {"n": 1, "m": 2}}, "defaultVariant": "a"}
    found = told({"flags": {"f": {**base, **(flag or {})}}, "overrides": overrides})
    return [path for name, path in found if name == "redundant-override"]


def test_an_override_that_says_what_lies_beneath_changes_nothing() -> None:
    assert idle({"customer": {"c-1": {"f": "a"}, "c-2": {"f": "b"}}}) == ["overrides.customer.c-1.f"]
    assert idle({"environment": {"x": {"f": "b"}}, "customer": {"c-1": {"f": "b"}}}) == []


def test_an_override_with_rules_that_say_what_lies_beneath_changes_nothing() -> None:
    rules = {"rules": [serve("a", when={"plan": "pro"})]}
    assert idle({"customer": {"c-1": {"f": rules}}}) == ["overrides.customer.c-1.f"]
    assert idle({"customer": {"c-1": {"f": rules}}}, flag={"rules": [serve("b")]}) == []


def test_a_lock_changes_nothing_only_where_nothing_is_more_specific() -> None:
    lock = {"variant": "a", "lock": True}
    assert idle({"environment": {"x": {"f": lock}}}) == ["overrides.environment.x.f"]
    assert idle({"environment": {"x": {"f": lock}}, "customer": {"c-1": {"f": "b"}}}) == []


def test_a_patch_that_sets_what_every_variant_has_changes_nothing() -> None:
    assert idle({"customer": {"c-1": {"f": {"patch": {"n": 1}}}}}) == ["overrides.customer.c-1.f"]
    assert idle({"customer": {"c-1": {"f": {"patch": {"n": 2}}}}}) == []
    for says in ({"patch": {"n": 2}}, {"value": {"n": 2}}):
        beneath = {"environment": {"x": {"f": says}}}
        assert idle({**beneath, "customer": {"c-1": {"f": {"patch": {"n": 1}}}}}) == []


def test_an_override_that_repeats_the_layer_beneath_is_found_in_its_own_layer() -> None:
    flags = {"flags": {"f": {"defaultVariant": "off"}}, "overrides": {"customer": {"c-1": {"f": "on"}}}}
    again = {"overrides": {"customer": {"c-1": {"f": {"variant": "on", "note": "again"}}}}}
    (found,) = findings(flags, again)
    assert (found.check, found.source, found.fault.file) == ("redundant-override", "s1", "1.yaml")
    assert findings(flags, {"overrides": {"customer": {"c-1": {"f": {"variant": "on", "lock": True}}}}}) == []


@pytest.mark.parametrize(
    ("above", "path", "remedy"),
    [
        ({"overrides": {"customer": {"c": {"new-chekout": "on"}}}}, "new-chekout", "`new-checkout`?"),
        ({"overrides": {"customer": {"c": {"new-checkout": "onn"}}}}, "new-checkout", "`on`?"),
        ({"kill": {"new-chekout": "on"}}, "new-chekout", "`new-checkout`?"),
    ],
)
def test_what_leads_nowhere_across_layers_is_found_with_a_suggestion(
    above: Any, path: str, remedy: str
) -> None:
    base = {"flags": {"new-checkout": {"defaultVariant": "off", "rules": [serve("on", when={"x": 1})]}}}
    (found,) = findings(base, above)
    assert found.check == "inactive" and found.fault.path[-1] == path and remedy in found.fault.remedy


def test_an_override_on_a_level_that_the_hierarchy_lacks_is_found() -> None:
    hierarchy = [{"level": "tenant", "attribute": "tenant"}, {"level": "region", "attribute": "region"}]
    base = {"flags": {"f": {"rules": [serve("on", when={"x": 1})]}}, "hierarchy": hierarchy}
    assert told(base, {"overrides": {"customer": {"c-1": {"f": "on"}}}}) == [
        ("inactive", "overrides.customer.c-1.f")
    ]


def test_what_is_over_is_found_from_its_last_instant_on() -> None:
    until = "2026-03-01T00:00:00Z"
    document = {
        "flags": {
            "f": {
                "defaultVariant": "off",
                "expires": "2026-02-28",
                "rules": [serve("on", when={"x": 1}, until=until), serve("on", when={"y": 1})],
            }
        },
        "overrides": {
            "customer": {
                "c-1": {"f": {"variant": "on", "until": until}},
                "c-2": {"f": {"variant": "on", "expires": "2026-02-28T23:00:00-01:00"}},
                "c-3": {"f": {"rules": [serve("on", until=until)]}},
            }
        },
        "kill": {"f": {"variant": "off", "expires": "2026-02-28"}},
    }
    where = "overrides.customer"
    assert told(document, now=NOW) == [
        ("expired", "flags.f.expires"),
        ("expired-window", "flags.f.rules[0].until"),
        ("expired", "kill.f.expires"),
        ("expired-window", f"{where}.c-1.f.until"),
        ("expired", f"{where}.c-2.f.expires"),
        ("expired-window", f"{where}.c-3.f.rules[0].until"),
    ]
    assert told(document, now=NOW - 1) == []


def test_every_finding_is_a_warning_with_a_remedy_a_path_and_a_file() -> None:
    documents = [
        {"flags": {"f": {"rules": [serve("on"), serve("off")]}, "g": {}}},
        {"overrides": {"customer": {"c-1": {"h": "on"}}}},
    ]
    found = findings(*documents)
    assert len(found) == 4
    for each in found:
        fault = each.fault
        assert fault.severity == "warning" and fault.remedy and fault.path and fault.file


# What follows holds the checks against the evaluator itself.

VALUES: list[Any] = [
    *("pro", "free", "p", "1", "", "2.3.0", "10.1.2.3", "SE", "US", *INSTANTS[:2]),
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
        [{"semver": ">=2"}, {"ip_in": "10.0.0.0/8"}, {"in_region": "EU"}, {"in_region": ["EU", "EFTA"]}]
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


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            {
                "flags": {
                    f"f-{number}": {
                        "defaultVariant": "off",
                        "rules": [
                            serve("on", when={"email": {"ends_with": f"@{number}.example.com"}}),
                            serve("on", when={"any": [{"plan": "pro"}, {"seats": {"gte": number}}]}),
                            serve("off", when={"plan": "pro", "seats": number}),
                        ],
                    }
                    for number in range(5_000)
                },
                "overrides": {
                    "customer": {f"c-{n % 100}": {f"f-{n}": "off"} for n in range(5_000)},
                },
            },
            id="5,000 flags",
        ),
        pytest.param(
            {"flags": {"f": {"rules": [serve("on", when={"x": {"gte": -n}, "y": n}) for n in range(5000)]}}},
            id="5,000 rules",
        ),
        pytest.param(
            {
                "flags": {
                    "f": {
                        "rules": [
                            serve("on", when={"customer": [f"c-{each}" for each in range(n, 5000)]})
                            for n in range(40)
                        ]
                    }
                }
            },
            id="long lists",
        ),
        pytest.param(
            {
                "flags": {"f": {"variants": {"a": {"n": 1}}, "defaultVariant": "a"}},
                "overrides": {"customer": {f"c-{n}": {"f": {"patch": {"n": 1}}} for n in range(15_000)}},
            },
            id="15,000 overrides",
        ),
        pytest.param(
            {
                "segments": {
                    "s-0": {"any": [{"a": 1}, {"b": 1}]},
                    **{
                        f"s-{n}": {"all": [{"segment": f"s-{n - 1}"}, {"any": [{"segment": f"s-{n - 1}"}, {"c": n}]}]}  # noqa: E501
                        for n in range(1, 32)
                    },
                },
                "flags": {"f": {"rules": [serve("on", when={"segment": f"s-{n}"}) for n in range(32)]}},
            },
            id="segments that double",
        ),
    ],
)  # fmt: skip
def test_large_definitions_are_checked_in_seconds(document: Any) -> None:
    layers, snapshot = composed(document)
    started = time.process_time()
    check(layers, snapshot, now=NOW)
    assert time.process_time() - started < 8.0
