"""Leaves: the changes between two documents, applied to the one, give the other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgeed.audit.leaves import apply_leaf_changes, leaf_changes, path_steps

KEYS = st.sampled_from(["a", "b", "phase2", "", ".", "a.b", "\\", "\\e", "e", "a\\.b", "é", "\n"])
SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 0.0, -0.0, "1", "", "x"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.none() | st.dictionaries(KEYS, VALUES, max_size=4)


@settings(max_examples=150)
@given(DOCUMENTS, DOCUMENTS)
def test_the_changes_applied_to_what_was_before_give_what_is_after(before: Any, after: Any) -> None:
    made = apply_leaf_changes(before, leaf_changes(before, after))
    assert written(made) == written(after)


@settings(max_examples=50)
@given(DOCUMENTS)
def test_a_document_does_not_differ_from_itself(document: Any) -> None:
    assert leaf_changes(document, document) == []


@settings(max_examples=50)
@given(DOCUMENTS, DOCUMENTS)
def test_there_and_back_are_the_same_leaves(before: Any, after: Any) -> None:
    there = {(change.path, change.had_old, change.has_new) for change in leaf_changes(before, after)}
    back = {(change.path, change.has_new, change.had_old) for change in leaf_changes(after, before)}
    assert there == back


def test_one_nested_value_is_one_leaf_by_its_path() -> None:
    before = {"patch": {"sessionPersistence": {"phase2": {"enhancedStorage": False, "ttl": 5}}}}
    after = {"patch": {"sessionPersistence": {"phase2": {"enhancedStorage": True, "ttl": 5}}}}
    path = "patch.sessionPersistence.phase2.enhancedStorage"
    assert leaf_changes(before, after) == [(path, True, False, True, True)]


@pytest.mark.parametrize(
    ("old", "new"), [(1, 1.0), (1, True), (0, False), (1, "1"), ([1], [True]), ([1], [1.0])]
)
def test_values_of_another_kind_differ(old: Any, new: Any) -> None:
    [change] = leaf_changes({"x": old}, {"x": new})
    assert repr((change.old, change.new)) == repr((old, new))


def test_null_is_a_value_and_absence_is_none() -> None:
    assert leaf_changes({"x": None}, {}) == [("x", True, None, False, None), ("", False, None, True, {})]
    assert leaf_changes({"x": None}, {"x": 1}) == [("x", True, None, True, 1)]
    assert leaf_changes(None, {"x": None}) == [("x", False, None, True, None)]
    assert leaf_changes({"x": 1}, None) == [("x", True, 1, False, None)]


def test_a_list_is_one_leaf() -> None:
    [change] = leaf_changes({"rules": [{"serve": "on"}]}, {"rules": [{"serve": "off"}]})
    assert change.path == "rules" and change.new == [{"serve": "off"}]


def test_a_dot_in_a_key_is_no_step() -> None:
    [change] = leaf_changes({}, {"a.b": {"": 1}})[1:]
    assert change.path == "a\\.b.\\e" and path_steps(change.path) == ["a.b", ""]


def written(value: Any) -> str:
    """As JSON tells it, members in order of their keys."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{written(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return repr(value)
