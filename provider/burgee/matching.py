"""Whether a condition holds for a context: the plain interpreter, and the words for its verdict.

A missing attribute and a value of the wrong type make a positive test false and a negative one
(``is_not``, ``not_in``) true; nothing here is ever an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.condition import AllOf, AnyOf, AttributeTest, Condition, InSegment, Not
from burgee.context import Context
from burgee.flag import Segment
from burgee.instant import instant_text, parse_instant
from burgee.pattern import pattern_matches
from burgee.semver import parse_version
from burgee.value import is_number, kind_name, kinded, shown

SEGMENT_DEPTH_LIMIT: Final = 32
"""How deep segments may stand within segments. Beyond, which only layers together can reach, nobody is in."""

_TOLD_DEPTH: Final = 2
"""How deep within segments a verdict says why; segments that share others would be told again and again."""


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
    match operator:
        case "is":
            return bool(kinded(value) == operand)
        case "is_not":
            return bool(kinded(value) != operand)
        case "in":
            return kinded(value) in operand
        case "not_in":
            return kinded(value) not in operand
        case "lt":
            return is_number(value) and bool(value < operand)
        case "lte":
            return is_number(value) and bool(value <= operand)
        case "gt":
            return is_number(value) and bool(value > operand)
        case "gte":
            return is_number(value) and bool(value >= operand)
        case "starts_with":
            return isinstance(value, str) and bool(value.startswith(operand))
        case "ends_with":
            return isinstance(value, str) and bool(value.endswith(operand))
        case "contains":
            if isinstance(value, str):
                return bool(operand[0] == "string" and operand[1] in value)
            return isinstance(value, list | tuple) and any(kinded(each) == operand for each in value)
        case "matches":
            return isinstance(value, str) and pattern_matches(operand, value)
        case "semver":
            version = parse_version(value) if isinstance(value, str) else None
            return version is not None and version in operand
        case "ip_in":
            return value in operand
        case "in_region":
            return isinstance(value, str) and value.isascii() and value.upper() in operand.countries
        case "before":
            moment = parse_instant(value) if isinstance(value, str) else None
            return moment is not None and moment < operand
        case "after":
            moment = parse_instant(value) if isinstance(value, str) else None
            return moment is not None and moment > operand
        case "exists":
            return (value is not None) is operand
    raise AssertionError(f"unknown operator {operator}")


def verdict(condition: Condition, context: Context, segments: Mapping[str, Segment], depth: int = 0) -> str:
    """Say in words what decided :func:`holds`: the first test that failed, or that the condition holds."""
    if holds(condition, context, segments, depth):
        match condition:
            case AnyOf(conditions):
                decisive = next(each for each in conditions if holds(each, context, segments, depth))
                return verdict(decisive, context, segments, depth)
            case AllOf(conditions):
                return "; ".join(verdict(each, context, segments, depth) for each in conditions)
            case Not(inner):
                return f"not ({verdict(inner, context, segments, depth)})"
            case InSegment(name):
                return f"in segment {name}"
            case AttributeTest():
                return _test_text(condition, context, holds=True)
    match condition:
        case AllOf(conditions):
            decisive = next(each for each in conditions if not holds(each, context, segments, depth))
            return verdict(decisive, context, segments, depth)
        case AnyOf(conditions):
            return "none of: " + "; ".join(verdict(each, context, segments, depth) for each in conditions)
        case Not(inner):
            return f"not false: {verdict(inner, context, segments, depth)}"
        case InSegment(name):
            segment = segments.get(name)
            if segment is None:
                return f"there is no segment {name}"
            if depth >= SEGMENT_DEPTH_LIMIT:
                return f"segment {name} stands within more than {SEGMENT_DEPTH_LIMIT} segments"
            if depth >= _TOLD_DEPTH:
                return f"not in segment {name}"
            return f"not in segment {name}: {verdict(segment.condition, context, segments, depth + 1)}"
        case AttributeTest():
            return _test_text(condition, context, holds=False)


def _test_text(test: AttributeTest, context: Context, *, holds: bool) -> str:
    value = context.get(test.attribute)
    given = f"{test.attribute} is missing" if value is None else f"{test.attribute} is {shown(value)}"
    if value is not None and kinded(value) is None:
        given = f"{test.attribute} is {kind_name(value)}"
    wanted = f"{test.operator} {operand_text(test)}"
    return f"{given}: {wanted}" if holds else f"{given}, wanted {wanted}"


def operand_text(test: AttributeTest) -> str:
    """Write a test's operand as the document does."""
    operand: Any = test.operand
    if test.operator in ("is", "is_not", "contains"):
        return shown(operand[1])
    if test.operator in ("in", "not_in"):
        return shown([value for _, value in operand])
    if test.operator in ("before", "after"):
        return instant_text(operand)
    if test.operator == "semver":
        return shown(operand.text)
    if test.operator in ("ip_in", "in_region"):
        return shown(list(operand.texts if test.operator == "ip_in" else operand.names))
    return shown(operand)
