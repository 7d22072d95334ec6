"""Rules give what json-logic-js gives for them: whatever the operands, with no difference allowed.

Documents for whole flags hold what people write. Here operands are of any kind, and rules stand anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from random import Random
from typing import Any

import pytest

from burgee.definition import read
from burgee.reads import FLAGD
from burgee.snapshot import FlagSet
from burgee.targeting import Targeting
from tests.core.differential.comparison import count, seeded
from tests.core.differential.peers import Peer, encoded, flagd_core_of_npm, same
from tests.core.differential.replay import has_own
from tests.support.targeting_contexts import NOON
from tests.support.targeting_strategies import PATHS, REDUCE_PATHS, Grammar

PAIRS = 1000
SEED = 20_261_122
BATCH = 100
CONTEXTS = 4
SHOWN_EVERY = 10_000


class AnyOperands(Grammar):
    """Puts rules and values of any kind where people write names and numbers."""

    _defaults = 0

    def variable(self) -> dict[str, Any]:
        path = self.random.choice((*PATHS, "user", "tags.1", "orders.0", "email.0", "orders.length", 0))
        match self.random.randrange(6):
            case 0:
                return {"var": [path, self.literal()]}
            case 1 if self._defaults < 2:
                self._defaults += 1
                default = self.value(2)
                self._defaults -= 1
                return {"var": [path, default]}
        return {"var": path}

    def value(self, depth: int) -> Any:
        if depth <= 0 or not self.chance(10):
            return super().value(depth)
        inner = depth - 1
        match self.random.randrange(6):
            case 0:
                return {"missing": [{"merge": [self.literals(), self.value(inner)]}]}
            case 1:
                return {"missing_some": [self.value(inner), {"merge": [self.literals(), self.value(inner)]}]}
            case 2:
                step = {"merge": [{"var": "accumulator"}, self.in_scope(inner, REDUCE_PATHS)]}
                return {"reduce": [self.items(inner), step, self.literals()]}
            case 3:
                return {"substr": [self.value(inner), self.value(inner), self.value(inner)]}
            case 4:
                return {"var": [self.value(inner), self.value(inner)]}
        return [self.value(inner), self.value(inner)]


@pytest.fixture(scope="module")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with flagd_core_of_npm(tmp_path_factory.mktemp("json-logic-js")) as peer:
        yield peer


def our_result(logic: Any, data: Any) -> Any:
    """What our interpreter gives."""
    flag = {"state": "ENABLED", "variants": {"a": "a"}, "targeting": logic}
    expression = read({"flags": {"f": flag}}).flags["f"].targeting
    assert expression is not None
    return Targeting("f", data, {}, 2).value(expression, data)


def drawn(random: Random) -> Iterator[tuple[Any, Any, Any]]:
    """Rules, data for them, and what ours gives."""
    flag_set = FlagSet()
    while True:
        grammar = AnyOperands(random)
        grammar.variants = ["on", "off", "true", "1"]
        logic = grammar.rule(random.choice([2, 3, 4]))
        if has_own(logic):
            continue
        flag = {"state": "ENABLED", "variants": {"a": "a"}, "targeting": logic}
        expression = read({"flags": {"f": flag}}).flags["f"].targeting
        assert expression is not None
        for _ in range(CONTEXTS):
            data = {**grammar.context(), FLAGD: {"flagKey": "f", "timestamp": int(NOON)}}
            targeting = Targeting("f", data, flag_set.segments, flag_set.fractional_version)
            yield logic, data, targeting.value(expression, data)


def compare_with_json_logic_js(npm: Peer, seed: int, random: Random, wanted: int) -> None:
    """Compare that many results.

    Where json-logic-js raises there is nothing to compare with: it looks for the length of null, and takes an
    object of the context that stands among the names of ``missing`` for a rule.
    """
    pairs, raised, source = 0, 0, drawn(random)
    while pairs < wanted:
        batch = [next(source) for _ in range(BATCH)]
        answers = npm.operations(
            [{"logic": logic, "data": encoded(data), "reference": True} for logic, data, _ in batch], NOON
        )
        for (logic, data, ours), answer in zip(batch, answers, strict=True):
            raised += "raised" in answer["reference"]
            assert "raised" in answer["reference"] or same(encoded(ours), answer["reference"]), (
                f"BURGEE_SEED={seed}: {json.dumps(logic)} with {json.dumps(data)}: "
                f"ours {encoded(ours)}, json-logic-js's {answer['reference']}"
            )
        pairs += len(batch)
        if pairs % SHOWN_EVERY == 0 or pairs >= wanted:
            print(f"json-logic-js: {pairs} of {wanted} pairs with BURGEE_SEED={seed}", flush=True)
    assert raised < pairs / 50


NUMBERS = ("-0", "-0.0", " -00 ", "-0x1", "0", "-5", "", 0, -5, 5, None, False)
SCALARS = (0, 1, 5, 5.5, -5, True, False, None, "", "1", "5", "null", [], [1], {})
X, Y = {"var": "x"}, {"var": "y"}


def compare_each(npm: Peer, rules: Iterable[Any], data: Iterable[Mapping[str, Any]]) -> None:
    """Compare every rule with every data."""
    asked = [(logic, each) for logic, each in product(rules, data)]
    answers = npm.operations(
        [{"logic": logic, "data": encoded(each), "reference": True} for logic, each in asked], NOON
    )
    for (logic, each), answer in zip(asked, answers, strict=True):
        assert same(encoded(our_result(logic, each)), answer["reference"]), (logic, each, answer)


def test_the_sign_of_zero_is_json_logic_js_s(npm: Peer) -> None:
    results = [*({operator: [X, Y]} for operator in ("-", "*", "/", "%", "min", "max", "+")), {"-": [X]}]
    # Only what is divided by a zero tells which it is.
    rules = [{"/": [1, result]} for result in results]
    compare_each(npm, rules, [{"x": x, "y": y} for x, y in product(NUMBERS, NUMBERS)])


def test_a_list_of_literals_holds_what_json_logic_js_finds_in_it(npm: Peer) -> None:
    heaps: list[Any] = [
        [5, -5],
        [0, 1],
        [True, "1"],
        [False, None],
        ["", "null", 5.5],
        [5, [1], "1"],
        "null15",
    ]
    compare_each(npm, [{"in": [X, heap]} for heap in heaps], [{"x": needle} for needle in SCALARS])


def test_names_that_every_object_inherits_are_missing(npm: Peer) -> None:
    rules = [{"missing": ["constructor"]}, {"missing": ["__proto__"]}, {"var": ["toString", "none"]}]
    assert [our_result(logic, {}) for logic in rules] == [["constructor"], ["__proto__"], "none"]
    asked = [{"logic": logic, "data": encoded({}), "reference": True} for logic in rules[:2]]
    assert [each["reference"] for each in npm.operations(asked, NOON)] == [encoded([]), encoded([])]


def test_rules_with_any_operands_give_what_json_logic_js_gives(npm: Peer) -> None:
    compare_with_json_logic_js(npm, *seeded(SEED), PAIRS)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_rules_with_any_operands_give_what_json_logic_js_gives(npm: Peer) -> None:
    compare_with_json_logic_js(npm, *seeded(), count("BURGEE_PEER_PAIRS", 100_000))
