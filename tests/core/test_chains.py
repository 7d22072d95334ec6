"""Chains of prerequisites: their length is the graph's alone, whoever asks and in whatever order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from burgee import evaluate, explain
from burgee.chains import chain_lengths, is_within_limit
from burgee.evaluation import interpret
from burgee.flag import Flag, Variant
from burgee.selector import ANY
from burgee.snapshot import FlagSet, Snapshot
from tests.core.differential.comparison import snapshot_of, told

NAMES = [f"f{number}" for number in range(9)]
NOW = 1_795_176_000.0

descending = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(NAMES[:index]), max_size=3) for index, name in enumerate(NAMES) if index}
)
"""What each flag requires: only flags before it, so that there is no circle."""


def flag(key: str, required: Sequence[str]) -> Flag:
    variants = {"on": Variant("on", True), "off": Variant("off", False)}
    return Flag(key, "boolean", variants, "on", requires=tuple((each, "on") for each in required))


def flag_set(required: Mapping[str, Sequence[str]]) -> FlagSet:
    return FlagSet(flags={name: flag(name, required.get(name, ())) for name in NAMES})


def longest(required: Mapping[str, Sequence[str]], name: str) -> int:
    return max((1 + longest(required, each) for each in required.get(name, ())), default=0)


def requiring(keys: Sequence[str]) -> dict[str, Any]:
    """A flag of a document that is on where all these are."""
    return {"requires": dict.fromkeys(keys, "on"), "rules": [{"serve": "on"}], "defaultVariant": "off"}


@settings(deadline=None)
@given(descending)
def test_the_length_is_that_of_the_longest_way_down(required: Mapping[str, Sequence[str]]) -> None:
    held = flag_set(required)
    for name in NAMES:
        lengths = chain_lengths(held, held.flags[name])
        assert lengths[name] == longest(required, name)
        assert all(lengths[each] == longest(required, each) for each in lengths)


@settings(deadline=None)
@given(descending, st.data())
def test_what_leads_into_a_circle_has_no_length(
    required: Mapping[str, Sequence[str]], data: st.DataObject
) -> None:
    top, bottom = data.draw(st.sampled_from(NAMES[1:])), NAMES[0]
    circular = {**required, top: [*required[top], bottom], bottom: [top]}
    held = flag_set(circular)
    lengths = chain_lengths(held, held.flags[top])
    assert not {top, bottom} & lengths.keys()
    assert not is_within_limit(lengths, top)
    snapshot = Snapshot(flag_sets={"": held})
    answers = [evaluate(snapshot, top, {}, now=NOW), interpret(snapshot, top, {}, NOW, ANY, None)]
    assert [told(each) for each in answers] == [told(answers[0])] * 2
    assert answers[0].metadata["burgee.requires"] in circular[top]


@settings(deadline=None)
@given(st.permutations(["base", "link-32", "link-31", "link-5"]), st.integers(20, 40))
def test_the_order_of_prerequisites_changes_no_answer(order: list[str], length: int) -> None:
    flags: dict[str, Any] = {"base": {"defaultVariant": "on"}}
    beneath = "base"
    for number in range(1, length + 1):
        flags[f"link-{number}"] = requiring([beneath])
        beneath = f"link-{number}"
    known = [key for key in order if key == "base" or int(key.removeprefix("link-")) <= length]
    snapshot = snapshot_of({"flags": {**flags, "top": requiring(known)}})
    expected = "off" if "link-32" in known else "on"
    assert evaluate(snapshot, "top", {}, now=NOW).variant == expected
    assert interpret(snapshot, "top", {}, NOW, ANY, None).variant == expected


def test_explain_says_that_a_chain_is_too_long() -> None:
    flags: dict[str, Any] = {"link-0": {"defaultVariant": "on"}}
    for number in range(1, 34):
        flags[f"link-{number}"] = requiring([f"link-{number - 1}"])
    explanation = explain(snapshot_of({"flags": flags}), "link-33", {}, now=NOW)
    [rung] = [each for each in explanation.rungs if each.name == "requires"]
    assert rung.detail == "requires link-32 to be on, it stands on a chain of more than 32"
