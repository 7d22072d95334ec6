"""Reading documents: every fault at once, each with its place, none that follows from another."""

from __future__ import annotations

from typing import Any

import pytest

from burgee import DefinitionError, Fault, read, read_layer, render
from burgee.definition import SourceDocument
from burgee.flag import ServeVariant


def faults_of(document: Any) -> list[Fault]:
    with pytest.raises(DefinitionError) as caught:
        read(document)
    return list(caught.value.faults)


def test_ten_planted_faults_are_reported_as_exactly_ten() -> None:
    document = {
        "metdata": {},
        "segments": {"nordic": {"country": {"within": ["SE"]}}},
        "flags": {
            "a": {"defaultVarient": "on"},
            "b": {"variants": {"x": 1, "y": "two"}, "defaultVariant": "z"},
            "c": {
                "rules": [
                    {"when": {"segment": "nordick"}, "serve": "on"},
                    {"serve": "no"},
                    {"split": {"on": -1}},
                ]
            },
            "d": {
                "state": "ON",
                "rules": [{"when": {"segment": "nordic"}, "serve": "on", "until": "tomorrow"}],
            },
        },
        "overrides": {"customer": {"c-1": {"b": "x", "e": "on"}}},
    }
    found = faults_of(document)
    assert [fault.path for fault in found] == [
        ("metdata",),
        ("segments", "nordic", "country", "within"),
        ("flags", "a", "defaultVarient"),
        ("flags", "b", "variants", "y"),
        ("flags", "c", "rules", 2, "split", "on"),
        ("flags", "d", "state"),
        ("flags", "d", "rules", 0, "until"),
        ("flags", "c", "rules", 0, "when", "segment"),
        ("overrides", "customer", "c-1", "e"),
        ("flags", "c", "rules", 1, "serve"),
    ]


def test_a_fault_says_what_is_wrong_where_and_what_to_write() -> None:
    (fault,) = faults_of({"flags": {"new-checkout": {"defaultVarient": "on"}}})
    assert str(fault) == (
        "at flags.new-checkout.defaultVarient: error: unknown field `defaultVarient`; "
        "did you mean `defaultVariant`?"
    )


def test_an_empty_targeting_is_no_targeting() -> None:
    flag = read({"flags": {"a": {"state": "ENABLED", "variants": {"on": True}, "targeting": {}}}}).flags["a"]
    assert (flag.rules, flag.targeting) == ((), None)


def test_flags_in_a_list_are_the_flags_of_a_mapping() -> None:
    flags: dict[str, Any] = {
        "a": {"defaultVariant": "on", "rules": [{"when": {"plan": "pro"}, "serve": "off"}]},
        "b": {"variants": {"x": 1}, "targeting": {"if": [{"var": "x"}, "x", None]}},
    }
    listed = read({"flags": [{**flag, "key": key} for key, flag in flags.items()]})
    assert render(listed) == render(read({"flags": flags}))
    assert [flag.origin.path for flag in listed.flags.values()] == [("flags", 0), ("flags", 1)]


def test_an_evaluator_may_stand_before_the_one_it_refers_to() -> None:
    rules = {"outer": {"!": {"$ref": "inner"}}, "inner": {"==": [{"var": "plan"}, "pro"]}}
    document: dict[str, Any] = {
        "$evaluators": rules,
        "flags": {"a": {"targeting": {"if": [{"$ref": "outer"}, "on"]}}},
    }
    reversed_document = {**document, "$evaluators": dict(reversed(rules.items()))}
    assert read(document).flags["a"].targeting == read(reversed_document).flags["a"].targeting


@pytest.mark.parametrize(("doublings", "accepted"), [(12, True), (13, False)])
def test_the_parts_of_targeting_are_counted_with_its_references_filled_in(
    doublings: int, accepted: bool
) -> None:
    evaluators: dict[str, Any] = {"e0": {"!": {"var": "x"}}}
    for number in range(1, doublings + 1):
        evaluators[f"e{number}"] = {"and": [{"$ref": f"e{number - 1}"}, {"$ref": f"e{number - 1}"}]}
    document = {"$evaluators": evaluators, "flags": {"a": {"targeting": {"$ref": f"e{doublings}"}}}}
    if accepted:
        assert read(document).flags["a"].targeting is not None
    else:
        assert "more than 20000 parts" in faults_of(document)[0].message


def test_references_as_deep_as_a_document_is_long_are_a_fault_rather_than_a_crash() -> None:
    evaluators: dict[str, Any] = {f"e{n}": {"!": {"$ref": f"e{n + 1}"}} for n in range(20_000)}
    evaluators["e20000"] = {"var": "x"}
    faults = faults_of({"$evaluators": evaluators, "flags": {"a": {"targeting": {"$ref": "e0"}}}})
    assert all(fault.remedy for fault in faults)


@pytest.mark.parametrize("version", [2, 3])
def test_a_document_states_the_generation_of_fractional(version: int) -> None:
    assert read({"fractionalVersion": version}).fractional_version == version


def test_the_files_of_one_layer_agree_on_the_generation_of_fractional() -> None:
    documents = [
        SourceDocument({"fractionalVersion": 2}, "one.yaml"),
        SourceDocument({"fractionalVersion": 3}, "two.yaml"),
    ]
    with pytest.raises(DefinitionError) as caught:
        read_layer("s", documents)
    (fault,) = caught.value.faults
    assert (fault.file, fault.path) == ("two.yaml", ("fractionalVersion",))


def test_a_required_flag_that_is_not_there_is_one_fault_even_with_two_mentions() -> None:
    found = faults_of({"flags": {"a": {"requires": {"b": "on"}}, "c": {"requires": {"b": "on"}}}})
    assert [fault.path for fault in found] == [
        ("flags", "a", "requires", "b"),
        ("flags", "c", "requires", "b"),
    ]


@pytest.mark.parametrize(("length", "accepted"), [(1, True), (256, True), (257, False), (0, False)])
def test_the_length_of_a_key_is_limited(length: int, accepted: bool) -> None:
    document: dict[str, Any] = {"flags": {"k" * length: {}}}
    if accepted:
        assert len(read(document).flags) == 1
    else:
        assert "use 1 to 256 characters" in faults_of(document)[0].remedy


@pytest.mark.parametrize(("depth", "accepted"), [(32, True), (33, False)])
def test_the_depth_of_conditions_is_limited(depth: int, accepted: bool) -> None:
    condition: Any = {"plan": "pro"}
    for _ in range(depth - 1):
        condition = {"not": condition}
    document = {"flags": {"a": {"rules": [{"when": condition, "serve": "on"}]}}}
    if accepted:
        assert read(document).flags["a"].rules
    else:
        assert "nest deeper than 32" in faults_of(document)[0].message


@pytest.mark.parametrize(("depth", "accepted"), [(60, True), (61, False)])
def test_the_depth_of_a_document_is_limited(depth: int, accepted: bool) -> None:
    value: Any = {}
    for _ in range(depth - 1):
        value = {"in": value}
    document = {"flags": {"a": {"variants": {"x": value}}}}
    if accepted:
        assert read(document).flags["a"].flag_type == "object"
    else:
        assert "nests deeper than 64" in faults_of(document)[0].message


@pytest.mark.parametrize(
    ("number", "accepted"), [(2**63 - 1, True), (2**63, False), (-(2**63), True), (-(2**63) - 1, False)]
)
def test_integers_have_64_bits(number: int, accepted: bool) -> None:
    document = {"flags": {"a": {"variants": {"x": number}}}}
    if accepted:
        assert read(document).flags["a"].variants["x"].value == number
    else:
        assert "does not fit 64 bit" in faults_of(document)[0].message


@pytest.mark.parametrize(("number", "warned"), [(2**53, False), (2**53 + 1, True)])
def test_integers_that_javascript_cannot_hold_are_warned_of(number: int, warned: bool) -> None:
    _, warnings = read_layer("s", [SourceDocument({"flags": {"a": {"variants": {"x": number}}}})])
    assert bool(warnings) is warned


@pytest.mark.parametrize(("total", "accepted"), [(2**31 - 1, True), (2**31, False), (0, False)])
def test_the_sum_of_weights_is_limited(total: int, accepted: bool) -> None:
    document = {"flags": {"a": {"rules": [{"split": {"on": total}}]}}}
    if accepted:
        assert read(document).flags["a"].rules
    else:
        assert "add up to" in faults_of(document)[0].message


def test_one_key_in_two_files_is_a_fault_that_names_the_other_file() -> None:
    documents = [
        SourceDocument({"flags": {"a": {}}}, "one.yaml"),
        SourceDocument({"flags": {"a": {}}}, "two.yaml"),
    ]
    with pytest.raises(DefinitionError) as caught:
        read_layer("s", documents)
    (fault,) = caught.value.faults
    assert (fault.file, fault.path, "one.yaml" in fault.message) == ("two.yaml", ("flags", "a"), True)


def test_the_files_of_one_layer_may_refer_to_one_another() -> None:
    documents = [
        SourceDocument({"flags": {"a": {"rules": [{"when": {"segment": "s"}, "serve": "on"}]}}}, "one.yaml"),
        SourceDocument(
            {"segments": {"s": {"plan": "pro"}}, "overrides": {"customer": {"c": {"a": "on"}}}}, "two.yaml"
        ),
    ]
    layer, warnings = read_layer("s", documents)
    assert warnings == ()
    assert layer.definitions[0].overrides["customer", "c", "a"].effect == ServeVariant("on")


def test_a_layer_of_overrides_only_may_name_flags_of_other_layers() -> None:
    assert read({"overrides": {"customer": {"c": {"elsewhere": "on"}}}}).overrides


def test_an_unknown_field_of_a_flagd_document_that_resembles_nothing_is_a_warning() -> None:
    flag = {"state": "ENABLED", "variants": {"on": True}, "x-vendor": 1}
    layer, warnings = read_layer("s", [SourceDocument({"$schema": "s", "flags": {"a": flag}})])
    assert layer.definitions[0].flags["a"].flag_type == "boolean"
    assert [fault.path for fault in warnings] == [("flags", "a", "x-vendor")]


def test_an_unknown_field_of_a_flagd_document_that_resembles_one_is_a_fault() -> None:
    flag = {"state": "ENABLED", "variants": {"on": True}, "defaultvariant": "on"}
    assert faults_of({"flags": {"a": flag}})[0].remedy == "did you mean `defaultVariant`?"


def test_segments_that_lead_back_to_themselves_are_one_fault() -> None:
    (fault,) = faults_of({"segments": {"a": {"segment": "b"}, "b": {"not": {"segment": "a"}}}})
    assert "leads back to itself" in fault.message


def test_flags_that_require_one_another_in_a_circle_are_one_fault() -> None:
    (fault,) = faults_of({"flags": {"a": {"requires": {"b": "on"}}, "b": {"requires": {"a": "on"}}}})
    assert "leads back to itself" in fault.message


@pytest.mark.parametrize(("chain", "accepted"), [(32, True), (33, False)])
def test_the_chain_of_segments_is_limited(chain: int, accepted: bool) -> None:
    segments: dict[str, Any] = {f"s{n}": {"segment": f"s{n + 1}"} for n in range(chain)}
    segments[f"s{chain}"] = {"plan": "pro"}
    if accepted:
        assert len(read({"segments": segments}).segments) == chain + 1
    else:
        assert "the limit is 32" in faults_of({"segments": segments})[0].message
