"""A source that is read again after edits comes to what it comes to where nothing was kept."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee.definition import SourceDocument, read_layer
from burgee.definition.kept import KeptReadings
from burgee.errors import DefinitionError
from burgee.wire.layer import LayerAssembler, layer_lines
from burgeed.reading.kept import MOST_SOURCES, KeptSource, KeptSources
from burgeed.reading.messages import SourceFile
from burgeed.reading.source_files import read_files
from tests.core.differential.native_documents import NativeGrammar

FLAGD = {
    "$evaluators": {"staff": {"ends_with": [{"var": "email"}, "@example.com"]}},
    "flags": {
        f"from-flagd-{number}": {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": {"if": [{"$ref": "staff"}, "on", None]},
            "odd": 1,
        }
        for number in range(2)
    },
}
VALUES: Sequence[Any] = (
    *(
        None,
        True,
        False,
        0,
        1,
        1.0,
        -0.0,
        2**53 + 1,
        2**63 - 1,
        "on",
        "off",
        "true",
        "",
        [],
        {},
        [1],
        {"a": 1},
    ),
    {"on": True, "off": False},
    {"rules": [{"split": {"on": 1}}, {"split": {"off": 1}}]},
    {"requires": {"nowhere": "on"}},
    {"lock": True, "variant": "on"},
)


def altered(value: Any, random: Random) -> Any:
    """The value with something in it changed, taken away, moved or added."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        key = random.choice(list(value))
        match random.randrange(6):
            case 0:
                return {name: each for name, each in value.items() if name != key}
            case 1:
                return dict(sorted(value.items(), key=lambda _: random.random()))
            case 2:
                return {**value, random.choice(("owner", "rules", "flagd", "a", key)): random.choice(VALUES)}
            case _:
                return {**value, key: altered(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.85:
        at = random.randrange(len(value))
        return [*value[:at], altered(value[at], random), *value[at + random.randrange(2) :]]
    return random.choice(VALUES)


def written(document: Any, suffix: str, random: Random) -> bytes:
    """The document as a file, with something above it that moves all lines."""
    if suffix == "json":
        return b"\n" * random.randrange(3) + json.dumps(document, indent=random.choice((None, 2))).encode()
    above = "# moved\n" * random.randrange(3)
    return (above + yaml.safe_dump(document, sort_keys=False, width=100)).encode()


def outcome(source: str, files: Sequence[SourceFile], kept: KeptSource | None) -> Any:
    """All that comes of a reading: with kinds, order, files, paths, lines and columns."""
    try:
        layer, warnings = read_files(source, files, kept)
    except DefinitionError as error:
        return error.faults
    lines = list(layer_lines(layer, None if kept is None else kept.lines))
    return repr(layer), lines, warnings


@settings(max_examples=int(os.environ.get("BURGEE_KEPT_EDITS", "8")), deadline=None, database=None)
@given(st.integers(0, 2**62))
def test_edited_files_are_read_as_where_nothing_is_kept(seed: int) -> None:
    random = Random(seed)
    documents: dict[str, Any] = {}
    for number in range(random.choice((1, 1, 2))):
        drawn = FLAGD if random.random() < 0.25 else NativeGrammar(random).document()
        documents[f"{number}.{random.choice(('yaml', 'json'))}"] = drawn
    sources = KeptSources()
    assembled: LayerAssembler | None = None
    for _ in range(10):
        files = [
            SourceFile(name, written(document, name.rpartition(".")[2], random))
            for name, document in documents.items()
        ]
        whole = outcome("s", files, None)
        assert outcome("s", files, sources.of("s")) == whole
        if len(whole) == 3 and isinstance(whole[0], str):
            assembler = LayerAssembler("s", assembled)
            for line in whole[1]:
                assembler.feed(line)
            assert list(layer_lines(assembler.layer())) == whole[1]
            assembled = assembler
        name = random.choice(list(documents))
        after = altered(documents[name], random)
        documents = {**documents, name: after} if random.random() < 0.9 else {f"new-{name}": documents[name]}


def test_what_did_not_change_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptReadings()
    document: dict[str, Any] = {
        "flags": {"a": {"defaultVariant": "off"}, "b": {"requires": {"a": "on"}}},
        "overrides": {"customer": {"c-1": {"a": "on"}, "c-2": {"b": "off"}}},
    }
    first, _ = read_layer("s", [SourceDocument(document, "f")], kept)
    document["flags"]["b"]["owner"] = "me"
    document["overrides"]["customer"]["c-2"]["b"] = "on"
    second, _ = read_layer("s", [SourceDocument(document, "f")], kept)
    [old], [new] = first.definitions, second.definitions
    assert new.flags["a"] is old.flags["a"]
    assert new.flags["b"] is not old.flags["b"]
    assert new.overrides["customer", "c-1", "a"] is old.overrides["customer", "c-1", "a"]
    assert new.overrides["customer", "c-2", "b"] is not old.overrides["customer", "c-2", "b"]


def test_a_kept_flag_that_refers_to_what_is_gone_is_a_fault_where_it_stands_now() -> None:
    kept = KeptSource()
    flag = b"flags:\n  b:\n    requires: {a: on}\n"
    read_files("s", [SourceFile("f.yaml", flag + b"  a: {}\n")], kept)
    with pytest.raises(DefinitionError) as caught:
        read_files("s", [SourceFile("f.yaml", b"# moved\n" + flag)], kept)
    assert [(each.message, each.line, each.column) for each in caught.value.faults] == [
        ("unknown flag `a`", 4, 16)
    ]


def test_a_warning_of_a_flag_that_stays_is_told_again_where_it_stands_now() -> None:
    kept = KeptSource()
    flags = b"flags:\n  a:\n    variants: {big: 9007199254740993}\n  b: {}\n"
    for above in (0, 1, 3):
        _, warnings = read_files("s", [SourceFile("f.yaml", b"# one\n" * above + flags)], kept)
        assert [(each.line, each.column) for each in warnings] == [(3 + above, 21)]


def test_an_evaluator_that_changes_is_read_into_the_flags_that_name_it() -> None:
    kept = KeptReadings()
    for domain in ("example.com", "example.org"):
        evaluators = {"staff": {"ends_with": [{"var": "email"}, domain]}}
        document = {**FLAGD, "$evaluators": evaluators}
        layer, _ = read_layer("s", [SourceDocument(document, "f")], kept)
        assert repr(layer) == repr(read_layer("s", [SourceDocument(document, "f")])[0])
        assert domain in repr(layer.definitions[0].flags["from-flagd-0"])


def test_no_more_than_so_many_sources_are_kept() -> None:
    sources = KeptSources()
    first = sources.of("first")
    for number in range(MOST_SOURCES - 1):
        sources.of(str(number))
    assert sources.of("first") is first
    sources.of("one more")
    assert sources.of("first") is first
    for number in range(MOST_SOURCES):
        sources.of(f"other {number}")
    assert sources.of("first") is not first
