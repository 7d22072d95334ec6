"""flagd documents with JSONLogic targeting, and contexts for them, by a grammar over :class:`random.Random`.

Its seed is drawn and told by hypothesis, or in a long run printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from tests.support.targeting_contexts import ATTRIBUTES, TEXTS, VERSIONS, ContextGrammar

PATHS = (
    *ATTRIBUTES, "user.tier", "user.address.city", "user.name", "tags.0", "tags.length", "orders.1.total",
    "email.length", "absent", "absent.deeper", "$flagd.flagKey", "$flagd.timestamp",
)  # fmt: skip
ITEM_PATHS = ("", "total", "state", "0", "absent")
REDUCE_PATHS = ("current", "accumulator", "current.total", "absent")
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "^", "~")
_VARIANTS: tuple[dict[str, Any], ...] = (
    {"on": True, "off": False},
    {"true": True, "false": False},
    {"a": "red", "b": "", "1": "one", "2.5": "half", "é": "accent"},
    {"few": 1, "many": 10, "true": 3},
    {"low": 0.5, "high": 10, "null": 1},
    {"small": {"ui": {"dark": False}, "n": 1}, "large": {"ui": {"dark": True}, "n": [2, None]}},
)


class Grammar(ContextGrammar):
    """Writes flagd documents and contexts.

    Args:
        random: makes every choice.
        odd: values that JSON texts, or JavaScript, cannot carry are among the contexts' (lone surrogates,
            integers of 400 digits, NaN), and references lead in any order. Other engines cannot be asked.
    """

    def __init__(self, random: Random, *, odd: bool = False) -> None:
        super().__init__(random, odd=odd)
        self.variants: Sequence[str] = ()
        self.evaluators: Sequence[str] = ()

    def document(self) -> dict[str, Any]:
        """A flagd document that is valid by flagd's schema."""
        choose = self.random.choice
        names = ["isStaff", "bySeats", "inNordics"][: self.random.randrange(4)]
        evaluators = {}
        for index, name in enumerate(names):
            # flagd fills references in one after the other: it reaches later ones only.
            self.evaluators = names[index + 1 :]
            evaluators[name] = self.rule(2)
        if self.odd:
            self.random.shuffle(names)
            evaluators = {name: evaluators[name] for name in names}
        self.evaluators = names
        flags: dict[str, Any] = {}
        for key in ("alpha", "beta", "gamma")[: 1 + self.random.randrange(3)]:
            flags[key] = self.flag()
        document: dict[str, Any] = {"flags": flags}
        if evaluators:
            document["$evaluators"] = evaluators
        if self.chance(3):
            document["metadata"] = {"flagSetId": "shop", "version": "7", "rank": choose([1, 2.5, True])}
        return document

    def flag(self) -> dict[str, Any]:
        variants = self.random.choice(_VARIANTS)
        self.variants = list(variants)
        flag: dict[str, Any] = {"state": "ENABLED", "variants": variants}
        if self.chance(12):
            flag["state"] = "DISABLED"
        if not self.chance(5):
            flag["defaultVariant"] = self.random.choice(self.variants)
        elif self.chance(2):
            flag["defaultVariant"] = None
        if not self.chance(12):
            flag["targeting"] = self.targeting()
        if self.chance(4):
            flag["metadata"] = {"team": "growth", "rank": 9}
        return flag

    def targeting(self) -> dict[str, Any]:
        match self.random.randrange(8):
            case 0:
                return self.fractional(2)
            case 1:
                return self.rule(3)
            case 2 if self.evaluators:
                return {"$ref": self.random.choice(self.evaluators)}
            case 3:
                return {} if self.chance(4) else {"if": [self.test(2), self.result(1)]}
        branches: list[Any] = []
        for _ in range(1 + self.random.randrange(3)):
            branches += [self.test(3), self.result(2)]
        return {"if": branches if self.chance(4) else [*branches, self.result(2)]}

    def result(self, depth: int) -> Any:
        """What a rule gives: mostly a variant's name."""
        match self.random.randrange(12):
            case 0 if depth > 0:
                return self.fractional(depth - 1)
            case 1 if depth > 0:
                return {"if": [self.test(depth - 1), self.result(depth - 1), self.result(depth - 1)]}
            case 2:
                return self.random.choice([None, True, False, 1, 2.5, "nowhere", ""])
            case 3 if depth > 0:
                return self.value(depth - 1)
        return self.random.choice(self.variants)

    def rule(self, depth: int) -> dict[str, Any]:
        """A value that is a rule, not a literal."""
        while not isinstance(found := self.value(depth) if self.chance(2) else self.test(depth), dict):
            pass
        return found or {"var": "plan"}

    def test(self, depth: int) -> Any:
        """A rule that usually gives true or false."""
        choose = self.random.choice
        inner = max(depth - 1, 0)
        kind = self.random.randrange(15 if depth > 0 else 7)
        match kind:
            case 0 | 1:
                return {choose(["==", "===", "!=", "!=="]): [self.value(inner), self.value(inner)]}
            case 2:
                return {choose(["<", "<=", ">", ">="]): [self.value(inner), self.value(inner)]}
            case 3:
                return {"in": [self.value(inner), choose([self.literals(), self.value(inner)])]}
            case 4:
                subject = self.variable() if not self.chance(5) else self.rule(inner)
                part = self.random.choice(TEXTS) if not self.chance(5) else self.rule(inner)
                return {choose(["starts_with", "ends_with"]): [subject, part]}
            case 5:
                return {"sem_ver": [self.version(), choose(_COMPARISONS), self.version()]}
            case 6:
                return self.variable()
            case 7:
                return {choose(["<", "<="]): [self.value(inner), self.value(inner), self.value(inner)]}
            case 8 | 9:
                tests = [self.test(inner) for _ in range(1 + self.random.randrange(3))]
                return {choose(["and", "or"]): tests}
            case 10:
                operand = self.test(inner)
                return {
                    choose(["!", "!!"]): operand
                    if isinstance(operand, dict) and self.chance(2)
                    else [operand]
                }
            case 11 | 12:
                return {choose(["all", "none", "some"]): [self.items(inner), self.item_test(inner)]}
            case 13 if self.evaluators:
                return {"$ref": choose(self.evaluators)}
        return {"==": [self.variable(), self.literal()]}

    def item_test(self, depth: int) -> Any:
        path = {"var": self.random.choice(ITEM_PATHS)}
        if self.chance(4):
            return self.test(depth)
        operator = self.random.choice(["==", "===", ">", "<=", "in", "!="])
        return {operator: [path, self.literals() if operator == "in" else self.literal()]}

    def value(self, depth: int) -> Any:
        """A literal, a variable, or what an operator computes."""
        if depth <= 0 or self.chance(3):
            return self.literal() if self.chance(2) else self.variable()
        choose, inner = self.random.choice, depth - 1
        operands = [self.value(inner) for _ in range(1 + self.random.randrange(3))]
        match self.random.randrange(15):
            case 0:
                return {choose(["+", "min", "max", "merge", "cat"]): operands}
            case 1:
                return {choose(["-", "cat"]): operands[:2]}
            case 2:
                return {choose(["/", "%"]): [self.value(inner), self.value(inner)]}
            case 3:
                return {"*": [self.value(inner), self.value(inner), *operands[:1]]}
            case 4:
                length = [choose([0, 1, 2, -1, -2])] if self.chance(2) else []
                return {"substr": [self.value(inner), choose([0, 1, -1, 2, -3, 10]), *length]}
            case 5:
                return {"if": [self.test(inner), self.value(inner), self.value(inner)]}
            case 6:
                return {choose(["and", "or"]): operands}
            case 7:
                return {"map": [self.items(inner), self.in_scope(inner, ITEM_PATHS)]}
            case 8:
                return {"filter": [self.items(inner), self.item_test(inner)]}
            case 9:
                logic = {
                    choose(["+", "cat", "max"]): [{"var": "accumulator"}, self.in_scope(inner, REDUCE_PATHS)]
                }
                return {"reduce": [self.items(inner), logic, choose([0, "", None, 1])]}
            case 10:
                keys = [choose(PATHS) for _ in range(self.random.randrange(3))]
                return {"missing": keys}
            case 11:
                return {"missing_some": [choose([0, 1, 2]), [choose(PATHS), choose(PATHS)]]}
            case 12:
                return {
                    "var": [{"cat": ["pl", choose(["an", "us"])]}, self.literal()][
                        : 1 + self.random.randrange(2)
                    ]
                }
            case 13:
                return self.test(inner)
        return self.variable()

    def in_scope(self, depth: int, paths: Sequence[str]) -> Any:
        match self.random.randrange(3):
            case 0:
                return {"var": self.random.choice(paths)}
            case 1:
                return {"*": [{"var": self.random.choice(paths)}, self.literal()]}
        return self.value(depth)

    def items(self, depth: int) -> Any:
        match self.random.randrange(5):
            case 0:
                return self.literals()
            case 1:
                return self.value(depth)
        return {"var": self.random.choice(["tags", "orders"])}

    def fractional(self, depth: int) -> dict[str, Any]:
        operands: list[Any] = []
        if self.chance(2):
            by = {"cat": [{"var": "$flagd.flagKey"}, {"var": "email"}]}
            operands.append(
                self.random.choice([by, self.variable(), {"var": "targetingKey"}, self.rule(depth)])
            )
        for _ in range(1 + self.random.randrange(4)):
            bucket: list[Any] = [self.random.choice([*self.variants, *self.variants, None, True, 1])]
            if self.chance(8) and depth > 0:
                bucket = [self.result(depth - 1)]
            if not self.chance(4):
                weight: Any = self.random.choice([0, 1, 1, 25, 50, 100, 2**30])
                bucket.append({"-": [{"var": "seats"}, 2]} if self.chance(8) else weight)
            operands.append(bucket)
        return {"fractional": operands}

    def version(self) -> Any:
        return self.random.choice(VERSIONS) if self.chance(2) else {"var": "version"}

    def variable(self) -> dict[str, Any]:
        path = self.random.choice(PATHS)
        return {"var": path} if not self.chance(6) else {"var": [path, self.literal()]}
