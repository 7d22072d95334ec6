"""The vectors through the core: reader, composition, evaluation, explanation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

from burgee.bucket import bucket
from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.dependencies import vary
from burgee.errors import DefinitionError
from burgee.evaluation import evaluate
from burgee.explanation import explain
from burgee.fault import Fault
from burgee.generation import Generation
from burgee.resolution import ErrorCode
from burgee.selector import Selector
from burgee.snapshot import Snapshot
from tests.support.vectors import (
    Bucket,
    ExpectedFault,
    Refusal,
    TableRow,
    Text,
    Vector,
    VectorFile,
    bucket_rules,
    buckets,
    disagreements,
    refusals,
    rule_ids,
    seconds,
    truth_table,
    vector_files,
    vectors,
)

FILES = {each.name: each for each in vector_files()}

each_file = pytest.mark.parametrize(
    "file", [each for each in FILES.values() if not each.has_text], ids=lambda file: file.name
)
"""A test a file, naming every vector that is wrong: thousands of tests take longer to count than to run."""


@cache
def snapshot(name: str) -> Snapshot:
    """The layers of a vector file, composed."""
    file: VectorFile = FILES[name]
    layers = [
        read_layer(f"layer-{number}", [SourceDocument(layer, f"layer-{number}.json")])[0]
        for number, layer in enumerate(file.layers)
    ]
    return compose(layers, generation=Generation("vectors", 1), fixed=file.fixed)


def hold_to_all(file: VectorFile, check: Callable[[Vector], object]) -> None:
    """Fail with what the check says of each vector for which it says anything."""
    problems = [f"{vector}: {found}" for vector in file.vectors if (found := check(vector))]
    assert not problems, "\n".join(problems)


@each_file
def test_the_core_answers_as_the_language_says(file: VectorFile) -> None:
    def wrong(vector: Vector) -> list[str]:
        answer = evaluate(
            snapshot(vector.file),
            vector.flag,
            vector.context,
            now=vector.now,
            selector=Selector.parse(vector.selector),
        )
        problems = list(disagreements(vector.expected, answer))
        if vector.expected.error_code is None and answer.flag_type != vector.flag_type:
            problems.append(f"{answer.flag_type}, not {vector.flag_type}")
        return problems

    hold_to_all(file, wrong)


@each_file
def test_an_answer_names_the_attributes_that_it_could_depend_on(file: VectorFile) -> None:
    def wrong(vector: Vector) -> str:
        names = vary(snapshot(vector.file), vector.flag, Selector.parse(vector.selector))
        named = frozenset("*") if names is None else names
        return "" if vector.vary in (None, named) else f"{set(named)}, not {vector.vary}"

    hold_to_all(file, wrong)


@each_file
def test_the_explanation_tells_of_the_very_answer(file: VectorFile) -> None:
    def wrong(vector: Vector) -> list[str]:
        selector, composed = Selector.parse(vector.selector), snapshot(vector.file)
        answer = evaluate(composed, vector.flag, vector.context, now=vector.now, selector=selector)
        explanation = explain(composed, vector.flag, vector.context, now=vector.now, selector=selector)
        problems = [] if explanation.resolution == answer else [f"{explanation.resolution}, not {answer}"]
        winners = [rung.name for rung in explanation.rungs if rung.winner]
        if answer.error_code not in (ErrorCode.FLAG_NOT_FOUND, ErrorCode.GENERAL) and len(winners) != 1:
            problems.append(f"{winners} won")
        return problems

    hold_to_all(file, wrong)


@pytest.mark.parametrize("case", buckets(), ids=lambda case: f"{case.seed[:9]}+{case.key[:9]}/{case.total}")
def test_a_bucket_is_where_murmur_puts_it(case: Bucket) -> None:
    assert bucket(case.seed, case.key, case.total) == case.bucket


def unmet(refusal: Refusal, faults: tuple[Fault, ...]) -> list[str]:
    """What about the reported faults is not as the refusal has it."""
    waiting = list(faults)
    problems = []
    for expected in refusal.faults:
        found = next((fault for fault in waiting if tells(expected, fault)), None)
        if found is None:
            problems.append(f"not reported: {expected}")
        else:
            waiting.remove(found)
    return problems + [f"not expected: {fault!r}" for fault in waiting]


def tells(expected: ExpectedFault, fault: Fault) -> bool:
    """Whether a reported fault is the expected one."""
    words = f"{fault.message} {fault.remedy}".casefold()
    return (
        fault.path == expected.path
        and fault.severity == expected.severity
        and expected.at in (None, fault.at)
        and all(word.casefold() in words for word in expected.contains)
    )


@pytest.mark.parametrize(
    "refusal", [each for each in refusals() if not isinstance(each.document, Text)], ids=str
)
def test_a_faulty_document_is_refused_with_exactly_its_faults(refusal: Refusal) -> None:
    document = SourceDocument(refusal.document, "definition.json")
    if any(fault.severity == "error" for fault in refusal.faults):
        with pytest.raises(DefinitionError) as caught:
            read_layer("refused", [document])
        faults = caught.value.faults
    else:
        _, faults = read_layer("refused", [document])
    assert unmet(refusal, faults) == []
    assert [str(fault) for fault in faults if not fault.remedy] == []
    assert {fault.file for fault in faults} <= {"definition.json"}


ANSWERING = {
    "environment": "env",
    "organization": "org",
    "own rule": "own",
    "default variant": "base",
    "code": None,
}
PATCHED_LEAF = {"environment": 20, "organization": 30}


def fits(cell: str, effect: str) -> bool:
    return cell == "*" or effect in cell.split(", ")


def said_by_the_table(row: TableRow, vector: Vector) -> list[str]:
    """What about a vector is not as a line of the truth table has it."""
    wanted = vector.expected
    patched = wanted.metadata.get("burgee.patched", "")
    answers = ANSWERING[row.answers]
    pairs = {
        "has a value": (row.answers != "code", wanted.has_value),
        "variant": (answers, wanted.variant),
        "reason": (row.reason, wanted.reason),
        "source": (row.source, wanted.metadata["burgee.source"]),
        "scope": (vector.context.get(row.source), wanted.metadata.get("burgee.scope")),
        "patched": (row.patched, patched),
        "whether a leaf is patched": (bool(row.leaf), bool(patched)),
    }
    if row.leaf:
        pairs["leaf"] = (PATCHED_LEAF[row.leaf], wanted.value["n"])
    return [what for what, (said, is_so) in pairs.items() if said != is_so]


def test_the_truth_table_says_what_its_vectors_say() -> None:
    def wrong(vector: Vector) -> object:
        environment = vector.context.get("environment", "none")
        if environment.startswith("windowed-"):
            opens, closes = seconds("2026-01-01T00:00:00Z"), seconds("2026-02-01T00:00:00Z")
            environment = environment.removeprefix("windowed-") if opens <= vector.now < closes else "none"
        organization = vector.context.get("organization", "none")
        own = "match" if vector.context.get("own") else "pass"
        rows = [
            row
            for row in truth_table()
            if fits(row.environment, environment)
            and fits(row.organization, organization)
            and fits(row.own_rule, own)
        ]
        return said_by_the_table(rows[0], vector) if len(rows) == 1 else f"{len(rows)} rows: {rows}"

    hold_to_all(FILES["truth_table"], wrong)


def test_every_line_of_the_truth_table_has_a_vector() -> None:
    effects = {
        (
            vector.context.get("environment", "none"),
            vector.context.get("organization", "none"),
            "match" if vector.context.get("own") else "pass",
        )
        for vector in FILES["truth_table"].vectors
    }
    unproved = [
        row
        for row in truth_table()
        if not any(
            fits(row.environment, environment)
            and fits(row.organization, organization)
            and fits(row.own_rule, own)
            for environment, organization, own in effects
        )
    ]
    assert len(truth_table()) >= 18
    assert unproved == []


def test_every_rule_of_the_language_has_a_vector() -> None:
    proved = {rule for vector in vectors() for rule in vector.rules}
    proved |= {rule for refusal in refusals() for rule in refusal.rules} | set(bucket_rules())
    assert set(rule_ids()) - proved == set(), "rules of docs/definition.md without a vector"
    assert proved - set(rule_ids()) == set(), "vectors of rules that docs/definition.md does not have"


def test_the_rules_ids_are_unique() -> None:
    assert [rule for rule, count in Counter(rule_ids()).items() if count > 1] == []


def test_vectors_are_many_and_told_apart_by_their_names() -> None:
    names = Counter(str(each) for each in (*vectors(), *refusals()))
    assert [name for name, count in names.items() if count > 1] == []
    assert len(vectors()) >= 200
