"""What decided whether a condition holds, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.condition import AllOf, AnyOf, AttributeTest, Condition, InSegment, Not
from burgee.context import Context
from burgee.flag import Segment
from burgee.instant import instant_text
from burgee.matching import SEGMENT_DEPTH_LIMIT, holds
from burgee.value import kind_name, kinded, shown

_TOLD_DEPTH: Final = 2
"""How deep within segments a verdict says why; segments that share others would be told again and again."""


def verdict(condition: Condition, context: Context, segments: Mapping[str, Segment], depth: int = 0) -> str:
    """Say what decided :func:`~burgee.matching.holds`: the first test that failed, or all that held."""
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
    given = f"{test.attribute} is {'missing' if value is None else _value_text(value)}"
    wanted = f"{test.operator} {_operand_text(test)}"
    return f"{given}: {wanted}" if holds else f"{given}, wanted {wanted}"


def no_identifier(attribute: str, value: object, use: str) -> str:
    """Say why an attribute names no scope and no bucket: it is absent, or what it is does not do.

    Args:
        use: what it does not do for, such as ``no scope``.
    """
    if value is None:
        return f"the context has no {attribute}"
    return f"{attribute} is {_value_text(value)}, which is {use}"


def _value_text(value: object) -> str:
    return kind_name(value) if kinded(value) is None else shown(value)


def _operand_text(test: AttributeTest) -> str:
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
