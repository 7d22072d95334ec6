"""What is wrong with targeting whatever the context, held against the interpreter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee import explain
from burgee.checks import check
from tests.core.checks.checking import NOW, composed, findings, told

PRO = {"==": [{"var": "plan"}, "pro"]}
FREE = {"==": [{"var": "plan"}, "free"]}
WHERE = "flags.f.targeting"


def odd(targeting: Any, check: str) -> list[str]:
    """Where a check finds something in a flag's targeting."""
    flag = {"variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": targeting}
    found = told({"flags": {"f": flag}})
    return [path.removeprefix(WHERE) for name, path in found if name == check]


@pytest.mark.parametrize(
    ("targeting", "where"),
    [
        ({"if": [PRO, "onn", "off"]}, [".if[1]"]),
        ({"if": [PRO, "on", "of"]}, [".if[2]"]),
        ({"if": [PRO, "on", {"if": [FREE, "off", "offf"]}]}, [".if[2].if[2]"]),
        ({"if": [PRO, True, "off"]}, [".if[1]"]),
        ({"if": [PRO, ["on"], "off"]}, []),
        ({"fractional": [["on", 1], ["of", 1]]}, [".fractional[1][0]"]),
        ({"fractional": [["on", 1], [{"if": [PRO, "of", "off"]}, 1]]}, [".fractional[1][0].if[1]"]),
        ({"or": [{"var": "variant"}, "of"]}, [".or[1]"]),
        ({"and": [PRO, PRO]}, [".and[1]"]),
        (PRO, [""]),
        ({"if": [PRO, "on"]}, []),
        ({"if": [PRO, "on", None]}, []),
        ({"if": [{"==": [{"var": "plan"}, "onn"]}, "on", {"var": "variant"}]}, []),
        ({"if": [False, "onn", "off"]}, []),
        ({"fractional": [["on", 1], ["of", 0]]}, []),
    ],
)  # fmt: skip
def test_what_is_no_variant_is_found_where_it_is_given(targeting: Any, where: list[str]) -> None:
    assert odd(targeting, "unknown-variant") == where


def test_a_misspelt_variant_comes_with_a_suggestion() -> None:
    flag = {"variants": {"on": True, "off": False}, "targeting": {"if": [PRO, "onn", "off"]}}
    (remedy,) = [
        each.fault.remedy for each in findings({"flags": {"f": flag}}) if each.check == "unknown-variant"
    ]
    assert remedy == "did you mean `on`?"


@pytest.mark.parametrize(
    ("targeting", "where"),
    [
        ({"if": [PRO, "on", PRO, "off", "on"]}, [".if[3]"]),
        ({"if": [PRO, "on", FREE, "on", PRO, "off", FREE, "off"]}, [".if[5]", ".if[7]"]),
        ({"if": [True, "on", PRO, "off"]}, [".if[3]"]),
        ({"if": [PRO, "off", [1], "on", "off"]}, [".if[4]"]),
        ({"?:": ["", "on", "off"]}, [".?:[1]"]),
        ({"if": [PRO, "on", {"if": [PRO, "off", "on"]}]}, [".if[2].if[1]"]),
        ({"if": [PRO, {"if": [PRO, "on", "off"]}, "off"]}, [".if[1].if[2]"]),
        ({"if": [PRO, {"if": [FREE, "on", "off"]}, {"if": [FREE, "off", "on"]}]}, []),
        ({"if": [PRO, "on", FREE, "off"]}, []),
        ({"if": [{"===": [{"var": "x"}, 1]}, "on", {"===": [{"var": "x"}, True]}, "off", "on"]}, []),
        ({"if": [{"var": "x"}, "on", {"!": [{"var": "x"}]}, "off", "on"]}, []),
        ({"if": [True, "on"]}, []),
    ],
)
def test_a_branch_that_is_never_taken_is_found(targeting: Any, where: list[str]) -> None:
    assert [_plain(each) for each in odd(targeting, "unreachable-branch")] == where


def _plain(path: str) -> str:
    return path.replace('["?:"]', ".?:")


conditions = st.one_of(
    st.sampled_from([True, False, 0, "", "0", [], [0], None]),
    st.builds(
        lambda operator, name, value: {operator: [{"var": name}, value]},
        st.sampled_from(["==", "===", ">", "in"]),
        st.sampled_from(["x", "y"]),
        st.sampled_from([1, True, 1.0, "1", "a"]),
    ),
    st.builds(lambda name: {"var": name}, st.sampled_from(["x", "y"])),
)
results = st.recursive(
    st.sampled_from(["on", "off", "onn", True, None, {"var": "x"}]),
    lambda inner: st.builds(
        lambda pairs, last: {"if": [*(each for pair in pairs for each in pair), *last]},
        st.lists(st.tuples(conditions, inner), min_size=1, max_size=3),
        st.lists(inner, max_size=1),
    ),
    max_leaves=8,
)
few_contexts = st.lists(
    st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from([0, 1, 1.0, True, "", "1", "a", "on", []])),
    min_size=12,
    max_size=12,
)


@settings(deadline=None, max_examples=150)
@given(results.filter(lambda each: isinstance(each, dict)), few_contexts)
def test_what_is_said_of_targeting_is_true(targeting: Any, some: list[Any]) -> None:
    flag = {"variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": targeting}
    layers, snapshot = composed({"flags": {"f": flag}})
    found = check(layers, snapshot, now=NOW)
    idle = [each.origin for each in found if each.check == "unreachable-branch"]
    unknown = [each.origin for each in found if each.check == "unknown-variant"]
    for context in some:
        explanation = explain(snapshot, "f", context, now=NOW)
        (rung,) = [each for each in explanation.rungs if each.name == "targeting"]
        assert rung.origin is not None
        way = rung.origin.path
        assert not [each for each in idle if way[: len(each.path)] == each.path]
        if rung.origin in unknown:
            assert explanation.resolution.error_code == "GENERAL"
