"""One test of one attribute, or its negation, and what it says about another: only what is certain.

A test and its negation are told apart by a sign, since the negation of ``gte: 5`` is no ``lt: 5``: a missing
attribute fails both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from burgee.condition import AttributeTest
from burgee.matching import passes
from burgee.value import KindedScalar, Scalar, kinded

_TEXT: Final = frozenset(("string",))
_NUMBER: Final = frozenset(("number",))
_SEVERAL: Final = frozenset(("string", "list"))
_KINDS: Final = {
    "lt": _NUMBER, "lte": _NUMBER, "gt": _NUMBER, "gte": _NUMBER, "contains": _SEVERAL,
    "starts_with": _TEXT, "ends_with": _TEXT, "matches": _TEXT, "semver": _TEXT, "ip_in": _TEXT,
    "in_region": _TEXT, "before": _TEXT, "after": _TEXT,
}  # fmt: skip
_LOWER: Final = ("gt", "gte")
_UPPER: Final = ("lt", "lte")


class Literal(NamedTuple):
    """A test that has to hold, or that has to fail.

    Attributes:
        test: its operator is never ``is``, ``is_not`` or ``not_in``; the operand of ``exists`` is true.
        positive: whether the test has to hold.
        members: the operand of ``in`` as a set.
    """

    test: AttributeTest
    positive: bool
    members: frozenset[KindedScalar] = frozenset()

    def negated(self) -> Literal:
        """What holds exactly where this does not."""
        return self._replace(positive=not self.positive)

    def admits(self, value: object) -> bool:
        """Whether it holds for a value."""
        if self.test.operator == "in":
            return (kinded(value) in self.members) is self.positive
        return passes(self.test.operator, self.test.operand, value) is self.positive


def literal(test: AttributeTest, positive: bool = True) -> Literal:
    """A test as a literal, negative operators turned into their positives."""
    operand: Any = test.operand
    match test.operator:
        case "is" | "is_not":
            return _one_of(test.attribute, (operand,), positive == (test.operator == "is"))
        case "in" | "not_in":
            return _one_of(test.attribute, operand, positive == (test.operator == "in"))
        case "exists":
            return Literal(AttributeTest(test.attribute, "exists", True), positive is operand)
    return Literal(test, positive)


def _one_of(attribute: str, members: tuple[KindedScalar, ...], positive: bool) -> Literal:
    return Literal(AttributeTest(attribute, "in", members), positive, frozenset(members))


class Facts:
    """What is known of one attribute: literals that all hold."""

    def __init__(self, literals: Sequence[Literal] = ()) -> None:
        self._literals = literals
        self._values = _values(literals)

    def imply(self, wanted: Literal) -> bool:
        """Whether every value, its absence too, that is possible here is admitted by ``wanted``."""
        if self._values is not None:
            return all(wanted.admits(value) for value in self._values)
        return any(_follows(each, wanted) for each in self._literals)

    def contradict_themselves(self) -> bool:
        """Whether no value, nor its absence, is possible."""
        if self._values is not None:
            return not self._values
        return any(
            _follows(each, other.negated())
            for index, each in enumerate(self._literals)
            for other in self._literals[index + 1 :]
        )


def _values(literals: Sequence[Literal]) -> list[Scalar] | None:
    """The values that all admit; None where they cannot be counted.

    Numbers that equal one another count once: every test takes them alike.
    """
    finite = next((each for each in literals if each.positive and each.test.operator == "in"), None)
    if finite is None:
        return None
    others = [each for each in literals if each is not finite]
    return [value for _, value in finite.members if all(each.admits(value) for each in others)]


def _follows(given: Literal, wanted: Literal) -> bool:
    if given.positive and wanted.positive:
        return _entails(given.test, wanted.test)
    if not given.positive and not wanted.positive:
        return _entails(wanted.test, given.test)
    if given.positive:
        return _excludes(given.test, wanted.test) or _excludes(wanted.test, given.test)
    # That a test fails never makes another hold.
    return False


def _entails(given: AttributeTest, wanted: AttributeTest) -> bool:
    """Whether what passes ``given`` passes ``wanted``."""
    if given == wanted or wanted.operator == "exists":
        return True
    low: Any = given.operand
    high: Any = wanted.operand
    match given.operator, wanted.operator:
        case ("in", _):
            return all(passes(wanted.operator, high, value) for _, value in low)
        case ("gt" | "gte", "gt" | "gte"):
            return bool(low > high) or (bool(low == high) and given.operator == "gt")
        case ("lt" | "lte", "lt" | "lte"):
            return bool(low < high) or (bool(low == high) and given.operator == "lt")
        case ("starts_with", "starts_with"):
            return bool(low.startswith(high))
        case ("ends_with", "ends_with"):
            return bool(low.endswith(high))
        case ("starts_with" | "ends_with", "contains"):
            return high[0] == "string" and high[1] in low
        case ("ip_in", "ip_in") | ("semver", "semver"):
            return bool(low.lies_within(high))
        case ("in_region", "in_region"):
            return bool(low.countries <= high.countries)
        case ("before", "before"):
            return bool(low <= high)
        case ("after", "after"):
            return bool(low >= high)
    return False


def _excludes(given: AttributeTest, other: AttributeTest) -> bool:
    """Whether nothing passes both."""
    low: Any = given.operand
    high: Any = other.operand
    if given.operator == "in":
        return not any(passes(other.operator, high, value) for _, value in low)
    if given.operator in _LOWER and other.operator in _UPPER:
        return bool(low > high) or (bool(low == high) and (given.operator, other.operator) != ("gte", "lte"))
    if given.operator == "after" and other.operator == "before":
        return bool(low >= high)
    if given.operator == "starts_with" and other.operator == "starts_with":
        return not (low.startswith(high) or high.startswith(low))
    if given.operator == "ends_with" and other.operator == "ends_with":
        return not (low.endswith(high) or high.endswith(low))
    if given.operator in _KINDS and other.operator in _KINDS:
        return _KINDS[given.operator].isdisjoint(_KINDS[other.operator])
    return False
