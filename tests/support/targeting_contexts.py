"""Contexts for flagd documents, odd values among their attributes, drawn by a :class:`random.Random`."""

from __future__ import annotations

from random import Random
from typing import Any

ATTRIBUTES = (
    "plan",
    "country",
    "seats",
    "beta",
    "version",
    "email",
    "tags",
    "user",
    "orders",
    "targetingKey",
)
NOON = 1_795_176_000.0
"""2026-11-20T12:00:00Z."""

TEXTS = (
    "pro",
    "free",
    "SE",
    "a",
    "b",
    "ab",
    "user-1",
    "acme",
    "",
    "1",
    "0",
    "10",
    "2.5",
    "true",
    "x@acme.io",
)
ODD_TEXTS = (
    " 12 ",
    "1e3",
    "0x10",
    "-",
    "null",
    "NaN",
    "Infinity",
    "1,2",
    "é",
    "日本",
    "\U0001f600x",
    "3.14abc",
    "\n",
)
UNSPEAKABLE = ("\ud800", "\x00", "a\udfffb")
NUMBERS = (0, 1, 2, 3, 10, 100, -1, 0.5, 2.5, 1.0, NOON, int(NOON))
ODD_NUMBERS = (-0.0, 1e21, 1e-7, 0.1, 2**53, 123456789012, -1.5, 1e300)
BEYOND = (10**400, 2**53 + 1, float("nan"), float("inf"), -float("inf"), -(2**63), 2**64)
VERSIONS = ("1.0.0", "1.2.3", "2.0.0-beta.1", "2.0.0-beta.11", "2.0.0+build", "0.9.1", "10.0.0")
LOOSE_VERSIONS = ("v1.2.3", "V2", "1.2", "3", "2.0.0.0", "latest", "", "1.02.3", " 1.2.3 ", "1.2 ")


class ContextGrammar:
    """Writes contexts.

    Args:
        random: makes every choice.
        odd: values that JSON texts, or JavaScript, cannot carry are among them (lone surrogates, integers of
            400 digits, NaN). Other engines cannot be asked then.
    """

    def __init__(self, random: Random, *, odd: bool = False) -> None:
        self.random = random
        self.odd = odd

    def chance(self, one_in: int) -> bool:
        """True once in so many times."""
        return self.random.randrange(one_in) == 0

    def literal(self) -> Any:
        match self.random.randrange(12):
            case 0 | 1 | 2:
                return self.random.choice(NUMBERS)
            case 3:
                return self.random.choice([True, False, None])
            case 4:
                return self.random.choice([*ODD_TEXTS, *ODD_NUMBERS])
        return self.random.choice(TEXTS)

    def literals(self) -> list[Any]:
        if self.chance(3):
            return [self.literal() for _ in range(self.random.randrange(4))]
        return [self.random.choice(TEXTS) for _ in range(1 + self.random.randrange(3))]

    def context(self) -> dict[str, Any]:
        """A context that the grammar's paths lead into."""
        context: dict[str, Any] = {}
        if not self.chance(6):
            context["targetingKey"] = f"user-{self.random.randrange(50)}"
        for name in ATTRIBUTES[:-1]:
            if not self.chance(4):
                context[name] = self.attribute(name)
        if self.chance(20):
            context["$flagd"] = {"flagKey": "forged", "timestamp": 1}
        if self.chance(20):
            context["targetingKey"] = self.random.choice(["", 7, None, True])
        if self.odd and self.chance(3):
            context[self.random.choice(ATTRIBUTES)] = self.random.choice([*UNSPEAKABLE, *BEYOND])
        return context

    def attribute(self, name: str) -> Any:
        if self.chance(5):
            return self.random.choice([None, self.literal(), self.literals(), {"tier": self.literal()}])
        match name:
            case "user":
                return {
                    "tier": self.literal(),
                    "name": "Åsa",
                    "address": {"city": self.random.choice(TEXTS)},
                }
            case "orders":
                states = ("open", "paid")
                return [
                    {"total": self.random.choice(NUMBERS), "state": self.random.choice(states)}
                    for _ in range(self.random.randrange(4))
                ]
            case "tags":
                return self.literals()
            case "version":
                return self.random.choice([*VERSIONS, *LOOSE_VERSIONS, 2, 1.5])
            case "seats":
                return self.random.choice(NUMBERS)
            case "beta":
                return self.random.choice([True, False])
        return self.random.choice(TEXTS)
