"""Documents as canonical text."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgeed.revisions.documents import DEPTH_LIMIT, UnfitDocument, canonical, parse

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
)
_documents = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=4),
    st.recursive(
        _scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_size=4,
)


@settings(max_examples=50, deadline=None)
@given(_documents)
def test_a_document_comes_back_as_it_was_with_its_kinds(document: dict[str, Any]) -> None:
    text = canonical(document)
    assert repr(_sorted(parse(text))) == repr(_sorted(document))
    assert canonical(parse(text)) == text


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def test_order_does_not_count_and_kinds_do() -> None:
    assert canonical({"b": 1, "a": 2}) == canonical({"a": 2, "b": 1})
    assert len({canonical({"a": value}) for value in (1, 1.0, True, "1")}) == 4


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 2**63, -(2**63) - 1, "\ud800", {1: 2}, {1}, b"x", (1,)]
)
def test_what_json_would_alter_or_refuse_is_refused(value: Any) -> None:
    with pytest.raises(UnfitDocument):
        canonical({"a": value})


def test_the_path_of_what_is_unfit_is_told() -> None:
    with pytest.raises(UnfitDocument) as unfit:
        canonical({"a": [{"b": math.nan}]})
    assert unfit.value.fault.path == ("a", 0, "b")


def test_documents_nest_as_deep_as_the_limit_and_no_deeper() -> None:
    def nested(depth: int) -> dict[str, Any]:
        document: dict[str, Any] = {}
        for _ in range(depth - 1):
            document = {"x": document}
        return document

    assert parse(canonical(nested(DEPTH_LIMIT))) == nested(DEPTH_LIMIT)
    for depth in (DEPTH_LIMIT + 1, 5000):
        with pytest.raises(UnfitDocument):
            canonical(nested(depth))


def test_what_is_stored_and_no_mapping_is_refused() -> None:
    for text in ("[]", "1", "{", ""):
        with pytest.raises(ValueError):
            parse(text)
