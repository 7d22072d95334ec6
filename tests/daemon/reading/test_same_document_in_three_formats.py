"""One document written as YAML, JSON and TOML is read as the same values, kinds included."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from burgee.value import LARGEST_INTEGER, SMALLEST_INTEGER
from burgeed.reading.document import parse
from burgeed.reading.messages import SourceFile

OFTEN_MISREAD = ["on", "no", "true", "null", "~", "1", "1.0", "014", "<<", "2026-01-01", "a: b", "# x", ""]
# YAML allows no control characters, and libyaml takes three others for line breaks.
TEXT = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\ufeff\ufffe\uffff", codec="utf-8"
    ),
    max_size=12,
) | st.sampled_from(OFTEN_MISREAD)
SCALARS = (
    st.booleans()
    | st.integers(SMALLEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from([0, 0.0, -0.0, 1, 1.0, True, "1"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=25,
)
DOCUMENTS = st.dictionaries(TEXT, VALUES, min_size=1, max_size=5)


def shape(value: Any) -> Any:
    """The value with its kinds, in the order of its keys."""
    if isinstance(value, dict):
        return [(key, shape(each)) for key, each in value.items()]
    if isinstance(value, list):
        return [shape(each) for each in value]
    return (type(value).__name__, repr(value))


def text(value: str) -> str:
    """A text in double quotes, in a form that all three formats share."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def scalar(value: Any) -> str:
    """A scalar as all three formats write it."""
    if isinstance(value, str):
        return text(value)
    return json.dumps(value)


def as_yaml(value: Any, indent: int = 0) -> str:
    """Block style, flow style for what is empty."""
    space = "  " * indent
    if isinstance(value, dict):
        lines = [f"{space}{text(key)}: {as_yaml(each, indent + 1)}" for key, each in value.items()]
        return "\n".join(["", *lines]) if lines else "{}"
    if isinstance(value, list):
        lines = [f"{space}- {as_yaml(each, indent + 1)}" for each in value]
        return "\n".join(["", *lines]) if lines else "[]"
    return scalar(value)


def inline(value: Any) -> str:
    """A TOML value in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(key)} = {inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inline(each) for each in value) + "]"
    return scalar(value)


def as_toml(document: dict[str, Any]) -> str:
    """Fields first, then a table for each mapping, a list of tables for each list of mappings."""
    fields, tables = [], []
    for key, value in document.items():
        if isinstance(value, dict):
            tables.append(table(f"[{text(key)}]", value))
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            tables.extend(table(f"[[{text(key)}]]", each) for each in value)
        else:
            fields.append(f"{text(key)} = {inline(value)}")
    return "\n".join([*fields, *tables])


def table(header: str, members: dict[str, Any]) -> str:
    """A TOML table with its fields."""
    return "\n".join([header, *(f"{text(key)} = {inline(each)}" for key, each in members.items())])


@given(DOCUMENTS)
@example({"a": 1, "b": 1.0, "c": True, "d": "1"})
@example({"": {"": []}, "on": [{}, {"no": [[1], {"x": 0.1}]}]})
def test_three_renderings_of_one_document_are_read_as_equal_values_and_kinds(
    document: dict[str, Any],
) -> None:
    yaml = parse(SourceFile("a.yaml", as_yaml(document).encode()))
    as_json = parse(SourceFile("a.json", json.dumps(document).encode()))
    toml = parse(SourceFile("a.toml", as_toml(document).encode()))
    assert yaml.faults + as_json.faults + toml.faults == ()
    assert shape(yaml.document) == shape(as_json.document) == shape(document)
    in_order = {key: document[key] for key in (toml.document or {})}
    assert shape(toml.document) == shape(in_order)
    assert len(in_order) == len(document)


@given(DOCUMENTS)
def test_every_value_of_a_document_has_its_place_in_all_three_formats(document: dict[str, Any]) -> None:
    for name, content in (
        ("a.yaml", as_yaml(document)),
        ("a.json", json.dumps(document, indent=1)),
        ("a.toml", as_toml(document)),
    ):
        places = parse(SourceFile(name, content.encode())).places()
        lines = content.split("\n")
        waiting: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
        while waiting:
            path, value = waiting.pop()
            position = places.exact(path)
            assert position is not None, (name, path)
            if path and isinstance(path[-1], str):
                line, column = position
                assert lines[line - 1][column - 1] == '"'
            if isinstance(value, dict):
                waiting.extend(((*path, key), each) for key, each in value.items())
            elif isinstance(value, list):
                waiting.extend(((*path, index), each) for index, each in enumerate(value))
