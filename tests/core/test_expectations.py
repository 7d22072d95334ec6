"""`tests`: how expectations are read, what is compared, and what they reach."""

from __future__ import annotations

from typing import Any

import pytest

from burgee import compose, read
from burgee.definition.expectations import read_expectations
from burgee.definition.report import Report
from burgee.errors import DefinitionError
from burgee.expectations.coverage import Coverage, coverage_of
from burgee.expectations.expectation import Expectation
from burgee.expectations.naming import misnamed
from burgee.expectations.running import Verdict, run
from burgee.fault import Fault, path_text
from burgee.instant import parse_instant
from burgee.layer import Layer
from burgee.snapshot import Snapshot
from burgee.wire.layer import layer_lines

NOW = parse_instant("2026-11-20T12:00:00Z") or 0.0
DOCUMENT: dict[str, Any] = {
    "flags": {
        "limit": {
            "variants": {"low": 1, "high": 2.5, "off": 3},
            "defaultVariant": "low",
            "rules": [
                {"name": "pro", "when": {"plan": "pro"}, "serve": "high"},
                {"when": {"plan": "free"}, "serve": "low"},
                {"name": "december", "from": "2026-12-01T00:00:00Z", "serve": "off"},
            ],
        },
        "shares": {"rules": [{"split": {"on": 99, "off": 1}}]},
        "bare": {"variants": {"on": True}},
        "ui": {"variants": {"a": {"dark": False}}, "defaultVariant": "a", "leaves": True},
    },
    "overrides": {
        "organization": {
            "acme": {"limit": {"rules": [{"serve": "high", "when": {"beta": True}}], "lock": True}},
            "globex": {"limit": {"rules": [{"name": "pilot", "when": {"beta": True}, "serve": "off"}]}},
        }
    },
}


def faults_of(tests: Any) -> list[Fault]:
    try:
        read({**DOCUMENT, "tests": tests})
    except DefinitionError as error:
        return list(error.faults)
    return []


def expectations(*tests: Any, flag_set_id: str = "") -> list[Expectation]:
    report = Report()
    found = read_expectations(report, list(tests), ("tests",), flag_set_id)
    assert report.finish() == ()
    return list(found)


def snapshot(*documents: Any) -> Snapshot:
    return compose([Layer(f"s{index}", (read(each),)) for index, each in enumerate(documents or [DOCUMENT])])


def verdict(flag: str, context: Any, expected: Any, **beside: Any) -> Verdict:
    (expectation,) = expectations({"flag": flag, "context": context, "expected": expected, **beside})
    return run(snapshot(), expectation, now=NOW)


SOUND = {"flag": "limit", "expected": {"variant": "low"}}


@pytest.mark.parametrize(
    ("tests", "path", "said"),
    [
        ({}, "tests", "not a list"),
        (["limit"], "tests[0]", "not a mapping"),
        ([{**SOUND, "tiem": 1}], "tests[0].tiem", "did you mean `time`?"),
        ([{**SOUND, "time": "2026-11-20"}], "tests[0].time", "not a date-time"),
        ([{**SOUND, "flag": 1}], "tests[0].flag", "not text"),
        ([{**SOUND, "context": []}], "tests[0].context", "not a mapping"),
        ([{"flag": "limit"}], "tests[0]", "lacks `expected`"),
        ([{"expected": {"variant": "low"}}], "tests[0]", "lacks `flag`"),
        ([{**SOUND, "expected": {}}], "tests[0].expected", "states nothing"),
        ([{**SOUND, "expected": {"varient": "low"}}], "tests[0].expected.varient", "`variant`?"),
        ([{**SOUND, "expected": {"reason": "SPLITS"}}], "tests[0].expected.reason", "`SPLIT`?"),
        ([{**SOUND, "expected": {"error": "NOT_FOUND"}}], "tests[0].expected.error", "`FLAG_NOT_FOUND`?"),
        ([{**SOUND, "expected": {"value": None}}], "tests[0].expected.value", "codeDefault"),
        ([{**SOUND, "expected": {"codeDefault": "yes"}}], "tests[0].expected.codeDefault", "true or false"),
        ([SOUND, {**SOUND, "expected": {"variant": True}}], "tests[1].expected.variant", "not text"),
    ],
)
def test_a_faulty_expectation_refuses_the_document_with_its_path(tests: Any, path: str, said: str) -> None:
    (fault,) = faults_of(tests)
    assert path_text(fault.path) == path and said in f"{fault.message}; {fault.remedy}"


def test_expectations_never_reach_a_definition_nor_the_wire() -> None:
    with_tests = read({**DOCUMENT, "tests": [{**SOUND, "name": "unmistakable"}]})
    assert with_tests == read(DOCUMENT)
    assert not any(b"unmistakable" in line for line in layer_lines(Layer("s", (with_tests,))))


@pytest.mark.parametrize(
    ("flag", "context", "expected"),
    [
        ("limit", {"plan": "pro"}, {"value": 2.5, "variant": "high", "rule": "pro", "source": "default"}),
        ("limit", {"plan": "free"}, {"reason": "TARGETING_MATCH", "rule": "rules[1]"}),
        ("limit", {}, {"value": 1}),
        ("limit", {}, {"value": 1.0, "codeDefault": False}),
        ("limit", {"organization": "globex", "beta": True}, {"scope": "globex", "source": "organization"}),
        ("shares", {}, {"error": "TARGETING_KEY_MISSING", "reason": "ERROR", "codeDefault": False}),
        ("shares", {"targetingKey": "u-1"}, {"value": True, "reason": "SPLIT"}),
        ("bare", {}, {"codeDefault": True, "reason": "DEFAULT"}),
        ("nowhere", {}, {"error": "FLAG_NOT_FOUND"}),
        ("ui", {}, {"value": {"dark": False}}),
        ("ui.dark", {}, {"value": False}),
    ],
)
def test_an_expectation_that_is_met_has_no_difference(flag: str, context: Any, expected: Any) -> None:
    assert verdict(flag, context, expected).differences == ()


@pytest.mark.parametrize(
    ("flag", "context", "field", "expected", "actual"),
    [
        ("limit", {}, "value", 2, 1.0),
        ("limit", {}, "value", True, 1.0),
        ("limit", {}, "variant", "high", "low"),
        ("limit", {}, "codeDefault", True, False),
        ("limit", {}, "rule", "pro", None),
        ("limit", {}, "error", "GENERAL", None),
        ("bare", {}, "value", True, None),
        ("shares", {}, "error", "GENERAL", "TARGETING_KEY_MISSING"),
        ("ui", {}, "value", {"dark": 0}, {"dark": False}),
    ],
)
def test_what_is_not_as_expected_is_told(
    flag: str, context: Any, field: str, expected: Any, actual: Any
) -> None:
    found = verdict(flag, context, {field: expected}).differences
    assert [(each.field, each.expected, each.actual) for each in found] == [(field, expected, actual)]


def test_only_what_is_stated_is_compared() -> None:
    assert len(verdict("limit", {}, {"value": 2.5, "variant": "low"}).differences) == 1


def test_the_stated_time_counts_and_else_now() -> None:
    december = verdict("limit", {}, {"variant": "off"}, time="2026-12-01T00:00:00Z")
    november = verdict("limit", {}, {"variant": "off"})
    assert (december.differences, len(november.differences)) == ((), 1)


def test_a_failure_names_the_rung_that_decided() -> None:
    decided = verdict("limit", {"plan": "pro"}, {"variant": "low"}).decided
    assert decided is not None and decided.name == "rule pro"
    assert decided.origin is not None and path_text(decided.origin.path) == "flags.limit.rules[0]"


@pytest.mark.parametrize(
    ("test", "path", "remedy"),
    [
        ({"flag": "limti", "expected": {"value": 1}}, "tests[0].flag", "did you mean `limit`?"),
        ({"flag": "limit", "expected": {"variant": "hihg"}}, "tests[0].expected.variant", "`high`?"),
        ({"flag": "ui.drak", "expected": {"value": True}}, "tests[0].flag", "`ui.dark`?"),
    ],
)
def test_a_name_that_leads_nowhere_is_a_fault_with_a_suggestion(test: Any, path: str, remedy: str) -> None:
    ((expectation, fault),) = misnamed(snapshot(), expectations(test))
    assert path_text(fault.path) == path and remedy in fault.remedy and fault.severity == "error"
    assert expectation.flag_key == test["flag"]


@pytest.mark.parametrize(
    "test",
    [
        SOUND,
        {"flag": "ui.dark", "expected": {"variant": "a"}},
        {"flag": "nowhere", "expected": {"error": "FLAG_NOT_FOUND"}},
    ],
)
def test_a_name_that_leads_somewhere_is_no_fault(test: Any) -> None:
    assert list(misnamed(snapshot(), expectations(test))) == []


def test_a_key_of_several_flag_sets_is_that_of_the_expectations_own_document() -> None:
    one, other = (
        {"metadata": {"flagSetId": name}, "flags": {"f": {"variants": {name: name}, "defaultVariant": name}}}
        for name in ("one", "other")
    )
    (expectation,) = expectations({"flag": "f", "expected": {"value": "other"}}, flag_set_id="other")
    assert run(snapshot(one, other), expectation, now=NOW).differences == ()


def covered(*tests: Any) -> Coverage:
    composed = snapshot()
    return coverage_of(composed, [run(composed, each, now=NOW) for each in expectations(*tests)])


def never_hit(coverage: Coverage) -> set[str]:
    return {path_text(each.origin.path) for each in coverage.rules_never_hit}


def asked(context: Any, flag: str = "limit") -> dict[str, Any]:
    return {"flag": flag, "context": context, "expected": {"codeDefault": False}}


RULES = {
    "flags.limit.rules[0]",
    "flags.limit.rules[1]",
    "flags.limit.rules[2]",
    "flags.shares.rules[0]",
    "overrides.organization.acme.limit.rules[0]",
    "overrides.organization.globex.limit.rules[0]",
}


def test_without_an_expectation_nothing_is_covered() -> None:
    coverage = covered()
    assert never_hit(coverage) == RULES and (coverage.rules, coverage.rules_percent) == (6, 0.0)
    assert (coverage.variants, coverage.variants_percent) == (7, 0.0)


@pytest.mark.parametrize(
    ("test", "hit"),
    [
        (asked({"plan": "pro"}), "flags.limit.rules[0]"),
        (asked({"plan": "free"}), "flags.limit.rules[1]"),
        ({**asked({}), "time": "2027-01-01T00:00:00Z"}, "flags.limit.rules[2]"),
        (asked({"targetingKey": "u-1"}, "shares"), "flags.shares.rules[0]"),
        (asked({"organization": "acme", "beta": True}), "overrides.organization.acme.limit.rules[0]"),
        (asked({"organization": "globex", "beta": True}), "overrides.organization.globex.limit.rules[0]"),
    ],
)
def test_the_rule_that_answers_is_hit_and_no_other(test: Any, hit: str) -> None:
    assert never_hit(covered(test)) == RULES - {hit}


@pytest.mark.parametrize("test", [asked({}), asked({"organization": "acme"}), asked({}, "shares")])
def test_an_answer_without_a_rule_and_an_error_hit_none(test: Any) -> None:
    assert never_hit(covered(test)) == RULES


def test_variants_are_covered_by_being_served_through_a_leaf_too() -> None:
    coverage = covered(asked({}), asked({}, "ui.dark"))
    missed = {(each.flag_key, each.name) for each in coverage.variants_never_served}
    assert missed == {
        ("limit", "high"), ("limit", "off"), ("shares", "on"), ("shares", "off"), ("bare", "on")
    }  # fmt: skip
    assert coverage.variants_percent == pytest.approx(100 * 2 / 7)


def test_where_there_is_no_rule_all_are_covered() -> None:
    assert coverage_of(snapshot({"flags": {}}), []).rules_percent == 100.0


TARGETED = {
    "flags": {
        "f": {
            "defaultVariant": "off",
            "variants": {"on": True, "off": False},
            "targeting": {
                "if": [{"var": "a"}, "on", {"var": "b"}, {"if": [{"var": "c"}, "off", "onn"]}, "off"]
            },
        },
        "plain": {"variants": {"on": True, "off": False}, "targeting": {"var": "x"}},
    }
}


def not_taken(*contexts: Any) -> list[str]:
    composed = snapshot(TARGETED)
    tests = expectations(*(asked(context, "f") for context in contexts))
    coverage = coverage_of(composed, [run(composed, each, now=NOW) for each in tests])
    assert coverage.branches == 4
    assert coverage.branches_percent == 25.0 * (4 - len(coverage.branches_never_taken))
    return [each.name for each in coverage.branches_never_taken]


def test_branches_of_targeting_are_covered_by_being_taken_even_to_an_error() -> None:
    assert not_taken() == ["if[1]", "if[3].if[1]", "if[3].if[2]", "if[4]"]
    assert not_taken({"a": 1}, {"a": 1, "b": 1}) == ["if[3].if[1]", "if[3].if[2]", "if[4]"]
    assert not_taken({"b": 1, "c": 1}, {}) == ["if[1]", "if[3].if[2]"]
    assert not_taken({"b": 1}) == ["if[1]", "if[3].if[1]", "if[4]"]
