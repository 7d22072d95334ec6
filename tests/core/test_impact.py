"""Impact: who is answered otherwise by one snapshot than by another, told exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee import Snapshot, compose, evaluate, read
from burgee.impact import Comparison, Impact, impact, told
from burgee.impact_document import impact_document
from burgee.layer import Layer
from burgee.selector import ANY, Selector
from burgee.value import fingerprint
from tests.core.snapshot_bytes.snapshots import relaxed
from tests.support.strategies import contexts, documents, instants

FLAGS: dict[str, Any] = {
    "flags": {
        "checkout": {"defaultVariant": "off"},
        "limit": {"variants": {"few": 1, "many": 10}, "defaultVariant": "few"},
        "editor": {"variants": {"plain": {"dark": False, "tabs": 4}}, "defaultVariant": "plain"},
    },
    "overrides": {"organization": {"acme": {"checkout": "on"}}},
}

SAMPLE = [
    {"customer": "c-42", "organization": "acme"},
    {"customer": "c-42", "organization": "acme"},
    {"customer": 7, "organization": "globex"},
    {"plan": "pro"},
]


def composed(*all_documents: Any) -> Snapshot:
    return compose([Layer(f"s{index}", (read(each),)) for index, each in enumerate(all_documents)])


def found(*above: Any, sample: Any = SAMPLE, selector: Selector = ANY, beneath: Any = FLAGS) -> Impact:
    """The impact of laying something above."""
    return impact(composed(beneath), composed(beneath, *above), sample, now=0.0, selector=selector)


def reported(outcome: Impact) -> set[tuple[str, int]]:
    return {
        (flag.flag_key, position)
        for flag in outcome.flags
        for transition in flag.transitions
        for position in transition.positions
    }


@settings(relaxed, max_examples=15)
@given(documents(), st.lists(contexts(), max_size=5), instants)
def test_a_snapshot_has_no_impact_on_itself(document: Any, sample: Any, now: float) -> None:
    snapshot = composed(document)
    outcome = impact(snapshot, snapshot, sample, now=now)
    assert (outcome.affected, outcome.flags, outcome.by_level) == ((), (), {})
    again = impact(snapshot, composed(document), sample, now=now)
    assert again == outcome


@settings(relaxed, max_examples=40)
@given(documents(), documents(), st.lists(contexts(), min_size=1, max_size=6), instants)
def test_every_context_that_is_reported_differs_and_no_other_does(
    old: Any, new: Any, sample: Any, now: float
) -> None:
    before, after = composed(old), composed(old, new)
    outcome = impact(before, after, sample, now=now)
    differing = {
        (key, position)
        for position, context in enumerate(sample)
        for key in old["flags"].keys() | new["flags"].keys()
        if answer(before, key, context, now) != answer(after, key, context, now)
    }
    assert reported(outcome) == differing
    assert set(outcome.affected) == {position for _, position in differing}
    for flag in outcome.flags:
        for transition in flag.transitions:
            for position in transition.positions:
                asked = (flag.flag_key, sample[position], now)
                assert fingerprint(tuple(transition.before)) == answer(before, *asked)
                assert fingerprint(tuple(transition.after)) == answer(after, *asked)


def answer(snapshot: Snapshot, key: str, context: Any, now: float) -> bytes:
    return fingerprint(tuple(told(evaluate(snapshot, key, context, now=now))))


def test_who_is_met_is_counted_at_every_level_that_the_context_carries() -> None:
    outcome = found({"overrides": {"customer": {"c-42": {"limit": "many"}, "7": {"limit": "many"}}}})
    assert outcome.affected == (0, 1, 2)
    (flag,) = outcome.flags
    assert flag.by_level == {"customer": {"c-42": 2, "7": 1}, "organization": {"acme": 2, "globex": 1}}
    assert outcome.by_level == outcome.sample == flag.by_level


def test_a_scope_that_is_met_in_part_says_of_how_many() -> None:
    outcome = found(
        {"overrides": {"customer": {"c-42": {"limit": "many"}}}},
        sample=[*SAMPLE, {"customer": "c-43", "organization": "acme"}],
    )
    assert outcome.by_level["organization"] == {"acme": 2}
    assert outcome.sample["organization"] == {"acme": 3}


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, 1.0), (True, 1), ("1", 1), (True, "true"), ({"n": 1}, {"n": 1.0}), ({"n": True}, {"n": 1})],
)
def test_values_of_another_kind_are_other_values(before: Any, after: Any) -> None:
    old, new = (
        composed({"flags": {"a": {"variants": {"v": value}, "defaultVariant": "v"}}})
        for value in (before, after)
    )
    outcome = impact(old, new, [{}], now=0.0)
    assert reported(outcome) >= {("a", 0)}


def test_another_variant_of_the_same_value_is_told() -> None:
    flag = {"variants": {"a": 1, "b": 1}, "defaultVariant": "a"}
    outcome = impact(
        composed({"flags": {"x": flag}}),
        composed({"flags": {"x": {**flag, "defaultVariant": "b"}}}),
        [{}],
        now=0.0,
    )
    assert reported(outcome) == {("x", 0)}


def test_another_reason_alone_is_no_impact_but_the_flag_is_listed_as_changed() -> None:
    rule = {"when": {"plan": "pro"}, "serve": "off"}
    outcome = found(
        {"flags": {"checkout": {"defaultVariant": "off", "rules": [rule]}}}, sample=[{"plan": "pro"}]
    )
    assert [(flag.flag_key, flag.change, flag.affected) for flag in outcome.flags] == [
        ("checkout", "changed", 0)
    ]
    assert outcome.affected == ()


def test_a_flag_that_comes_and_one_that_goes_are_told_as_such() -> None:
    old, new = composed(FLAGS), composed({"flags": {"new": {"defaultVariant": "on"}}})
    outcome = impact(old, new, [{}], now=0.0)
    changes_told = {flag.flag_key: flag.change for flag in outcome.flags}
    assert changes_told["new"] == "added" and changes_told["checkout"] == "removed"
    (transition,) = next(flag for flag in outcome.flags if flag.flag_key == "new").transitions
    assert transition.before.error_code == "FLAG_NOT_FOUND" and transition.after.value is True


def test_metadata_and_notes_alone_have_no_impact_and_change_no_flag() -> None:
    noted = {**FLAGS["flags"]["checkout"], "description": "the new one", "owner": "shop"}
    outcome = found({"metadata": {"version": "2"}, "flags": {"checkout": noted}})
    assert outcome.flags == ()


def test_a_leaf_is_listed_where_a_context_meets_it_and_only_there() -> None:
    leaves = {"flags": {"editor": {**FLAGS["flags"]["editor"], "leaves": True}}}
    patched = {"overrides": {"organization": {"acme": {"editor": {"patch": {"dark": True}}}}}}
    beneath = {**FLAGS, "flags": {**FLAGS["flags"], **leaves["flags"]}}
    assert [flag.flag_key for flag in found(patched, beneath=beneath).flags] == ["editor", "editor.dark"]
    assert [flag.flag_key for flag in found(patched, beneath=beneath, sample=[{}]).flags] == ["editor"]


def test_a_key_of_several_flag_sets_is_looked_at_in_each() -> None:
    def document(flag_set_id: str, variant: str) -> Any:
        return {"metadata": {"flagSetId": flag_set_id}, "flags": {"a": {"defaultVariant": variant}}}

    old = composed(document("x", "on"), document("y", "off"))
    new = composed(document("x", "on"), document("y", "on"))
    (flag,) = impact(old, new, [{}], now=0.0).flags
    assert (flag.flag_key, flag.flag_set_id, flag.affected) == ("a", "y", 1)
    assert impact(old, new, [{}], now=0.0, selector=Selector("x")).flags == ()
    ambiguous = impact(composed(document("x", "on")), new, [{}], now=0.0).flags
    assert [(flag.flag_set_id, flag.change) for flag in ambiguous] == [(None, "changed"), ("y", "added")]
    assert [flag.affected for flag in ambiguous] == [1, 1]


def test_a_flag_of_another_source_is_gone_for_who_asks_for_the_first() -> None:
    old, new = (compose([Layer(name, (read(FLAGS, source=name),))]) for name in ("first", "second"))
    outcome = impact(old, new, [{}], now=0.0, selector=Selector(source="first"))
    assert {flag.change for flag in outcome.flags} == {"removed"} and outcome.affected == (0,)


def test_fixed_attributes_count_as_the_scope_of_every_context() -> None:
    old = replace(composed(FLAGS), fixed={"organization": "acme"})
    outcome = impact(composed(FLAGS), old, [{"organization": "globex"}, {}], now=0.0)
    assert outcome.by_level == {"organization": {"acme": 2}}


def test_examples_are_few_and_taken_from_every_transition_in_turn() -> None:
    above = {"overrides": {"customer": {"1": {"limit": "many"}, "2": {"limit": {"value": 5}}}}}
    sample = [*({"customer": "1", "n": n} for n in range(5)), {"customer": "2"}]
    (flag,) = impact(composed(FLAGS), composed(FLAGS, above), sample, now=0.0, examples=3).flags
    assert [[dict(each) for each in one.examples] for one in flag.transitions] == [sample[:2], sample[5:]]
    assert [one.positions for one in flag.transitions] == [(0, 1, 2, 3, 4), (5,)]


def test_contexts_one_by_one_come_to_what_all_at_once_do() -> None:
    old, new = composed(FLAGS), composed(FLAGS, {"kill": {"checkout": "off"}})
    comparison = Comparison(old, new, now=0.0)
    for context in SAMPLE:
        comparison.add(context)
    assert comparison.questions == 1
    assert comparison.outcome() == impact(old, new, SAMPLE, now=0.0)


def test_as_json_it_says_how_many_who_and_what_instead_of_what() -> None:
    outcome = found({"kill": {"checkout": {"code_default": True}}})
    assert impact_document(outcome) == {
        "contexts": 4,
        "affected": 4,
        "byLevel": {
            "customer": [
                {"scope": "c-42", "affected": 2, "contexts": 2},
                {"scope": "7", "affected": 1, "contexts": 1},
            ],
            "organization": [
                {"scope": "acme", "affected": 2, "contexts": 2},
                {"scope": "globex", "affected": 1, "contexts": 1},
            ],
        },
        "flags": [
            {
                "flag": "checkout",
                "change": "changed",
                "affected": 4,
                "byLevel": {
                    "customer": [{"scope": "c-42", "affected": 2}, {"scope": "7", "affected": 1}],
                    "organization": [{"scope": "acme", "affected": 2}, {"scope": "globex", "affected": 1}],
                },
                "transitions": [
                    {
                        "before": {"value": True, "variant": "on"},
                        "after": {"codeDefault": True},
                        "contexts": 2,
                        "positions": [0, 1],
                        "examples": SAMPLE[:2],
                    },
                    {
                        "before": {"value": False, "variant": "off"},
                        "after": {"codeDefault": True},
                        "contexts": 2,
                        "positions": [2, 3],
                        "examples": SAMPLE[2:],
                    },
                ],
            }
        ],
    }
