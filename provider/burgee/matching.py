"""Whether a condition holds for a context: the plain interpreter.

A missing attribute and a value of the wrong type make a positive test false and a negative one
(``is_not``, ``not_in``) true; nothing here is ever an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from burgee.condition import AllOf, AnyOf, AttributeTest, Condition, InSegment, Not
from burgee.context import Context
from burgee.flag import Segment
from burgee.instant import parse_instant
from burgee.pattern import pattern_matches
from burgee.semver import parse_version
from burgee.value import is_number, kinded

SEGMENT_DEPTH_LIMIT: Final = 32
"""How deep segments may stand within segments. Beyond, which only layers together can reach, nobody is in."""


def holds(
    condition: Condition,
    context: Context,
    segments: Mapping[str, Segment],
    depth: int = 0,
    known: dict[str, bool] | None = None,
) -> bool:
    """Whether ``condition`` holds for ``context``.

    Args:
        segments: by name; one that is not there holds for nobody.
        depth: how many segments enclose this condition.
        known: what has been found of segments so far; each is asked once, however many refer to it.
    """
    match condition:
        case AttributeTest(attribute, operator, operand):
            return passes(operator, operand, context.get(attribute))
        case AllOf(conditions):
            return all(holds(each, context, segments, depth, known) for each in conditions)
        case AnyOf(conditions):
            return any(holds(each, context, segments, depth, known) for each in conditions)
        case Not(inner):
            return not holds(inner, context, segments, depth, known)
        case InSegment(name):
            segment = segments.get(name)
            if segment is None or depth >= SEGMENT_DEPTH_LIMIT:
                return False
            known = {} if known is None else known
            if name not in known:
                known[name] = holds(segment.condition, context, segments, depth + 1, known)
            return known[name]


def passes(operator: str, operand: Any, value: Any) -> bool:
    """Whether an attribute's value passes one test, see :class:`burgee.condition.AttributeTest`."""
    return TESTS[operator](operand, value)


def _contains(operand: Any, value: Any) -> bool:
    if isinstance(value, str):
        return bool(operand[0] == "string" and operand[1] in value)
    return isinstance(value, list | tuple) and any(kinded(each) == operand for each in value)


def _semver(operand: Any, value: Any) -> bool:
    version = parse_version(value) if isinstance(value, str) else None
    return version is not None and version in operand


def _before(operand: Any, value: Any) -> bool:
    moment = parse_instant(value) if isinstance(value, str) else None
    return moment is not None and bool(moment < operand)


def _after(operand: Any, value: Any) -> bool:
    moment = parse_instant(value) if isinstance(value, str) else None
    return moment is not None and bool(moment > operand)


def _in_region(operand: Any, value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.upper() in operand.countries


TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "is": lambda operand, value: bool(kinded(value) == operand),
    "is_not": lambda operand, value: bool(kinded(value) != operand),
    "in": lambda operand, value: kinded(value) in operand,
    "not_in": lambda operand, value: kinded(value) not in operand,
    "lt": lambda operand, value: is_number(value) and bool(value < operand),
    "lte": lambda operand, value: is_number(value) and bool(value <= operand),
    "gt": lambda operand, value: is_number(value) and bool(value > operand),
    "gte": lambda operand, value: is_number(value) and bool(value >= operand),
    "starts_with": lambda operand, value: isinstance(value, str) and value.startswith(operand),
    "ends_with": lambda operand, value: isinstance(value, str) and value.endswith(operand),
    "contains": _contains,
    "matches": lambda operand, value: isinstance(value, str) and pattern_matches(operand, value),
    "semver": _semver,
    "ip_in": lambda operand, value: value in operand,
    "in_region": _in_region,
    "before": _before,
    "after": _after,
    "exists": lambda operand, value: (value is not None) is operand,
}
"""Each operator's test: (operand, an attribute's value) -> whether it passes."""
