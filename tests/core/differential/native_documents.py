"""Documents in Burgee's own notation that use the whole ladder, and contexts for them, drawn by a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from burgee.condition import OPERATORS
from tests.support.strategies import INSTANTS, LEVELS, NAMES, SCOPES
from tests.support.targeting_strategies import Grammar

ATTRIBUTES = (
    "plan",
    "country",
    "seats",
    "beta",
    "joined",
    "version",
    "ip",
    "tags",
    "targetingKey",
    "customer",
)
EDGES = (1767225600.0, 1780272000.0, 1780308000.5, 1798761600.0)
"""The instants of INSTANTS, Unix seconds."""

_SCALARS: tuple[Any, ...] = (
    True, False, 0, 1, 2, 10, -1, 0.0, -0.0, 1.0, 0.5, 10.0, 2**53, "pro", "free", "", "1", "true", "SE",
    "acme", "42", "2.1.0", "10.1.2.3", *INSTANTS,
)  # fmt: skip
_VARIANTS: tuple[dict[str, Any], ...] = (
    {"on": True, "off": False},
    {"a": "red", "b": "", "c": "1", "ä": "x"},
    {"few": 1, "many": 10},
    {"low": 0.5, "high": 10},
    {"small": {"ui": {"dark": False}, "n": 1}, "large": {"ui": {"dark": True}, "n": 2}},
)
_PATCHES: tuple[dict[str, Any], ...] = ({"n": 7}, {"ui": {"dark": True}}, {"ui": {"dark": None}}, {"n": 3})

Draw = Callable[[Random], Any]


def _scalar(random: Random) -> Any:
    return random.choice(_SCALARS)


def _instant(random: Random) -> str:
    return random.choice(INSTANTS)


def _members(random: Random) -> list[Any]:
    if random.randrange(2):
        return [random.choice(["SE", "NO", "acme", "42", "pro", ""]) for _ in range(1 + random.randrange(3))]
    return [_scalar(random) for _ in range(1 + random.randrange(4))]


_OPERANDS: Mapping[str, Draw] = {
    "is": _scalar,
    "is_not": _scalar,
    "contains": _scalar,
    "in": _members,
    "not_in": _members,
    **{
        name: lambda random: random.choice([0, 1, 2, 0.5, -1, 10, 2**53])
        for name in ("lt", "lte", "gt", "gte")
    },
    "starts_with": lambda random: random.choice(["p", "S", "1", "acme"]),
    "ends_with": lambda random: random.choice(["E", "o", "0"]),
    "before": _instant,
    "after": _instant,
    "exists": lambda random: random.randrange(2) == 0,
    "matches": lambda random: random.choice(["^p", "SE|NO", "[0-9]+", "(?i)PRO", "^$", "a*b?"]),
    "semver": lambda random: random.choice([">=2.1.0 <3 || ^4.2", "~1.2", "2", "!=2.1.0"]),
    "ip_in": lambda random: random.choice(["10.0.0.0/8", ["192.168.0.0/16", "2001:db8::/32"], "10.1.2.3"]),
    "in_region": lambda random: random.choice(["EU", ["EFTA", "NORDICS"]]),
}


class NativeGrammar:
    """Writes documents that are valid, and contexts that they can tell apart."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.segments: list[str] = []

    def chance(self, one_in: int) -> bool:
        return self.random.randrange(one_in) == 0

    def document(self) -> dict[str, Any]:
        """A document of one flag set."""
        self.segments = []
        segments: dict[str, Any] = {}
        for name in ("nordic", "big", "inner", "outer")[: self.random.randrange(5)]:
            segments[name] = self.condition(2)
            self.segments.append(name)
        document: dict[str, Any] = {"segments": segments, "flags": {}, "overrides": {}, "kill": {}}
        earlier: dict[str, list[str]] = {}
        for key in NAMES[: 1 + self.random.randrange(4)]:
            flag = self.flag(earlier)
            document["flags"][key] = flag
            earlier[key] = list(flag["variants"])
            self._override(document, key, flag)
            if self.chance(12):
                document["kill"][key] = self.random.choice([earlier[key][0], {"code_default": True}])
        if self.chance(4):
            document["metadata"] = {"flagSetId": "shop", "version": "3"}
        if self.chance(6):
            document["hierarchy"] = [{"level": level, "attribute": level} for level in reversed(LEVELS)]
        return document

    def flag(self, earlier: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        variants = self.random.choice(_VARIANTS)
        names = list(variants)
        flag: dict[str, Any] = {"variants": variants}
        if not self.chance(5):
            flag["defaultVariant"] = self.random.choice(names)
        if self.chance(12):
            flag["state"] = "DISABLED"
        if isinstance(variants[names[0]], dict) and self.chance(3):
            flag["leaves"] = True
        if self.chance(6):
            grammar = Grammar(self.random, odd=True)
            grammar.variants = names
            flag["targeting"] = grammar.targeting()
        else:
            flag["rules"] = [self.rule(names) for _ in range(self.random.randrange(4))]
        if earlier and self.chance(3):
            required = self.random.choice(sorted(earlier))
            flag["requires"] = {required: self.random.choice(earlier[required])}
        if self.chance(2):
            flag["metadata"] = {"team": "growth", "rank": 1.5}
        return flag

    def rule(self, variants: Sequence[str]) -> dict[str, Any]:
        rule: dict[str, Any] = {}
        choose = self.random.choice
        if not self.chance(4):
            rule["when"] = self.condition(3)
        if self.chance(2):
            rule["name"] = choose(["staff", "a quarter", "everyone"])
        match self.random.randrange(5):
            case 0 | 1 | 2:
                rule["serve"] = choose(variants)
            case 3:
                weights = {name: self.random.randrange(4) for name in variants if self.chance(2)}
                rule["split"] = weights if sum(weights.values()) else {variants[0]: 1}
            case _:
                rule["ramp"] = {"variant": choose(variants), "start": INSTANTS[0], "complete": INSTANTS[3]}
        if "serve" not in rule:
            rule |= {"by": choose(["customer", "seats", "tags"])} if self.chance(3) else {}
            rule |= {"seed": choose(["a", "", "é"])} if self.chance(3) else {}
        if self.chance(4):
            rule |= choose(
                [{"from": INSTANTS[0], "until": INSTANTS[1]}, {"from": INSTANTS[1]}, {"until": INSTANTS[1]}]
            )
        return rule

    def condition(self, depth: int) -> Any:
        kind = self.random.randrange(8) if depth > 0 else 7
        match kind:
            case 0 | 1:
                inner = [self.condition(depth - 1) for _ in range(1 + self.random.randrange(3))]
                return {("all", "any")[kind]: inner if not self.chance(4) else [*inner, inner[0]]}
            case 2:
                return {"not": self.condition(depth - 1)}
            case 3 if self.segments:
                return {"segment": self.random.choice(self.segments)}
            case 4:
                return {"attribute": self.random.choice(["all", "segment", "plan"]), **self.tests()}
        names = [self.random.choice(ATTRIBUTES) for _ in range(1 + self.random.randrange(2))]
        return {name: self.attribute_test() for name in names}

    def attribute_test(self) -> Any:
        match self.random.randrange(4):
            case 0:
                return _scalar(self.random)
            case 1:
                return _members(self.random)
        return self.tests()

    def tests(self) -> dict[str, Any]:
        names = [self.random.choice(OPERATORS) for _ in range(1 + self.random.randrange(2))]
        return {name: _OPERANDS[name](self.random) for name in names}

    def _override(self, document: dict[str, Any], key: str, flag: Mapping[str, Any]) -> None:
        for level in LEVELS:
            for _ in range(self.random.randrange(3)):
                scope = self.random.choice(SCOPES)
                scopes = document["overrides"].setdefault(level, {})
                scopes.setdefault(scope, {})[key] = self.override(flag["variants"])

    def override(self, variants: Mapping[str, Any]) -> Any:
        names, choose = list(variants), self.random.choice
        override: dict[str, Any] = {}
        match self.random.randrange(7):
            case 0:
                return choose(names)
            case 1 | 2:
                override["rules"] = [self.rule(names) for _ in range(1 + self.random.randrange(2))]
            case 3:
                override["value"] = variants[choose(names)]
            case 4:
                override["state"] = "DISABLED"
            case 5 if isinstance(variants[names[0]], dict):
                override["patch"] = choose(_PATCHES)
            case _:
                override["variant"] = choose(names)
        if self.chance(6):
            override["lock"] = True
        if self.chance(4):
            override |= choose([{"from": INSTANTS[1]}, {"until": INSTANTS[1]}])
        return override

    def context(self) -> dict[str, Any]:
        """A context, odd values among its attributes."""
        context: dict[str, Any] = {}
        for name in ATTRIBUTES:
            if not self.chance(3):
                context[name] = self._value(name)
        for level in ("organization", "environment", "all", "segment"):
            if self.chance(2):
                context[level] = self.random.choice([*SCOPES, 42, None, ""])
        return context

    def _value(self, name: str) -> Any:
        choose = self.random.choice
        if self.chance(8):
            return choose(
                [None, [], {}, [1, "SE"], {"a": 1}, float("nan"), float("inf"), 10**400, "\ud800", "x" * 5000]
            )
        match name:
            case "targetingKey" if not self.chance(5):
                return f"user-{self.random.randrange(100)}"
            case "customer":
                return choose([*SCOPES, 42, 7])
            case "version":
                return choose(["2.1.0", "4.2.9", "v1.2", "1", "2.1.0-rc.1", "x"])
            case "ip":
                return choose(["10.1.2.3", "192.168.9.9", "2001:db8::1", "::ffff:10.0.0.1", "no", "10.1.2"])
            case "country":
                return choose(["SE", "NO", "se", "US", "CH"])
            case "tags":
                return [_scalar(self.random) for _ in range(self.random.randrange(4))]
        return _scalar(self.random)

    def now(self) -> float:
        """An instant on, before or after the edges of windows and ramps."""
        edge = self.random.choice(EDGES)
        return edge if self.chance(4) else edge + (self.random.random() - 0.5) * 1e7
