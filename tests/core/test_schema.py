"""The published JSON Schema is kept equal to the reader, but for what a schema cannot say."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from burgee.definition import SourceDocument, read_layer, render
from burgee.errors import DefinitionError
from burgee.fault import Fault
from burgeed.reading.document import parse
from burgeed.reading.messages import SourceFile
from tests.core.differential.comparison import seeded
from tests.support.vectors import Text, refusals, vector_files

ROOT = Path(__file__).parent.parent.parent
SCHEMA = json.loads((ROOT / "docs" / "definition.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

DAY = r"\d{4}-\d\d-\d\d"
TIME = r"\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)"
BEYOND_A_SCHEMA = {
    "references": r"unknown (flag|variant|segment|level|evaluator|region) ",
    "cycles": r"leads back to itself",
    "chains": r"stands on a chain of",
    "depth": r"nests? deeper than",
    "size": r"has more than \d+ parts",
    "regular expressions": r"is no pattern",
    "ranges of versions": r"is no range of versions",
    "networks": r"is no network",
    "keys of leaves": r"leaf `.*` has the key of",
    "keys of listed flags": r"flag `.*` stands in .* already",
    "sums of weights": r"add up to",
    "64 bits": r"does not fit 64 bit",
    "a whole float as a weight, which JSON Schema holds for an integer": r"weight \d+\.0 is no share",
    "the order of two instants": r"does not lie after",
    "days that a month does not have": rf'"{DAY}[Tt ]{TIME}" is not a date-time',
    "two levels of one name": r"stands in the hierarchy twice",
    "a value against the flag's type": r"`value` is .*, the flag's type is",
    "a patch against the variants": r"does not fit variant|only an object flag can be patched",
}
STRICTER_THAN_THE_READER = r"(?s)unknown field .* is ignored"
"""What the reader only warns of, in a document of flagd's shape."""

MUTATIONS = 400


def faults_of(document: Any) -> tuple[Fault, ...]:
    """What the schema has to refuse a document for; empty where it is accepted."""
    try:
        _, faults = read_layer("schema", [SourceDocument(document)])
    except DefinitionError as error:
        faults = error.faults
    return tuple(
        fault
        for fault in faults
        if fault.severity == "error" or re.search(STRICTER_THAN_THE_READER, fault.message)
    )


def is_beyond_a_schema(fault: Fault) -> bool:
    return any(re.search(pattern, fault.message) for pattern in BEYOND_A_SCHEMA.values())


@cache
def accepted() -> dict[str, Any]:
    """Every document that is somewhere held to be sound: of the vectors, and under ``config``."""
    found = {
        f"{file.name} {number}": parsed(layer) if isinstance(layer, Text) else layer
        for file in vector_files()
        for number, layer in enumerate(file.layers)
    }
    for name in ("flags.yaml", "on-call.yaml", "session-persistence.yaml", "flagd.json"):
        found[name] = parsed(Text(name, (ROOT / "config" / name).read_text(encoding="utf-8")))
    return found


def parsed(text: Text) -> Any:
    return parse(SourceFile(text.file, text.text.encode())).document


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", accepted())
def test_a_sound_document_is_valid(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(accepted()[name])] == []


@pytest.mark.parametrize("name", accepted())
def test_what_the_reader_writes_is_valid(name: str) -> None:
    layer, _ = read_layer("schema", [SourceDocument(accepted()[name])])
    for definition in layer.definitions:
        assert [error.message for error in VALIDATOR.iter_errors(render(definition))] == []


def test_a_refused_document_is_invalid_unless_its_fault_is_beyond_a_schema() -> None:
    wrong = []
    for refusal in refusals():
        if isinstance(refusal.document, Text):
            continue
        structural = [fault for fault in faults_of(refusal.document) if not is_beyond_a_schema(fault)]
        if VALIDATOR.is_valid(refusal.document) == bool(structural):
            wrong.append(str(refusal))
    assert wrong == []


def test_each_kind_of_fault_beyond_a_schema_is_one_that_the_schema_lets_pass() -> None:
    passed = [
        fault.message
        for refusal in refusals()
        if not isinstance(refusal.document, Text) and VALIDATOR.is_valid(refusal.document)
        for fault in faults_of(refusal.document)
    ]
    idle = {
        what
        for what, pattern in BEYOND_A_SCHEMA.items()
        if not any(re.search(pattern, each) for each in passed)
    }
    assert idle == set()


def places(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to everything inside a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in items:
        yield (*way, step)
        yield from places(each, (*way, step))


def changed(document: Any, chance: random.Random) -> Any:
    """A document with one thing in it taken away, replaced, doubled, called otherwise or added."""
    result = copy.deepcopy(document)
    way = chance.choice(list(places(result)))
    holder = result
    for step in way[:-1]:
        holder = holder[step]
    strange = chance.choice(
        [
            None,
            True,
            7,
            1.5,
            "",
            "on",
            "1.0.0",
            "$flagd.x",
            [],
            ["on"],
            ["on", -1],
            {},
            {"on": 1},
            {"var": "x"},
        ]
    )
    kind = chance.choice(["take", "replace", "name", "add"])
    last: Any = way[-1]
    if kind == "take":
        del holder[last]
    elif kind == "replace" or isinstance(holder, list):
        holder[last] = strange
    elif kind == "name":
        words = ["", "zebra", "all", "lock", "by", "inherit", "attribute", "a\nb", "burgee.x", "if"]
        words += [
            "!",
            "==",
            "<",
            "var",
            "reduce",
            "starts_with",
            "sem_ver",
            "fractional",
            "$ref",
            "rules",
            "leaves",
        ]
        holder[chance.choice(words)] = holder.pop(last)
    else:
        words = [
            "zebra",
            "serve",
            "split",
            "seed",
            "variant",
            "value",
            "lock",
            "note",
            "state",
            "attribute",
            "any",
        ]
        holder[chance.choice(words)] = strange
    return result


def small_documents() -> list[Any]:
    """Documents with everything in them, small enough for one change to matter."""
    return [document for document in accepted().values() if len(json.dumps(document)) < 20_000]


def compare_on_changed_documents(seed: int, times: int) -> None:
    chance = random.Random(seed)
    documents = small_documents()
    refused, disagreements = 0, []
    for _ in range(times):
        document = changed(chance.choice(documents), chance)
        faults = faults_of(document)
        structural = [fault for fault in faults if not is_beyond_a_schema(fault)]
        refused += bool(structural)
        if VALIDATOR.is_valid(document) == bool(structural):
            disagreements.append((document, structural))
    assert refused > times / 10
    assert disagreements == [], f"seed {seed}"


def test_reader_and_schema_agree_on_documents_that_were_changed() -> None:
    compare_on_changed_documents(20261120, MUTATIONS)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_reader_and_schema_agree_on_many_documents_that_were_changed() -> None:
    compare_on_changed_documents(seeded()[0], 25 * MUTATIONS)
