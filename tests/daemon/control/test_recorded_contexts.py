"""The recorded sample: bounded, uniform, and next to nothing for the evaluation that is recorded."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgeed.control.recorded_contexts import LARGEST, RecordedContexts


def recorded(limit: int, number: int, seed: int = 1) -> RecordedContexts:
    sample = RecordedContexts(limit, random.Random(seed).random)
    for each in range(number):
        sample.record({"number": each})
    return sample


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 400), st.integers(0, 1000))
def test_it_holds_as_many_as_it_may_of_what_was_recorded_and_none_twice(
    limit: int, number: int, seed: int
) -> None:
    numbers = [each["number"] for each in recorded(limit, number, seed).contexts()]
    assert len(numbers) == len(set(numbers)) == min(limit, number)
    assert set(numbers) <= set(range(number))


def test_the_same_randomness_gives_the_same_sample() -> None:
    assert recorded(10, 1000, 3).contexts() == recorded(10, 1000, 3).contexts()
    assert recorded(10, 1000, 3).contexts() != recorded(10, 1000, 4).contexts()


def test_early_and_late_ones_are_kept_alike() -> None:
    kept = [0] * 5
    for seed in range(400):
        for each in recorded(10, 500, seed).contexts():
            kept[each["number"] // 100] += 1
    # 800 are expected of each fifth, with a standard deviation of some 25.
    assert sum(kept) == 4000 and all(650 < each < 950 for each in kept)


@pytest.mark.parametrize("constant", [0.0, 0.5, 1.0 - 2.0**-53])
def test_no_draw_of_the_randomness_breaks_it(constant: float) -> None:
    sample = RecordedContexts(3, lambda: constant)
    for each in range(10_000):
        sample.record({"number": each})
    assert len(sample.contexts()) == 3


def test_what_is_kept_is_a_copy() -> None:
    sample, context = RecordedContexts(1, lambda: 0.5), {"customer": "c-42"}
    sample.record(context)
    context["customer"] = "another"
    assert sample.contexts() == [{"customer": "c-42"}]


@pytest.mark.parametrize("context", [{"text": "x" * LARGEST}, {"odd": object()}])
def test_what_is_too_large_or_no_json_is_left_out(context: dict[str, Any]) -> None:
    sample = RecordedContexts(2, lambda: 0.5)
    sample.record(context)
    sample.record({"customer": "c-42"})
    assert sample.contexts() == [{"customer": "c-42"}] and sample.too_large == 1


def test_cleared_it_begins_anew() -> None:
    sample = recorded(3, 1000)
    sample.clear()
    sample.record({"customer": "c-42"})
    assert sample.contexts() == [{"customer": "c-42"}]
