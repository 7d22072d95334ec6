"""The seven questions, who asks them, and what every engine has to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

ON_OFF: Final = {"on": True, "off": False}
SUFFIX: Final = "@example.com"
PLANS: Final = ("pro", "free", "team", "trial")
MEMBERS: Final = [f"u-{number}" for number in range(1_000)]
SHARES: Final = {"a": 25, "b": 25, "c": 50}
"""Per cent."""

MANY: Final = 200
OBJECT: Final[Mapping[str, str | int]] = {
    f"key-{number:02d}": number if number % 2 else f"text of {number}" for number in range(20)
}


class User(NamedTuple):
    """Who asks.

    Attributes:
        key: the targeting key.
        attributes: everything else.
    """

    key: str
    attributes: Mapping[str, str | int]


YES: Final = User("u-500", {"email": "ada@example.com", "plan": "pro", "country": "SE", "seats": 12})
"""Meets all conditions; only YES is timed."""

NO: Final = User("u-5000", {"email": "ada@example.com", "plan": "free", "country": "SE", "seats": 5})
"""Meets all but the last condition of W2, of the last rule of W4, and is not on the list of W5."""


class Ladder(NamedTuple):
    """One of ten rules: ``country`` is one of these, ``plan`` is this, ``seats`` is at least this."""

    countries: tuple[str, ...]
    plan: str
    seats: int
    serves: str


LADDER: Final = [
    Ladder(("SE", "NO", f"X{number}"), "pro", 100 - 10 * number, f"r{number}") for number in range(10)
]
"""For YES every rule but the last fails at its third condition."""


class TwoConditions(NamedTuple):
    """A boolean flag that is on where ``email`` ends with this and ``plan`` is this."""

    key: str
    suffix: str
    plan: str


class Workload(NamedTuple):
    """One question.

    Attributes:
        name: W1 to W7.
        says: what it asks, in a few words.
        key: of the flag; of W7 the beginning of each.
        kind: boolean, string or object.
        default: what is handed to engines that want one; never the answer.
        yes: the answer for YES.
        no: the answer for NO.
    """

    name: str
    says: str
    key: str
    kind: str
    default: Any
    yes: Any
    no: Any


def two_conditions(count: int, *, changed: Sequence[int] = ()) -> list[TwoConditions]:
    """Flags of two conditions; those whose numbers are in ``changed`` ask for the next plan."""
    moved = frozenset(changed)
    return [
        TwoConditions(f"many-{number:05d}", SUFFIX, PLANS[(number + (number in moved)) % len(PLANS)])
        for number in range(count)
    ]


MANY_FLAGS: Final = two_conditions(MANY)


def _many(plan: str) -> list[bool]:
    return [flag.plan == plan for flag in MANY_FLAGS]


W1, W2, W3, W4, W5, W6, W7 = WORKLOADS = (
    Workload("W1", "static boolean", "static", "boolean", False, True, True),
    Workload("W2", "email ends with AND plan is", "targeted", "boolean", False, True, False),
    Workload("W3", "split 25/25/50", "divided", "string", "", None, None),
    Workload("W4", "10 rules of 3 conditions, the last", "ladder", "string", "", "r9", "none"),
    Workload("W5", "one of a list of 1,000", "members", "boolean", False, True, False),
    Workload("W6", "object of 20 keys", "object", "object", {}, OBJECT, OBJECT),
    Workload("W7", f"{MANY} flags like W2", "many", "boolean", False, _many("pro"), _many("free")),
)
"""The answer to W3 is the engine's own: its shares over 4,000 users are checked instead."""
