"""Targeting is compiled so that what is repeated is computed once, and what is known not at all."""

from __future__ import annotations

from typing import Any

import pytest

from burgee import compose, evaluate, read, semver
from burgee.layer import Layer
from tests.core.differential.comparison import disagreements, snapshot_of
from tests.support.targeting_contexts import NOON

X = {"var": "x"}
IS_NEW = {"sem_ver": [{"var": "version"}, ">=", "2.0.0"]}
VERSION = "3.0.0"


def document(targeting: Any, evaluators: Any = None) -> dict[str, Any]:
    flag = {
        "variants": {"true": True, "false": False, "on": True},
        "defaultVariant": "false",
        "targeting": targeting,
    }
    return {"flags": {"f": flag}, "$evaluators": evaluators or {}}


def variant(targeting: Any, context: dict[str, Any], **fixed: Any) -> str | None:
    snapshot = compose([Layer("s", (read(document(targeting)),))], fixed=fixed)
    return evaluate(snapshot, "f", context, now=NOON).variant


@pytest.fixture
def versions_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The context's version each time that it is read."""
    read_so_far: list[str] = []
    parse = semver.parse_version

    def noted(text: str) -> semver.Version | None:
        if text == VERSION:
            read_so_far.append(text)
        return parse(text)

    monkeypatch.setattr(semver, "parse_version", noted)
    return read_so_far


def branches(*plans: str) -> Any:
    """Branches that ask for a new version first, and then for a plan."""
    return {"if": [each for plan in plans for each in ({"and": [IS_NEW, is_plan(plan)]}, "on")]}


def is_plan(plan: str) -> Any:
    return {"==": [{"var": "plan"}, plan]}


def test_an_operation_in_three_branches_is_computed_once(versions_read: list[str]) -> None:
    targeting = branches("pro", "team", "free")
    assert variant(targeting, {"version": VERSION, "plan": "free"}) == "on"
    assert len(versions_read) == 1


def test_a_repeated_operation_is_not_computed_where_none_of_its_places_is_reached(
    versions_read: list[str],
) -> None:
    beside = {"and": [is_plan("pro"), IS_NEW]}
    targeting = {"if": [beside, "on", {"and": [is_plan("team"), IS_NEW]}, "on"]}
    assert variant(targeting, {"version": VERSION, "plan": "free"}) == "false"
    assert versions_read == []


def test_a_repeated_operation_is_computed_where_it_is_first_reached(versions_read: list[str]) -> None:
    beside = {"and": [is_plan("pro"), IS_NEW]}
    targeting = {"if": [beside, "false", {"and": [IS_NEW, is_plan("free")]}, "on", IS_NEW, "true"]}
    assert variant(targeting, {"version": VERSION, "plan": "team"}) == "true"
    assert len(versions_read) == 1


def test_a_repeated_value_within_an_expression_is_computed_once(versions_read: list[str]) -> None:
    targeting = {"==": [{"cat": [IS_NEW, IS_NEW]}, {"cat": [IS_NEW, "true"]}]}
    assert variant(targeting, {"version": VERSION}) == "true"
    assert len(versions_read) == 1


@pytest.mark.parametrize(
    "test",
    [
        {"==": [1, 1]},
        {"==": [{"var": "environment"}, "production"]},
        {"in": [{"var": "environment"}, ["production", {"cat": ["stag", "ing"]}]]},
        {"!": {"==": [{"cat": [{"var": "environment"}, 1]}, {"var": "$flagd.flagKey"}]}},
        {"and": [{"<": [1, 2]}, {"or": [False, {"var": "environment"}]}]},
    ],
    ids=repr,
)
def test_what_is_known_beforehand_is_not_in_the_function(test: Any) -> None:
    for targeting in ({"if": [test, "on", X]}, {"if": [{"!": test}, X, "on"]}):
        snapshot = compose([Layer("s", (read(document(targeting)),))], fixed={"environment": "production"})
        assert evaluate(snapshot, "f", {}, now=NOON).variant == "on"
        function: Any = snapshot.known_functions["f"]
        named = [function.__globals__[name] for name in function.__code__.co_names]
        assert [each.__name__ for each in named if callable(each)] == ["interpret"]


def test_a_part_that_is_too_large_to_be_computed_beforehand_is_left_to_who_asks() -> None:
    long = {"cat": ["a" * 40_000, "b" * 40_000]}
    assert variant({"if": [{"==": [X, 1]}, "on", long]}, {"x": 1}) == "on"
    snapshot = snapshot_of(document({"if": [{"==": [X, 1]}, "on", long]}))
    assert evaluate(snapshot, "f", {}, now=NOON).error_code == "GENERAL"


NEEDLES = (
    1, 1.0, 0, -0.0, 5, 5.0, True, False, None, "1", "", "5", [1], ["a"], {}, {"a": 1}, float("nan"), 10**400,
)  # fmt: skip


@pytest.mark.parametrize(
    ("heap", "found"),
    [
        ([5, 6], [5, 5.0]),
        ([0, 1], [1, 1.0, 0, -0.0]),
        ([True], [True]),
        ([False, "1"], [False, "1"]),
        (["5", None], [None, "5"]),
        (["", 5.0], [5, 5.0, ""]),
        ([None, 0, 1, True, "1"], [1, 1.0, 0, -0.0, True, None, "1"]),
        ([7, [1], {}], []),
        ("a1b", [1, 1.0, "1", "", [1], ["a"]]),
    ],
    ids=repr,
)
def test_a_value_is_in_a_list_where_kind_and_value_are_equal(heap: Any, found: list[Any]) -> None:
    targeting = {"if": [{"in": [X, heap]}, "on", "false"]}
    snapshot = snapshot_of(document(targeting))
    answers = [evaluate(snapshot, "f", {"x": needle}, now=NOON).variant for needle in NEEDLES]
    assert [repr(each) for each, answer in zip(NEEDLES, answers, strict=True) if answer == "on"] == [
        repr(each) for each in found
    ]
    assert [disagreements(snapshot, "f", {"x": needle}, NOON) for needle in NEEDLES] == [[]] * len(NEEDLES)


@pytest.mark.parametrize("literal", [1, 0.0, "1"], ids=repr)
def test_parts_that_differ_in_a_literals_kind_are_not_one(literal: Any) -> None:
    others: list[Any] = [1, True, 1.0, 0, False, 0.0, -0.0, "1", None]
    told = {"cat": [each for other in others for each in ({"===": [X, other]}, {"/": [1, other]}, " ")]}
    snapshot = snapshot_of(document({"if": [{"==": [told, told]}, told, "on"]}))
    assert disagreements(snapshot, "f", {"x": literal}, NOON) == []


@pytest.mark.parametrize(
    ("left", "equal"),
    [
        ({"var": ""}, True),
        ({"var": "$flagd"}, True),
        ({"var": "tags"}, True),
        ({"merge": [1]}, False),
        ({"if": [X, [1], [1]]}, False),
        ({"and": [True, {"map": [[1], {"var": ""}]}]}, False),
        ({"fractional": [["on", 1], [{"merge": ["on"]}, 0]]}, True),
    ],
    ids=repr,
)
def test_a_list_or_an_object_is_equal_to_itself_only(left: Any, equal: bool) -> None:
    same = {"$ref": "same"}
    targeting = {"if": [{"===": [same, same]}, "true", "false"]}
    snapshot = snapshot_of(document(targeting, {"same": left}))
    context = {"tags": ["a"], "targetingKey": "u"}
    assert evaluate(snapshot, "f", context, now=NOON).variant == str(equal).lower()
    assert disagreements(snapshot, "f", context, NOON) == []


def test_texts_of_minus_zero_are_minus_zero() -> None:
    for text in ("-0", "-0.0", " -00 "):
        assert variant({"==": [{"/": [1, X]}, {"/": [-1, 0]}]}, {"x": text}) == "true"
    assert variant({"==": [{"/": [1, {"*": [X, 2]}]}, {"/": [-1, 0]}]}, {"x": "-0x1"}) == "true"
