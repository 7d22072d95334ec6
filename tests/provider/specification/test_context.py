"""The evaluation context: merged from where it is set, of every kind of value, left as its owner had it."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations
from types import MappingProxyType
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationOptions, Reason
from openfeature.hook import Hook, HookContext, HookHints

from tests.provider.specification.conftest import Asking

PLACES = ("api", "transaction", "client", "invocation", "hook")
"""Where a context can be set, the later ones over the earlier."""

SUBSETS = [chosen for size in range(len(PLACES) + 1) for chosen in combinations(PLACES, size)]


class Adds(Hook):
    """A hook that adds to the context before the evaluation."""

    def __init__(self, context: EvaluationContext) -> None:
        self.context = context

    def before(self, hook_context: HookContext, hints: HookHints) -> EvaluationContext:
        return self.context


def ask_with(asking: Asking, flag_type: str, flag_key: str, contexts: dict[str, EvaluationContext]) -> Any:
    """Evaluate with a context in each of these places."""
    api.set_evaluation_context(contexts.get("api", EvaluationContext()))
    api.set_transaction_context(contexts.get("transaction", EvaluationContext()))
    client = OpenFeatureClient(domain=None, version=None, context=contexts.get("client"))
    options = FlagEvaluationOptions(hooks=[Adds(contexts["hook"])] if "hook" in contexts else [])
    default = False if flag_type == "boolean" else "mine"
    return asking.details(flag_type, flag_key, default, contexts.get("invocation"), options, client).value


@pytest.mark.parametrize("places", SUBSETS, ids="-".join)
def test_the_most_specific_place_that_sets_an_attribute_wins(asking: Asking, places: tuple[str, ...]) -> None:
    contexts = {place: EvaluationContext(None, {"said_by": place}) for place in places}
    assert ask_with(asking, "string", "said-by", contexts) == (places[-1] if places else "nobody")


def test_what_only_one_place_sets_is_kept_from_each(asking: Asking) -> None:
    contexts = {
        place: EvaluationContext(None, {place: number}) for number, place in enumerate(PLACES, start=1)
    }
    assert ask_with(asking, "boolean", "said-by-all", contexts) is True
    for left_out in PLACES:
        some = {place: context for place, context in contexts.items() if place != left_out}
        assert ask_with(asking, "boolean", "said-by-all", some) is False


@pytest.mark.parametrize("places", [pair for pair in SUBSETS if len(pair) == 2], ids="-".join)
def test_the_most_specific_targeting_key_wins_and_an_empty_one_says_nothing(
    asking: Asking, places: tuple[str, str]
) -> None:
    first, last = places
    for before, after, expected in [("boris", "anna", True), ("anna", "boris", False), ("anna", "", True)]:
        contexts = {first: EvaluationContext(before), last: EvaluationContext(after)}
        assert ask_with(asking, "boolean", "by-targeting-key", contexts) is expected


@pytest.mark.parametrize(
    ("flag_key", "name", "value", "expected"),
    [
        ("before-2026", "since", datetime(2025, 12, 31, 23, 59, 59), True),
        ("before-2026", "since", datetime(2026, 1, 1), False),
        ("before-2026", "since", datetime(2025, 12, 31, 23, 59, 59, 999_999, UTC), True),
        (
            "before-2026",
            "since",
            datetime(2026, 1, 1, 5, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            True,
        ),
        (
            "before-2026",
            "since",
            datetime(2026, 1, 1, 6, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            False,
        ),
        ("before-2026", "since", "2025-01-01T00:00:00Z", True),
        ("seats-50", "seats", 50, True),
        ("seats-50", "seats", 50.0, True),
        ("seats-50", "seats", 49.999, False),
        ("seats-50", "seats", 2**63 - 1, True),
        ("seats-50", "seats", True, False),
        ("seats-50", "seats", "50", False),
        ("beta-true", "beta", True, True),
        ("beta-true", "beta", 1, False),
        ("beta-true", "beta", "true", False),
        ("city-targeting", "address", {"city": "Oslo"}, True),
        ("city-targeting", "address", MappingProxyType({"city": "Oslo"}), True),
        ("city-targeting", "address", {"city": {"city": "Oslo"}}, False),
        ("city-targeting", "address", "Oslo", False),
        ("tags-targeting", "tags", ["free", "pro"], True),
        ("tags-targeting", "tags", ("pro",), True),
        ("tags-targeting", "tags", [["pro"]], False),
        ("boolean", "odd", {"a": [1, {"b": (None, True, datetime(2026, 1, 1))}], "": {}}, True),
    ],
)
def test_an_attribute_of_any_kind_is_seen_as_what_it_is(
    asking: Asking, flag_key: str, name: str, value: Any, expected: bool
) -> None:
    details = asking.details("boolean", flag_key, not expected, EvaluationContext("anna", {name: value}))
    assert (details.value, details.error_code) == (expected, None)


def test_a_datetime_without_a_zone_is_in_utc_wherever_the_application_runs(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        context = EvaluationContext("anna", {"since": datetime(2026, 1, 1, 1)})
        value = asking.details("boolean", "before-2026", True, context).value
    time.tzset()
    assert value is False


@pytest.mark.parametrize(
    "value", [math.nan, -math.inf, 2**63, b"x", {1, 2}, object(), {"deep": [math.nan]}, {5: "x"}, "\ud800"]
)
def test_what_no_context_can_hold_is_an_error_of_the_context_and_nothing_raised(
    asking: Asking, value: Any
) -> None:
    details = asking.details("string", "string", "mine", EvaluationContext("anna", {"bad": value}))
    assert (details.value, details.reason) == ("mine", Reason.ERROR)
    assert details.error_code is ErrorCode.INVALID_CONTEXT
    assert "bad" in str(details.error_message) or "\\ud800" in str(details.error_message)


def test_the_callers_context_is_left_as_it_was(asking: Asking) -> None:
    inner = {"city": "Oslo", "more": [1, (2, 3)], "at": datetime(2026, 1, 1)}
    attributes: dict[str, Any] = {"address": inner, "tags": ["pro"]}
    context = EvaluationContext("anna", attributes)
    assert asking.details("boolean", "city-targeting", False, context).value is True
    assert (context.targeting_key, context.attributes) == ("anna", attributes)
    assert attributes == {"address": inner, "tags": ["pro"]}
    assert inner == {"city": "Oslo", "more": [1, (2, 3)], "at": datetime(2026, 1, 1)}


def test_no_context_at_all_is_an_empty_one(asking: Asking) -> None:
    assert asking.details("boolean", "boolean-targeted", True, None).value is False
