"""What tells two questions apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.contrib.provider.burgee.answer_reach import Told
from openfeature.contrib.provider.burgee.cache import AnswerCache
from openfeature.contrib.provider.burgee.cache_shape import Shape

from burgee.resolution import Reason, Resolution
from burgee.value import fingerprint
from tests.provider.remote.conftest import FIRST, HandClock, Served

SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [True, 1, 1.0, "1", False, 0, 0.0, -0.0, "", None, "1.0", "True", "None", 1.5, -1, "a"]
)
"""Many that Python holds for equal, or that are written alike."""
VALUES = SCALARS | st.sampled_from([[], [1], [True], {}, {"a": 1}, {"a": 1.0}, [None]])
CONTEXTS = st.dictionaries(st.sampled_from("xyz"), VALUES)
NAMES = st.sampled_from([(), ("x",), ("x", "y"), ("x", "y", "z")])


def seen(context: dict[str, Any], names: tuple[str, ...]) -> bytes:
    """What a context says where somebody looks."""
    return fingerprint({name: context[name] for name in names if name in context})


@given(CONTEXTS, CONTEXTS, NAMES)
def test_two_contexts_ask_one_question_exactly_where_each_attribute_is_the_same(
    one: dict[str, Any], other: dict[str, Any], names: tuple[str, ...]
) -> None:
    shape = Shape("flag", names)
    first, second = (shape.question(context, b"") for context in (one, other))
    assert (first == second) == (seen(one, names) == seen(other, names))
    if first == second:
        assert hash(first) == hash(second)


@given(st.lists(CONTEXTS, min_size=1, max_size=6), st.lists(CONTEXTS, max_size=6), NAMES)
def test_a_context_is_answered_with_what_was_told_of_its_like_whatever_was_asked_before(
    told: list[dict[str, Any]], others: list[dict[str, Any]], names: tuple[str, ...]
) -> None:
    cache = AnswerCache(100, Served(), HandClock())
    expected: dict[bytes, int] = {}
    for number, context in enumerate(told):
        expected[seen(context, names)] = number
        resolution = Resolution("flag", number, True, "v", Reason.STATIC, None)
        assert cache.keep("flag", context, b"", Told(resolution, 10, 100.0, FIRST, names))
    for context in [*others, *told, *reversed(told), *others]:
        found = cache.recall("flag", "integer", context)
        assert (None if found is None else found.value) == expected.get(seen(context, names))


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_an_attribute_that_comes_and_goes_is_told_from_one_that_is_null(names: tuple[str, ...]) -> None:
    shape = Shape("flag", names)
    whole = shape.question(dict.fromkeys(names, "v"), b"")
    assert shape.question({}, b"") != shape.question(dict.fromkeys(names), b"")
    assert shape.question(dict.fromkeys(names, "v"), b"") == whole


def test_a_whole_context_is_known_by_its_json_alone() -> None:
    shape = Shape("flag", None)
    same = shape.question({"a": 1}, b'{"a":1}')
    assert same == shape.question({}, b'{"a":1}') != shape.question({"a": 1}, b'{"a":true}')
