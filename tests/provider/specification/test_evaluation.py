"""Evaluation: values of each type, why they are what they are, and what stands in for those not there."""

from __future__ import annotations

from typing import Any

import pytest
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from tests.provider.specification.conftest import TYPES, Asking, first_reason

INSIDER = EvaluationContext("anna", {"email": "anna@example.com"})
OUTSIDER = EvaluationContext("boris", {"email": "boris@elsewhere.org"})

DEFAULTS: dict[str, Any] = {
    "boolean": True,
    "string": "mine",
    "integer": 7,
    "float": 7.25,
    "object": {"mine": True},
}
"""A caller's default value of each type, which no flag serves but for the booleans."""

OTHER_DEFAULTS = DEFAULTS | {"boolean": False}

TEMPLATE = {"showImages": True, "title": "Check out these pics!", "imagesPerPage": 100}

SERVED = [
    ("boolean", "boolean", True, "on"),
    ("boolean", "boolean-zero", False, "off"),
    ("string", "string", "hi", "greeting"),
    ("string", "string-zero", "", "empty"),
    ("integer", "integer", 10, "ten"),
    ("integer", "integer-zero", 0, "zero"),
    ("integer", "integer-large", 2**31 - 1, "large"),
    ("integer", "integer-larger", 2**53 - 1, "larger"),
    ("integer", "integer-negative", -(2**31), "negative"),
    ("float", "float", 0.5, "half"),
    ("float", "float-zero", 0.0, "zero"),
    ("float", "float-whole", 10.0, "ten"),
    ("object", "object", TEMPLATE, "template"),
    ("object", "object-zero", {}, "empty"),
    ("object", "object-deep", {"rows": [{"cells": [1, 2.5, "x", None, False]}], "none": {}}, "deep"),
]


@pytest.mark.parametrize(("flag_type", "flag_key", "value", "variant"), SERVED)
def test_a_flag_has_its_value_whatever_the_default_value(
    asking: Asking, flag_type: str, flag_key: str, value: Any, variant: str
) -> None:
    for default in (DEFAULTS[flag_type], OTHER_DEFAULTS[flag_type]):
        got = asking.value(flag_type, flag_key, default)
        assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize(("flag_type", "flag_key", "value", "variant"), SERVED)
def test_a_flag_says_its_variant_and_reason_and_nothing_of_an_error(
    asking: Asking, flag_type: str, flag_key: str, value: Any, variant: str
) -> None:
    details = asking.details(flag_type, flag_key, OTHER_DEFAULTS[flag_type])
    assert (details.flag_key, details.value, details.variant) == (flag_key, value, variant)
    assert first_reason(details) == Reason.STATIC
    assert (details.error_code, details.error_message or None) == (None, None)


@pytest.mark.parametrize(
    ("flag_type", "outside", "inside", "variants"),
    [
        ("boolean", False, True, ("off", "on")),
        ("string", "EXTERNAL", "INTERNAL", ("outsider", "insider")),
        ("integer", 1, 2, ("low", "high")),
        ("float", 0.25, 0.75, ("low", "high")),
        ("object", {"inside": False}, {"inside": True}, ("a", "b")),
    ],
)
def test_a_rule_serves_whom_it_names_and_the_default_variant_everybody_else(
    asking: Asking, flag_type: str, outside: Any, inside: Any, variants: tuple[str, str]
) -> None:
    key, default = f"{flag_type}-targeted", DEFAULTS[flag_type]
    found = asking.details(flag_type, key, default, INSIDER)
    assert (found.value, found.variant, first_reason(found)) == (inside, variants[1], Reason.TARGETING_MATCH)
    for context in (OUTSIDER, EvaluationContext("anna"), EvaluationContext(), None):
        others = asking.details(flag_type, key, default, context)
        assert (others.value, others.variant, first_reason(others)) == (outside, variants[0], Reason.DEFAULT)
        assert others.error_code is None


def test_a_split_says_so_and_needs_a_targeting_key(asking: Asking) -> None:
    details = asking.details("string", "split", "mine", EvaluationContext("anna"))
    assert (details.value, details.variant, first_reason(details)) == ("R", "right", Reason.SPLIT)
    for context in (None, EvaluationContext(None, {"email": "x"})):
        missing = asking.details("string", "split", "mine", context)
        assert (missing.value, missing.reason) == ("mine", Reason.ERROR)
        assert missing.error_code is ErrorCode.TARGETING_KEY_MISSING


def test_the_targeting_key_is_an_attribute_to_rules(asking: Asking) -> None:
    assert asking.details("boolean", "by-targeting-key", False, EvaluationContext("anna")).value is True
    assert asking.details("boolean", "by-targeting-key", True, EvaluationContext("boris")).value is False


@pytest.mark.parametrize("flag_type", TYPES)
def test_a_disabled_flag_is_the_callers_default_value_and_no_error(asking: Asking, flag_type: str) -> None:
    for default in (DEFAULTS[flag_type], OTHER_DEFAULTS[flag_type]):
        details = asking.details(flag_type, f"{flag_type}-disabled", default, INSIDER)
        assert (details.value, first_reason(details)) == (default, Reason.DISABLED)
        assert (details.error_code, details.variant) == (None, None)


@pytest.mark.parametrize("default", [True, False])
def test_a_flag_without_a_default_variant_is_the_callers_default_value_and_no_error(
    asking: Asking, default: bool
) -> None:
    details = asking.details("boolean", "code-default", default)
    assert (details.value, first_reason(details)) == (default, Reason.DEFAULT)
    assert (details.error_code, details.variant) == (None, None)


@pytest.mark.parametrize("flag_type", TYPES)
@pytest.mark.parametrize("flag_key", ["no-such-flag", "boolean ", "Boolean", "boolean/", "x" * 300, ""])
def test_an_unknown_flag_is_the_callers_default_value(asking: Asking, flag_type: str, flag_key: str) -> None:
    default = DEFAULTS[flag_type]
    details = asking.details(flag_type, flag_key, default, INSIDER)
    assert (details.flag_key, details.value, details.variant) == (flag_key, default, None)
    assert (details.error_code, details.reason) == (ErrorCode.FLAG_NOT_FOUND, Reason.ERROR)
    assert details.error_message


def fits(flag_key: str, flag_type: str) -> bool:
    """Whether a flag's value is of a type, or a number of the other kind that loses nothing."""
    return flag_key == flag_type or (flag_key, flag_type) == ("integer", "float")


@pytest.mark.parametrize("flag_type", TYPES)
@pytest.mark.parametrize("flag_key", TYPES)
def test_a_flag_asked_for_as_another_type_is_the_callers_default_value(
    asking: Asking, flag_key: str, flag_type: str
) -> None:
    default = OTHER_DEFAULTS[flag_type]
    details = asking.details(flag_type, flag_key, default)
    if fits(flag_key, flag_type):
        assert details.error_code is None and details.value != default
        return
    assert (details.value, type(details.value)) == (default, type(default))
    assert (details.error_code, details.reason) == (ErrorCode.TYPE_MISMATCH, Reason.ERROR)
    assert details.variant is None and details.error_message


@pytest.mark.parametrize("flag_type", ["string", "integer", "float", "object"])
def test_a_zero_value_is_of_its_type_only(asking: Asking, flag_type: str) -> None:
    details = asking.details(flag_type, "boolean-zero", DEFAULTS[flag_type])
    assert (details.value, details.error_code) == (DEFAULTS[flag_type], ErrorCode.TYPE_MISMATCH)


@pytest.mark.parametrize(
    ("flag_type", "flag_key", "value"),
    [
        ("integer", "float-whole", 10),
        ("integer", "float-zero", 0),
        ("float", "integer", 10.0),
        ("float", "integer-zero", 0.0),
        ("float", "integer-larger", float(2**53 - 1)),
    ],
)
def test_a_number_is_served_as_the_other_kind_where_nothing_is_lost(
    asking: Asking, flag_type: str, flag_key: str, value: Any
) -> None:
    details = asking.details(flag_type, flag_key, DEFAULTS[flag_type])
    assert (details.value, type(details.value)) == (value, type(value))
    assert (details.error_code, first_reason(details)) == (None, Reason.STATIC)


def test_a_fraction_is_no_integer(asking: Asking) -> None:
    details = asking.details("integer", "float", 7)
    assert (details.value, details.error_code) == (7, ErrorCode.TYPE_MISMATCH)


@pytest.mark.parametrize(
    "flag_key",
    [
        "checkout/new",
        "../../admin",
        "dots.in.the.key",
        "ключ флага",
        "smörgås 🏴",
        "?x=1#y",
        "100%25",
        "a+b c",
    ],
)
def test_a_key_is_any_text(asking: Asking, flag_key: str) -> None:
    details = asking.details("boolean", flag_key, False)
    assert (details.flag_key, details.value, details.error_code) == (flag_key, True, None)
