"""Mutated documents: reading raises nothing but DefinitionError, all else nothing, and nothing takes long."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from random import Random
from time import perf_counter
from typing import Any

import pytest

from burgee import DefinitionError, read
from burgee.definition.fields import check_key
from burgee.definition.report import Report
from tests.core.differential.comparison import count, seeded, snapshot_of
from tests.core.fuzz.fuzzing import Fuzzed, check_code, documents, fuzz_one
from tests.core.fuzz.mutation import STRANGE

SEED = 20_261_120
"""The default run is the same each time; the long run draws a new seed and prints it."""

BATCH = 2_000


def fuzz(seed: int, wanted: int) -> Fuzzed:
    """Fuzz that many documents; the one that fails is shown."""
    random, fuzzed = Random(seed), Fuzzed()
    for index, document in enumerate(islice(documents(random), wanted)):
        try:
            fuzz_one(document, random, fuzzed)
        except Exception as error:
            shown = repr(document)
            raise AssertionError(f"document {index} of seed {seed}: {error!r}: {shown[:20_000]}") from error
    return fuzzed


def test_thousands_of_mutated_documents_do_no_harm() -> None:
    seed, _ = seeded(SEED)
    fuzzed = fuzz(seed, 2000)
    assert fuzzed.accepted > 200
    assert fuzzed.compiled > 200
    assert len(fuzzed.warnings) > 5, fuzzed.warnings
    print(fuzzed)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_a_million_mutated_documents_do_no_harm() -> None:
    seed, random = seeded()
    batches = -(-count("BURGEE_FUZZED", 1_000_000) // BATCH)
    total = Fuzzed()
    started = perf_counter()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        seeds = [random.randrange(2**32) for _ in range(batches)]
        for fuzzed in pool.map(fuzz, seeds, [BATCH] * batches):
            total.documents += fuzzed.documents
            total.accepted += fuzzed.accepted
            total.compiled += fuzzed.compiled
            total.slowest = max(total.slowest, fuzzed.slowest)
            total.outcomes.update(fuzzed.outcomes)
            total.warnings.update(fuzzed.warnings)
            if total.documents % (10 * BATCH) == 0 or total.documents == batches * BATCH:
                took = perf_counter() - started
                print(f"BURGEE_SEED={seed}: {total} in {took:.0f} s", flush=True)


@pytest.mark.parametrize("strange", STRANGE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize(
    "path",
    [
        "document",
        "flags",
        "flag",
        "variants",
        "variant",
        "rules",
        "rule",
        "when",
        "targeting",
        "overrides",
        "weight",
        "share",
        "key",
    ],
)
def test_a_strange_value_in_any_place_is_read_or_refused(path: str, strange: Any) -> None:
    document: Any = {
        "document": strange,
        "flags": {"flags": strange},
        "flag": {"flags": {"f": strange}},
        "variants": {"flags": {"f": {"variants": strange}}},
        "variant": {"flags": {"f": {"variants": {"a": strange}}}},
        "rules": {"flags": {"f": {"rules": strange}}},
        "rule": {"flags": {"f": {"rules": [strange]}}},
        "when": {"flags": {"f": {"rules": [{"when": strange, "serve": "on"}]}}},
        "targeting": {"flags": {"f": {"targeting": strange}}},
        "overrides": {"flags": {"f": {}}, "overrides": {"customer": {"acme": {"f": strange}}}},
        "weight": {"flags": {"f": {"targeting": {"fractional": [["on", strange], [strange]]}}}},
        "share": {"flags": {"f": {"rules": [{"split": {"on": strange}}]}}},
        "key": {"flags": {strange if isinstance(strange, str | int | float | None) else "f": {}}},
    }[path]
    try:
        definition = read(document)
    except DefinitionError as error:
        assert error.faults
    else:
        assert all(check_key(Report(), key, (), "a flag's key") for key in definition.flags)


@pytest.mark.parametrize("key", [False, 1, 2.5, None, ("a", 1)], ids=repr)
@pytest.mark.parametrize(
    "place",
    [
        "flag",
        "variant",
        "weight",
        "condition",
        "operator",
        "targeting",
        "evaluator",
        "level",
        "metadata",
        "patch",
    ],
)
def test_a_key_that_is_no_text_is_refused_and_nothing_raised(place: str, key: Any) -> None:
    rule: dict[str, Any] = {"serve": "on"}
    flag: dict[str, Any] = {"rules": [rule]}
    document: dict[Any, Any] = {"flags": {"f": flag}}
    match place:
        case "flag":
            document["flags"][key] = {}
        case "variant":
            flag["variants"] = {"on": 1, key: 2}
        case "weight":
            rule |= {"split": {"on": 1, key: 1}}
            del rule["serve"]
        case "condition":
            rule["when"] = {key: 1}
        case "operator":
            rule["when"] = {"plan": {key: 1}}
        case "targeting":
            flag |= {"targeting": {key: [1]}}
            del flag["rules"]
        case "evaluator":
            document["$evaluators"] = {key: {"var": "a"}}
        case "level":
            document["overrides"] = {key: {"a": {"f": "on"}}}
        case "metadata":
            flag["metadata"] = {key: 1}
        case "patch":
            flag["variants"] = {"on": {"a": 1}}
            document["overrides"] = {"customer": {"a": {"f": {"patch": {key: 1}}}}}
    with pytest.raises(DefinitionError):
        read(document)


def test_the_check_of_generated_code_sees_code_that_should_not_be() -> None:
    innocent = compile(
        "def flag(context, now):\n    get = context.get\n    return get(K0)\n", "<burgee>", "exec"
    )
    guilty = compile("def flag(context, now):\n    return context.clear()\n", "<burgee>", "exec")
    for code, names in ((innocent, {"K0": "a"}), (guilty, {})):
        namespace: dict[str, Any] = {"__builtins__": {}, **names}
        exec(code, namespace)  # noqa: S102
        if code is innocent:
            assert check_code(namespace["flag"])
        else:
            with pytest.raises(AssertionError):
                check_code(namespace["flag"])


def test_the_mutations_reach_every_outcome() -> None:
    random, fuzzed = Random(SEED), Fuzzed()
    for document in islice(documents(random), 1500):
        try:
            snapshot_of(document)
        except DefinitionError:
            fuzzed.outcomes["refused"] += 1
        except (AttributeError, TypeError):
            fuzzed.outcomes["raised"] += 1
        else:
            fuzzed.outcomes["accepted"] += 1
    assert fuzzed.outcomes["accepted"] > 150
    assert fuzzed.outcomes["refused"] > 500
