"""The compiled functions say what the plain interpreter says, for whatever document, context and instant."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from burgee import Snapshot, evaluate, evaluate_all
from burgee.evaluation import interpret
from burgee.selector import ANY
from tests.core.differential.comparison import (
    FIXED,
    bulk_disagreements,
    count,
    disagreements,
    seeded,
    snapshot_of,
    told,
)
from tests.core.differential.native_documents import NativeGrammar
from tests.support.targeting_contexts import NOON
from tests.support.targeting_strategies import ITEM_PATHS, Grammar

CONTEXTS_OF_AN_EXAMPLE = 5
EXAMPLES = 100
"""With two notations and at least one flag in each document: 1,000 pairs; the long run has 200,000."""
SHOWN_EVERY = 10_000
"""Pairs after which the long run prints how far it is."""

thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
randoms = st.randoms(use_true_random=True)
"""Seeded by Hypothesis, which tells a failing seed. To let it draw each choice takes ten times as long."""


def flagd_snapshot(random: Random) -> tuple[Any, Snapshot]:
    document = Grammar(random, odd=True).document()
    return document, snapshot_of(document, random.choice(FIXED), random.choice([2, 3]))


class RepeatingGrammar(Grammar):
    """Writes targeting out of few parts and their combinations: each stands in many places."""

    def targeting(self) -> dict[str, Any]:
        choose = self.random.choice
        parts = [self.test(2), self.test(2), self.rule(2), self.value(2), self.in_scope(1, ITEM_PATHS)]

        def combined(depth: int) -> Any:
            if depth == 0 or self.chance(4):
                return choose(parts)
            one, other = combined(depth - 1), combined(depth - 1)
            match self.random.randrange(6):
                case 0 | 1:
                    return {choose(["and", "or"]): [one, other, *([choose(parts)] if self.chance(3) else [])]}
                case 2:
                    return {choose(["!", "!!"]): [one]}
                case 3:
                    return {"if": [one, other, combined(depth - 1)][: choose([1, 2, 3, 3])]}
            return {choose(["==", "===", "!=", "!==", "<", "in", "cat", "merge"]): [one, other]}

        return {"if": [*[each for _ in range(4) for each in (combined(3), self.result(1))], combined(2)]}


def repeating_snapshot(random: Random) -> tuple[Any, Snapshot]:
    document = RepeatingGrammar(random, odd=True).document()
    return document, snapshot_of(document, random.choice(FIXED), random.choice([2, 3]))


def native_snapshot(random: Random) -> tuple[Any, Snapshot]:
    document = NativeGrammar(random).document()
    return document, snapshot_of(document, random.choice(FIXED))


def flag_keys(snapshot: Snapshot) -> list[str]:
    return [each.flag_key for each in evaluate_all(snapshot, {}, now=NOON)]


@thorough
@given(randoms)
def test_flagd_documents_are_compiled_to_what_they_say(random: Random) -> None:
    document, snapshot = flagd_snapshot(random)
    for _ in range(CONTEXTS_OF_AN_EXAMPLE):
        context = Grammar(random, odd=True).context()
        for key in flag_keys(snapshot):
            assert disagreements(snapshot, key, context, NOON) == [], (document, context)


@thorough
@given(randoms)
def test_targeting_of_repeated_parts_is_compiled_to_what_it_says(random: Random) -> None:
    document, snapshot = repeating_snapshot(random)
    for _ in range(CONTEXTS_OF_AN_EXAMPLE):
        context = Grammar(random, odd=True).context()
        for key in flag_keys(snapshot):
            assert disagreements(snapshot, key, context, NOON) == [], (document, context)


@thorough
@given(randoms)
def test_native_documents_are_compiled_to_what_they_say(random: Random) -> None:
    document, snapshot = native_snapshot(random)
    grammar = NativeGrammar(random)
    for _ in range(CONTEXTS_OF_AN_EXAMPLE):
        context, now = grammar.context(), grammar.now()
        for key in flag_keys(snapshot):
            assert disagreements(snapshot, key, context, now) == [], (document, context, now)


@settings(thorough, max_examples=60)
@given(randoms)
def test_all_at_once_say_what_each_one_says(random: Random) -> None:
    for document, snapshot in (flagd_snapshot(random), native_snapshot(random)):
        context, now = NativeGrammar(random).context(), NativeGrammar(random).now()
        assert bulk_disagreements(snapshot, context, now) == [], (document, context, now)


def compare_pairs(wanted: int) -> str:
    """Compare that many pairs of one seed; says what the answers were."""
    seed, random = seeded()
    done: Counter[str] = Counter()
    shown = 0
    while done.total() < wanted:
        if done.total() // SHOWN_EVERY > shown:
            shown = done.total() // SHOWN_EVERY
            print(f"compiled against interpreted: {done.total()} of {wanted} pairs", flush=True)
        kind = random.choice(["flagd", "native"])
        document, snapshot = flagd_snapshot(random) if kind == "flagd" else native_snapshot(random)
        keys, native = flag_keys(snapshot), NativeGrammar(random)
        for _ in range(CONTEXTS_OF_AN_EXAMPLE):
            context = Grammar(random, odd=True).context() if kind == "flagd" else native.context()
            now = NOON if kind == "flagd" else native.now()
            for key in keys:
                found = disagreements(snapshot, key, context, now)
                assert found == [], f"BURGEE_SEED={seed}: flag {key} of {document!r} for {context!r} at {now}"
                done[told(evaluate(snapshot, key, context, now=now))[2]] += 1
    assert done.keys() >= {"STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "ERROR"}
    return f"{done.total()} pairs with BURGEE_SEED={seed}, by reason: {dict(done)}"


def test_thousands_of_pairs_are_compiled_to_what_they_say() -> None:
    print(compare_pairs(4000))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_thousand_pairs_are_compiled_to_what_they_say() -> None:
    print(compare_pairs(count("BURGEE_PAIRS", 200_000)))


@pytest.mark.parametrize(
    "context",
    [
        {"seats": 10**400},
        {"seats": -(10**400)},
        {"seats": [10**400]},
        {"seats": float("nan")},
        {"seats": "\ud800"},
        {"seats": {"deep": {"deeper": [None]}}},
        {"seats": True},
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "operator", ["+", "-", "*", "/", "%", "min", "max", "cat", "<", "==", "substr", "in", "sem_ver"]
)
def test_no_number_of_a_context_is_too_large_for_an_operator(operator: str, context: Any) -> None:
    seats = {"var": "seats"}
    operands = {"sem_ver": [seats, "=", "1.0.0"]}.get(operator, [seats, 2.5])
    flag = {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": {"if": [{operator: operands}, "on", {operator: [operands[-1], *operands[1:-1], seats]}]},
    }
    snapshot = snapshot_of({"flags": {"f": flag}})
    assert told(evaluate(snapshot, "f", context, now=NOON)) == told(
        interpret(snapshot, "f", context, NOON, ANY, None)
    )
