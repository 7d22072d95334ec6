"""What names a subject in a document, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate
from burgeed.revisions.naming import Subject

ERASED = "erased-0f"
SUBJECT = Subject("customer", "c-42", ERASED, attributes=frozenset({"customer", "customerId"}))
FORTY_TWO = Subject("customer", "42", ERASED, attributes=frozenset({"customer"}))

NAMING: list[tuple[Any, Any]] = [
    ({"customer": "c-42"}, {"customer": ERASED}),
    ({"customer": ["c-1", "c-42"]}, {"customer": ["c-1", ERASED]}),
    (
        {"customerId": {"not_in": ["c-42"]}, "plan": "c-42"},
        {"customerId": {"not_in": [ERASED]}, "plan": "c-42"},
    ),
    ({"attribute": "customer", "is_not": "c-42"}, {"attribute": "customer", "is_not": ERASED}),
    (
        {"any": [{"not": {"all": [{"customer": {"is": "c-42"}}]}}, {"segment": "c-42"}]},
        {"any": [{"not": {"all": [{"customer": {"is": ERASED}}]}}, {"segment": "c-42"}]},
    ),
]  # fmt: skip
NOT_NAMING: list[Any] = [
    {"plan": "c-42"},
    {"customer": {"starts_with": "c-42"}},
    {"attribute": "plan", "is": "c-42"},
    {"segment": "c-42"},
    {"customer": "c-421"},
]


@pytest.mark.parametrize(("condition", "without"), NAMING)
def test_a_condition_names_it_by_equality_with_the_attribute_of_its_level(
    condition: Any, without: Any
) -> None:
    assert SUBJECT.condition(condition) == without
    document = {"rules": [{"name": "n", "when": condition, "serve": "on"}]}
    assert SUBJECT.is_condition_of(document)
    assert SUBJECT.document(document)["rules"] == [{"name": "n", "when": without, "serve": "on"}]


@pytest.mark.parametrize("condition", NOT_NAMING)
def test_what_is_equal_to_it_elsewhere_means_something_else(condition: Any) -> None:
    assert SUBJECT.condition(condition) == condition
    assert not SUBJECT.is_condition_of({"rules": [{"when": condition}], "variants": {"c-42": "c-42"}})


def test_an_integer_is_the_scope_that_it_is_in_decimal() -> None:
    assert FORTY_TWO.condition({"customer": {"in": [42, 420, True]}}) == {
        "customer": {"in": [ERASED, 420, True]}
    }
    assert FORTY_TWO.condition({"seats": 42}) == {"seats": 42}


@pytest.mark.parametrize(
    ("logic", "without"),
    [
        ({"==": [{"var": "customer"}, "c-42"]}, {"==": [{"var": "customer"}, ERASED]}),
        (
            {"in": [{"var": ["customer", ""]}, ["c-42", "x"]]},
            {"in": [{"var": ["customer", ""]}, [ERASED, "x"]]},
        ),
        (
            {"if": [{"!": {"===": ["c-42", {"var": "customerId"}]}}, "c-42", None]},
            {"if": [{"!": {"===": [ERASED, {"var": "customerId"}]}}, "c-42", None]},
        ),
        ({"==": [{"var": "plan"}, "c-42"]}, {"==": [{"var": "plan"}, "c-42"]}),
        ({"starts_with": [{"var": "customer"}, "c-42"]}, {"starts_with": [{"var": "customer"}, "c-42"]}),
    ],
)  # fmt: skip
def test_targeting_names_it_where_it_compares_the_attribute(logic: Any, without: Any) -> None:
    assert SUBJECT.document({"targeting": logic}) == {"targeting": without}
    assert SUBJECT.is_condition_of({"targeting": logic}) == (logic != without)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("c-42", ERASED),
        ("for c-42, and (c-42): c-42's", f"for {ERASED}, and ({ERASED}): {ERASED}'s"),
        ("customer:c-42/pilot", f"customer:{ERASED}/pilot"),
        ("c-421 abc-42 c-42-b xc-42", "c-421 abc-42 c-42-b xc-42"),
    ],
)
def test_in_texts_for_people_it_is_a_word_and_no_part_of_another(text: str, without: str) -> None:
    assert SUBJECT.text(text) == without
    document = {"description": text, "tags": [text], "metadata": {"by": text}, "variants": {"on": text}}
    changed = SUBJECT.document(document)
    assert changed == {
        "description": without, "tags": [without], "metadata": {"by": without}, "variants": {"on": text},
    }  # fmt: skip
    assert SUBJECT.is_left_in(changed) == (text != without)


def test_a_pseudonym_is_put_in_as_it_is() -> None:
    subject = Subject("customer", "a.b*", r"erased-\1")
    assert subject.text("a.b* aXbb") == r"erased-\1 aXbb"


IDS = st.sampled_from(["c-42", "c-4", "c-421", "acme", "42"])
TESTS = st.one_of(
    IDS,
    st.lists(IDS, min_size=1),
    st.builds(lambda op, each: {op: each}, st.sampled_from(["is", "is_not"]), IDS),
    st.builds(lambda op, each: {op: each}, st.sampled_from(["in", "not_in"]), st.lists(IDS, min_size=1)),
)
CONDITIONS = st.recursive(
    st.dictionaries(st.sampled_from(["customer", "plan"]), TESTS, min_size=1),
    lambda inner: st.one_of(
        st.builds(lambda each: {"all": each}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda each: {"not": each}, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(condition=CONDITIONS, customer=IDS.filter(lambda each: each != SUBJECT.name), plan=IDS)
def test_without_the_name_a_condition_says_the_same_of_everyone_else(
    condition: Any, customer: str, plan: str
) -> None:
    flag = {"rules": [{"when": condition, "serve": "on"}], "defaultVariant": "off"}
    context = {"customer": customer, "plan": plan}
    assert answered(SUBJECT.document(flag), context) == answered(flag, context)
    assert answered(SUBJECT.document(flag), {**context, "customer": ERASED}) == answered(
        flag, {**context, "customer": SUBJECT.name}
    )


def answered(flag: Any, context: dict[str, str]) -> object:
    layer, _ = read_layer("f", [SourceDocument({"flags": {"a": flag}})])
    return evaluate(compose([layer]), "a", context, now=0.0).value
