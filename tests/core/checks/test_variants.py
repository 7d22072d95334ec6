"""Variants that nothing serves, and flags that nobody varies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.checks.checking import serve, told


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
        ({"targeting": {"fractional": [["b", 1], [{"if": [{"var": "x"}, "c", "b"]}, 1]]}}, {}),
        ({"targeting": {"fractional": [{"var": "x"}, ["b", 1]]}}, {}),
    ],
)
def test_a_variant_that_something_may_serve_is_left_alone(flag: Any, beside: Any) -> None:
    assert variants_of(flag, **beside) == []


def test_targeting_that_names_its_variants_leaves_one_out() -> None:
    assert variants_of({"targeting": {"if": [{"==": [{"var": "x"}, "c"]}, "b", None]}}) == ["c"]


@pytest.mark.parametrize("unit", [[], [{"cat": [{"var": "email"}, "x"]}]])
def test_a_bucket_of_targeting_whose_weight_is_0_serves_nobody(unit: Any) -> None:
    assert variants_of({"targeting": {"fractional": [*unit, ["b", 1], ["c", 0]]}}) == ["c"]
    assert variants_of({"targeting": {"fractional": [*unit, ["b", 1], ["c", {"var": "share"}]]}}) == []


def idle_weights(flag: Any, **beside: Any) -> list[str]:
    base = {"variants": {"a": "1", "b": "2", "c": "3"}, "defaultVariant": "a"}
    found = told({"flags": {"f": {**base, **flag}}, **beside})
    return [path for name, path in found if name == "idle-weight"]


def test_a_weight_of_0_is_found_where_the_variant_is_served_elsewhere() -> None:
    split = {"split": {"b": 3, "c": 0}}
    assert idle_weights({"rules": [serve("c", when={"x": 1}), split]}) == ["flags.f.rules[1].split.c"]
    assert idle_weights({"rules": [split]}) == []
    overrides = {"customer": {"c-1": {"f": {"rules": [split]}}}}
    found = idle_weights({"rules": [serve("c", when={"x": 1})]}, overrides=overrides)
    assert found == ["overrides.customer.c-1.f.rules[0].split.c"]


def test_a_bucket_of_0_is_found_where_the_variant_is_served_elsewhere() -> None:
    buckets = {"fractional": [["b", 1], ["c", 0], ["a", 0.0]]}
    found = idle_weights({"targeting": {"if": [{"var": "x"}, "c", buckets]}})
    assert found == [f"flags.f.targeting.if[2].fractional[{index}]" for index in (1, 2)]


def test_a_split_that_only_leaves_a_variant_of_other_rules_out_is_left_alone() -> None:
    assert told_of(serve("c", when={"x": 1}), {"split": {"a": 1, "b": 1}}) == []


def told_of(*rules: Any) -> list[tuple[str, str]]:
    flag = {"variants": {"a": "1", "b": "2", "c": "3"}, "defaultVariant": "a", "rules": list(rules)}
    return told({"flags": {"f": flag}})


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


def test_a_variant_that_only_json_can_say_and_no_text_is_compared_too() -> None:
    flag = {
        "variants": {"a": "\ud800", "b": "\ud800"},
        "defaultVariant": "a",
        "rules": [serve("b", when={"x": 1})],
    }
    assert "constant-flag" in {name for name, _ in told({"flags": {"f": flag}})}
