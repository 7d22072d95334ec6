"""What tells two questions apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.contrib.provider.burgee.cache_key import Attributes, WholeContext

from burgee.value import fingerprint

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([-1.0, -0.0, 0.0, 1.0, 1.5]),
    st.sampled_from(["", "1", "1.0", "True", "None", "a"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner)
)
CONTEXTS = st.dictionaries(st.sampled_from("xyz"), VALUES)


@given(CONTEXTS, CONTEXTS, st.sampled_from([(), ("x",), ("x", "y"), ("x", "y", "z")]))
def test_two_contexts_have_one_key_exactly_where_each_attribute_is_the_same(
    one: dict[str, Any], other: dict[str, Any], names: tuple[str, ...]
) -> None:
    attributes = Attributes(names)
    same = all(
        (name in one) == (name in other) and fingerprint(one.get(name)) == fingerprint(other.get(name))
        for name in names
    )
    keys = [attributes.key(context, b"") for context in (one, other)]
    assert (keys[0] == keys[1]) == same
    if same:
        assert hash(keys[0]) == hash(keys[1])


@given(CONTEXTS, CONTEXTS, st.booleans())
def test_the_quick_key_of_a_context_is_its_key_or_nobodys(
    one: dict[str, Any], other: dict[str, Any], gaps: bool
) -> None:
    attributes = Attributes(("x", "y"))
    if gaps:
        attributes.key({}, b"")
    try:
        quick = attributes.quick_key(one)
    except KeyError:
        assert not gaps
        assert not {"x", "y"} <= one.keys()
        return
    if any(isinstance(value, bool | int | float | list | dict) for value in quick):
        assert quick not in (attributes.key(one, b""), attributes.key(other, b""))
    else:
        assert quick == attributes.key(one, b"")


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_an_attribute_that_comes_and_goes_is_told_from_one_that_is_null(names: tuple[str, ...]) -> None:
    attributes = Attributes(names)
    whole = dict.fromkeys(names, "v")
    before = attributes.key(whole, b"")
    assert attributes.key({}, b"") != attributes.key(dict.fromkeys(names), b"")
    assert attributes.key(whole, b"") == before == attributes.quick_key(whole)


def test_a_whole_context_is_known_by_its_json_alone() -> None:
    whole = WholeContext()
    assert whole.key({"a": 1}, b'{"a":1}') == whole.key({}, b'{"a":1}') != whole.key({"a": 1}, b'{"a":true}')
    with pytest.raises(KeyError):
        whole.quick_key({"a": 1})
