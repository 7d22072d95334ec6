"""Contexts on the way in, resolutions on the way out."""

from __future__ import annotations

import copy
import dataclasses
import enum
import math
import pickle
from collections import UserDict, UserList
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.contrib.provider.burgee.coercion import TypeMismatch, coerce
from openfeature.contrib.provider.burgee.translation import (
    DEEPEST,
    MOST_VALUES,
    InvalidContext,
    to_context,
    to_details,
)
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason

from burgee import resolution as core
from burgee.value import FlagType


class Plan(enum.StrEnum):
    PRO = "pro"


class Old(str, enum.Enum):  # noqa: UP042 - its str() is not its text
    NAME = "value"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (1, 1),
        (1.5, 1.5),
        ("a", "a"),
        (None, None),
        (-(2**63), -(2**63)),
        (Plan.PRO, "pro"),
        (Old.NAME, "value"),
        (Level.HIGH, 3),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 600, UTC), "2026-01-02T03:04:05.000600Z"),
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-01-01T21:30:00Z"),
        (datetime(1880, 1, 1, tzinfo=timezone(timedelta(seconds=1172))), "1879-12-31T23:40:28Z"),
        ([1, (2, "x")], [1, [2, "x"]]),
        ({"a": {"b": [datetime(2026, 1, 1)]}}, {"a": {"b": ["2026-01-01T00:00:00Z"]}}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (UserDict({"a": UserList([1])}), {"a": [1]}),
    ],
)
def test_an_attribute_becomes_what_json_can_say(value: Any, expected: Any) -> None:
    converted = to_context(EvaluationContext("u", {"attribute": value}))
    assert converted == {"attribute": expected, "targetingKey": "u"}
    assert orjson.loads(orjson.dumps(converted)) == converted


def test_the_targeting_key_beats_an_attribute_of_its_name() -> None:
    assert to_context(EvaluationContext("u", {"targetingKey": "x"})) == {"targetingKey": "u"}


def test_without_a_targeting_key_there_is_none() -> None:
    assert to_context(EvaluationContext(None, {"a": 1})) == {"a": 1}


def test_a_direct_caller_may_give_no_context() -> None:
    assert to_context(None) == {}


def test_what_the_caller_gave_is_neither_kept_nor_changed() -> None:
    nested = {"inner": [1, 2]}
    context = to_context(EvaluationContext("u", {"attribute": nested}))
    context["attribute"]["inner"].append(3)
    assert nested == {"inner": [1, 2]}


def cyclic() -> list[Any]:
    members: list[Any] = []
    members.append(members)
    return members


def nested(depth: int) -> Any:
    value: Any = "leaf"
    for _ in range(depth):
        value = [value]
    return value


class Broken(UserDict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("broken")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (math.nan, "`attribute`: JSON has no nan"),
        (math.inf, "`attribute`: JSON has no inf"),
        (2**63, "64 bits"),
        (b"bytes", "a Python bytes is no value of a context: write text, as by str"),
        ({1, 2}, "a Python set"),
        (object(), "a Python object"),
        (1j, "a Python complex"),
        ({"deep": [0, math.nan]}, r"`attribute.deep\[1\]`"),
        ({1: "x"}, "the key 1 of attribute is no text"),
        ({"a\ud800": 1}, "no valid Unicode"),
        ("\ud800", "no valid Unicode"),
        (cyclic(), "nested deeper than 32"),
        (nested(DEEPEST + 1), "nested deeper than 32"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "out of range"),
        (Broken(), "RuntimeError: broken"),
    ],
)
def test_an_attribute_that_cannot_be_sent_is_named(value: Any, says: str) -> None:
    with pytest.raises(InvalidContext, match=says):
        to_context(EvaluationContext("u", {"attribute": value}))


def test_attributes_may_be_nested_up_to_the_limit() -> None:
    assert to_context(EvaluationContext(None, {"a": nested(DEEPEST)})) == {"a": nested(DEEPEST)}


@pytest.mark.parametrize("key", [5, UUID(int=7)])
def test_a_targeting_key_that_is_no_text_is_refused_with_how_to_make_it_text(key: Any) -> None:
    with pytest.raises(InvalidContext) as refused:
        to_context(EvaluationContext(key))
    kind = type(key).__name__
    assert str(refused.value) == f"`targetingKey` is text, not a Python {kind}: write str(...)"


@pytest.mark.parametrize("key", [5, True, 1.5, b"u", ["u"], {"u": 1}, "\ud800", object()])
def test_a_targeting_key_that_is_no_text_is_refused_wherever_it_stands(key: Any) -> None:
    with pytest.raises(InvalidContext, match="targetingKey"):
        to_context(EvaluationContext(key))
    with pytest.raises(InvalidContext, match="targetingKey"):
        to_context(EvaluationContext(None, {"targetingKey": key}))


def test_a_targeting_key_may_be_of_a_subclass_of_text_or_among_the_attributes() -> None:
    assert to_context(EvaluationContext(Plan.PRO)) == {"targetingKey": "pro"}
    assert to_context(EvaluationContext(None, {"targetingKey": "u", "a": 1})) == {"targetingKey": "u", "a": 1}
    assert to_context(EvaluationContext(None, {"targetingKey": None})) == {"targetingKey": None}


def twice_over(times: int) -> Any:
    value: Any = "leaf"
    for _ in range(times):
        value = [value, value]
    return value


@pytest.mark.parametrize("value", [twice_over(30), range(10**12), {"a": range(MOST_VALUES)}])
def test_a_context_of_more_values_than_anybody_can_wait_for_is_refused(value: Any) -> None:
    with pytest.raises(InvalidContext, match="over 100000 values"):
        to_context(EvaluationContext("u", {"attribute": value}))


def test_a_context_may_have_so_many_values() -> None:
    attributes = {"attribute": range(MOST_VALUES - 1)}
    assert to_context(EvaluationContext(None, attributes)) == {"attribute": [*range(MOST_VALUES - 1)]}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


other_values = st.one_of(
    st.floats(),
    st.integers(),
    st.complex_numbers(),
    st.binary(),
    st.datetimes(timezones=st.none() | st.timezones()),
    st.dates(),
    st.decimals(),
    st.uuids(),
    st.sets(st.integers()),
    st.text(st.characters()),
    st.tuples(st.floats(), st.binary()),
    st.dictionaries(st.booleans(), st.none()),
)


@given(st.dictionaries(st.text(), json_values))
def test_whatever_is_json_already_stays_as_it_is(attributes: dict[str, Any]) -> None:
    context = to_context(EvaluationContext(None, attributes))
    assert orjson.dumps(context) == orjson.dumps(attributes)


@given(st.dictionaries(st.one_of(st.text(), st.integers(), st.none()), other_values | json_values))
def test_whatever_else_is_either_json_or_refused(attributes: Any) -> None:
    try:
        context = to_context(EvaluationContext("u", attributes))
    except InvalidContext:
        return
    assert orjson.dumps(context)


@pytest.mark.parametrize(
    ("value", "flag_type", "expected"),
    [
        (True, "boolean", True),
        ("", "string", ""),
        (0, "integer", 0),
        (10.0, "integer", 10),
        (-0.0, "integer", 0),
        (2.0**53, "integer", 2**53),
        (2**63 - 1, "integer", 2**63 - 1),
        (10, "float", 10.0),
        (0.5, "float", 0.5),
        (2**53, "float", 2.0**53),
        ({}, "object", {}),
        ([1], "object", [1]),
    ],
)
def test_a_value_of_the_type_is_taken_and_a_number_converted_without_loss(
    value: Any, flag_type: FlagType, expected: Any
) -> None:
    converted = coerce(value, flag_type)
    assert (converted, type(converted)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "flag_type"),
    [
        (1, "boolean"),
        ("true", "boolean"),
        (True, "string"),
        (1, "string"),
        (True, "integer"),
        (0.5, "integer"),
        ("1", "integer"),
        (2.0**54, "integer"),
        (1e300, "integer"),
        (True, "float"),
        (2**53 + 1, "float"),
        (2**63 - 1, "float"),
        ("0.5", "float"),
        ({}, "float"),
        ("{}", "object"),
        (1, "object"),
        (None, "string"),
    ],
)
def test_another_type_or_a_loss_is_a_mismatch(value: Any, flag_type: FlagType) -> None:
    with pytest.raises(TypeMismatch, match=f"asked for as an? {flag_type}"):
        coerce(value, flag_type)


def test_an_answer_has_neither_error_code_nor_message() -> None:
    metadata = {"owner": "team"}
    details = to_details(
        core.Resolution("f", True, True, "on", core.Reason.TARGETING_MATCH, metadata=metadata),
        False,
        "boolean",
    )
    assert (details.value, details.variant, details.reason) == (True, "on", Reason.TARGETING_MATCH)
    assert (details.error_code, details.error_message) == (None, None)
    assert details.flag_metadata == metadata
    assert details.flag_metadata is not metadata


@pytest.mark.parametrize(
    "value", [{}, {"a": 1, "b": "text"}, {"a": [1, {"b": None}], "c": 2.5}, {"a": {}}, [], [1, [2]], [{}]]
)
def test_an_object_is_the_callers_own_to_its_innermost_part(value: Any) -> None:
    shared = core.Resolution("f", copy.deepcopy(value), True, "v", core.Reason.STATIC, "object")
    for _ in range(2):
        details = to_details(shared, {}, "object")
        assert (details.value, type(details.value)) == (value, type(value))
        for part in parts(details.value):
            part.clear()
    assert shared.value == value


def parts(value: Any) -> list[Any]:
    """Every list and object in it, the innermost first."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    inner = [part for member in members for part in parts(member)]
    return [*inner, value] if isinstance(value, dict | list) else inner


def test_details_can_be_altered_copied_and_replaced_like_the_sdks_own() -> None:
    answered = core.Resolution("f", 7, True, "seven", core.Reason.SPLIT, "integer", metadata={"a": 1})
    plain = FlagResolutionDetails(7, None, None, Reason.SPLIT, "seven", {"a": 1})
    details = to_details(answered, 0, "integer")
    assert copy.deepcopy(details) == plain == pickle.loads(pickle.dumps(details))
    assert dataclasses.replace(details, value=8).value == 8
    details.value = 9
    details.reason = "MINE"
    assert to_details(answered, 0, "integer") == plain


def test_details_have_all_fields_that_the_sdks_own_have() -> None:
    details = to_details(core.Resolution("f", 7, True, None, core.Reason.STATIC), 0, "integer")
    assert vars(details).keys() == {field.name for field in dataclasses.fields(FlagResolutionDetails)}


def test_a_code_default_is_the_callers_value_with_the_reason_given_and_no_error() -> None:
    details = to_details(core.Resolution("f", reason=core.Reason.DISABLED), "mine", "string")
    assert (details.value, details.reason, details.error_code, details.variant) == (
        "mine",
        Reason.DISABLED,
        None,
        None,
    )
    assert details.flag_metadata == {}


@pytest.mark.parametrize("code", list(core.ErrorCode))
def test_an_error_carries_the_default_value_too(code: core.ErrorCode) -> None:
    details = to_details(core.Resolution.error("f", code, "why", {"a": 1}), 7, "integer")
    assert (details.value, details.reason, details.error_message) == (7, Reason.ERROR, "why")
    assert details.error_code is ErrorCode(code.value)
    assert details.flag_metadata == {"a": 1}


@pytest.mark.parametrize(
    ("default_value", "flag_type", "expected"),
    [(1, "float", 1.0), ((1, 2), "object", [1, 2]), (MappingProxyType({"a": 1}), "object", {"a": 1})],
)
def test_a_default_value_that_the_sdk_would_call_mismatched_is_served_in_a_form_it_takes(
    default_value: Any, flag_type: FlagType, expected: Any
) -> None:
    details = to_details(core.Resolution("f", reason=core.Reason.DEFAULT), default_value, flag_type)
    assert (details.value, type(details.value)) == (expected, type(expected))


def test_an_answer_is_passed_on_as_the_sdks_own_details_are() -> None:
    answered = core.Resolution(
        "f", 7, True, "seven", core.Reason.SPLIT, "integer", metadata={"owner": "team"}
    )
    details = to_details(answered, 0, "integer")
    plain = FlagResolutionDetails(7, None, None, Reason.SPLIT, "seven", {"owner": "team"})
    assert details == plain and plain == details
    assert details != FlagResolutionDetails(8, None, None, Reason.SPLIT, "seven", {"owner": "team"})
    assert details.to_flag_evaluation_details("f") == plain.to_flag_evaluation_details("f")
    details.raise_for_error()
