"""Conditions of rules as expressions of Python's syntax tree."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from burgee.compiled.affixes import has_affix
from burgee.compiled.builder import Builder, both, compared, count_uses, load, negated
from burgee.condition import AllOf, AnyOf, AttributeTest, Condition, InSegment, Not
from burgee.context import Context
from burgee.flag import Segment
from burgee.matching import TESTS, holds
from burgee.value import is_number

SegmentTest = Callable[[Context], bool]


def condition_writer(
    fixed: Mapping[str, Any],
    segments: Mapping[str, Segment],
    segment_test: Callable[[str], SegmentTest],
    conditions: Sequence[Condition],
) -> tuple[Builder, ConditionWriter]:
    """A function to be written, and a writer of these conditions into it.

    Args:
        fixed: attributes whose values are known now.
        segments: by name.
        segment_test: gives the test of a segment.

    Raises:
        NotCompiled: there are too many conditions.
    """
    uses: Counter[Any] = Counter()
    count_uses(conditions, uses)
    for condition, count in list(uses.items()):
        if isinstance(condition, AttributeTest):
            uses["attribute", condition.attribute] += count
            if condition.operator in ("lt", "lte", "gt", "gte"):
                uses["is number", condition.attribute] += 1
    builder = Builder(fixed, uses)
    return builder, ConditionWriter(builder, segments, segment_test)


class ConditionWriter:
    """Writes conditions into one function.

    Args:
        segments: by name, for those that are not compiled.
        segment_test: gives the test of a segment.
    """

    def __init__(
        self, builder: Builder, segments: Mapping[str, Segment], segment_test: Callable[[str], SegmentTest]
    ) -> None:
        self.builder = builder
        self.segments = segments
        self.segment_test = segment_test

    def prepare(self, condition: Condition) -> None:
        """Compute here what this condition shares with others of the function, inner parts first."""
        match condition:
            case AllOf(parts) | AnyOf(parts):
                for part in parts:
                    self.prepare(part)
            case Not(inner):
                self.prepare(inner)
            case AttributeTest(attribute=name):
                if self.builder.uses["attribute", name] > 1:
                    self.builder.keep_attribute(name)
                key = ("is number", name)
                if (
                    self.builder.uses[key] > 1
                    and self.builder.kept(key) is None
                    and name not in self.builder.fixed
                ):
                    self.builder.keep(key, self._is_number(self.builder.local_attribute(name)))
        shared = self.builder.uses[condition] > 1 and self.builder.kept(condition) is None
        if shared and not self._is_known(condition):
            self.builder.keep(condition, self.expression(condition))

    def expression(self, condition: Condition) -> ast.expr:
        """Write a condition; its value is true or false."""
        kept = self.builder.kept(condition)
        if kept is not None:
            return kept
        match condition:
            case AllOf(parts):
                return both([self.expression(part) for part in parts])
            case AnyOf(parts):
                return both([self.expression(part) for part in parts], ast.Or)
            case Not(inner):
                return negated(self.expression(inner))
            case InSegment(name):
                return self.builder.call(self.segment_test(name), load("context"))
            case AttributeTest():
                return self._test(condition)

    def _is_known(self, condition: Condition) -> bool:
        return isinstance(condition, AttributeTest) and condition.attribute in self.builder.fixed

    def _test(self, test: AttributeTest) -> ast.expr:
        if self._is_known(test):
            return ast.Constant(holds(test, self.builder.fixed, self.segments))
        operand: Any = test.operand
        match test.operator:
            case "is":
                return self._equality(test.attribute, operand)
            case "is_not":
                return negated(self._equality(test.attribute, operand))
            case "in":
                return self._membership(test, operand)
            case "not_in":
                return negated(self._membership(test, operand))
            case "lt" | "lte" | "gt" | "gte":
                return self._order(test)
            case "starts_with" | "ends_with":
                return self._affix(test)
            case "exists":
                operator = ast.IsNot() if operand else ast.Is()
                return compared(self.builder.attribute(test.attribute), operator, ast.Constant(None))
        return self._interpreted(test)

    def _interpreted(self, test: AttributeTest) -> ast.expr:
        builder = self.builder
        operand = builder.constant(test.operand)
        return builder.call(TESTS[test.operator], operand, builder.attribute(test.attribute))

    def _equality(self, attribute: str, operand: tuple[str, Any]) -> ast.expr:
        kind, value = operand
        builder = self.builder
        if kind == "boolean":
            return compared(builder.attribute(attribute), ast.Is(), ast.Constant(value))
        if kind == "number" and value in (0, 1):
            # True == 1 and False == 0 in Python; nowhere else.
            given = builder.local_attribute(attribute)
            plain = compared(given, ast.IsNot(), ast.Constant(bool(value)))
            return both([compared(given, ast.Eq(), builder.constant(value)), plain])
        return compared(builder.attribute(attribute), ast.Eq(), builder.constant(value))

    def _membership(self, test: AttributeTest, members: tuple[tuple[str, Any], ...]) -> ast.expr:
        builder = self.builder
        kinds = {kind for kind, _ in members}
        values = {value for _, value in members}
        if kinds == {"string"} or (kinds == {"number"} and not values & {0, 1}):
            # A list or an object cannot be looked up in a set; the fallback answers for those.
            builder.may_raise = True
            found = builder.constant(self._set(test, values))
            return compared(builder.attribute(test.attribute), ast.In(), found)
        positive = AttributeTest(test.attribute, "in", test.operand)
        return self._interpreted_membership(positive, frozenset(members))

    def _set(self, test: AttributeTest, values: set[Any]) -> frozenset[Any]:
        key = ("set", test.operand)
        found: frozenset[Any] = self.builder.shared(key, lambda: frozenset(values))
        return found

    def _interpreted_membership(self, test: AttributeTest, members: frozenset[Any]) -> ast.expr:
        builder = self.builder
        found = builder.constant(builder.shared(("kinded set", test.operand), lambda: members))
        return builder.call(TESTS["in"], found, builder.attribute(test.attribute))

    def _order(self, test: AttributeTest) -> ast.expr:
        builder = self.builder
        given = builder.local_attribute(test.attribute)
        operators = {"lt": ast.Lt, "lte": ast.LtE, "gt": ast.Gt, "gte": ast.GtE}
        comparison = compared(given, operators[test.operator](), builder.constant(test.operand))
        known = builder.kept(("is number", test.attribute))
        return both([known or self._is_number(given), comparison])

    def _is_number(self, given: ast.expr) -> ast.expr:
        builder = self.builder
        kind = ast.Attribute(given, "__class__", ast.Load())
        is_plain = [compared(kind, ast.Is(), builder.constant(each)) for each in (int, float)]
        is_other = both([compared(given, ast.IsNot(), ast.Constant(None)), builder.call(is_number, given)])
        return both([*is_plain, is_other], ast.Or)

    def _affix(self, test: AttributeTest) -> ast.expr:
        given, part = self.builder.local_attribute(test.attribute), str(test.operand)
        return has_affix(self.builder, test.operator, given, given, part)
