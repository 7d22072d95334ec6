"""flagd's ``targeting`` and ``$evaluators``: JSONLogic into the tree, held to flagd's targeting schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from burgee import semver
from burgee.definition.report import Report, did_you_mean, unknown_name
from burgee.expression import OPERATORS, Expression, ListOf, Literal, Operation, Variable
from burgee.fault import Path
from burgee.value import kind_name, shown

SIZE_LIMIT: Final = 20_000
"""How many nodes a flag's targeting may have once its references are filled in."""

DEPTH_LIMIT: Final = 64
"""How deep targeting may nest once its references are filled in."""

_REFERENCE: Final = "$ref"
_FLAGD_PROPERTIES: Final = ("flagKey", "timestamp")


@dataclass(slots=True)
class Evaluators:
    """The named rules of one document, read when a reference first needs them.

    Attributes:
        written: as they stand in the document.
        read: those that have been read; None where they have a fault.
        underway: names on the way to the one being read, to find circles.
        depth: how many expressions enclose the one being read, references filled in.
    """

    written: Mapping[str, Any] = field(default_factory=dict)
    read: dict[str, Expression | None] = field(default_factory=dict)
    underway: list[str] = field(default_factory=list)
    depth: int = 0


def read_evaluators(report: Report, value: object, path: Path) -> Evaluators:
    """Read ``$evaluators``: name -> rule."""
    if not isinstance(value, Mapping):
        message = f"`$evaluators` is {kind_name(value)}, not a mapping"
        report.error(path, message, 'write one such as {isPro: {"==": [{"var": "plan"}, "pro"]}}')
        return Evaluators()
    evaluators = Evaluators(value)
    for name in value:
        _evaluator(report, name, evaluators)
    return evaluators


def _evaluator(report: Report, name: str, evaluators: Evaluators) -> Expression | None:
    if name not in evaluators.read:
        evaluators.underway.append(name)
        path = ("$evaluators", name)
        evaluators.read[name] = _Reader(report, evaluators).rule(evaluators.written[name], path)
        evaluators.underway.pop()
    return evaluators.read[name]


def read_targeting(report: Report, value: object, path: Path, evaluators: Evaluators) -> Expression | None:
    """Read one flag's ``targeting``; None where it is empty or has a fault."""
    if value == {}:
        return None
    expression = _Reader(report, evaluators).rule(value, path)
    if expression is not None and size(expression, SIZE_LIMIT) > SIZE_LIMIT:
        message = f"targeting has more than {SIZE_LIMIT} parts once its references are filled in"
        report.error(path, message, "write it shorter, or split the flag")
        return None
    return expression


def size(expression: Expression, limit: int) -> int:
    """Count nodes, up to just beyond ``limit``."""
    count, waiting = 0, [expression]
    while waiting and count <= limit:
        count += 1
        waiting.extend(_within(waiting.pop()))
    return count


def height(expression: Expression) -> int:
    """How deep an expression nests; what is referred to more than once is looked at once."""
    known: dict[int, int] = {}
    waiting = [expression]
    while waiting:
        current = waiting[-1]
        within = _within(current)
        unknown = [each for each in within if id(each) not in known]
        if unknown:
            waiting.extend(unknown)
        else:
            known[id(current)] = 1 + max((known[id(each)] for each in within), default=0)
            waiting.pop()
    return known[id(expression)]


def _within(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case ListOf(items):
            return items
        case Operation(_, operands):
            return operands
        case Variable(_, default):
            return (default,)
    return ()


class _Reader:
    def __init__(self, report: Report, evaluators: Evaluators) -> None:
        self.report = report
        self.evaluators = evaluators

    def rule(self, value: object, path: Path) -> Expression | None:
        """A rule by itself: an object with one operator, or a reference to one."""
        if not isinstance(value, Mapping):
            self.report.error(
                path, f"a rule is {kind_name(value)}, not an object", 'write one such as {"if": [...]}'
            )
            return None
        return self.expression(value, path)

    def expression(self, value: Any, path: Path) -> Expression | None:
        self.evaluators.depth += 1
        try:
            if self.evaluators.depth > DEPTH_LIMIT:
                self._too_deep(path)
                return None
            return self._expression(value, path)
        finally:
            self.evaluators.depth -= 1

    def _too_deep(self, path: Path) -> None:
        message = f"targeting nests deeper than {DEPTH_LIMIT} once its references are filled in"
        self.report.error(path, message, "write it flatter")

    def _expression(self, value: Any, path: Path) -> Expression | None:
        if isinstance(value, list):
            items = [self.expression(each, (*path, index)) for index, each in enumerate(value)]
            return (
                None
                if any(item is None for item in items)
                else ListOf(tuple(i for i in items if i is not None))
            )
        if not isinstance(value, Mapping) or not value:
            return Literal(dict(value) if isinstance(value, Mapping) else value)
        if len(value) > 1:
            names = ", ".join(f"`{name}`" for name in value)
            self.report.error(
                path, f"a rule has {len(value)} operators: {names}", "write one operator in each object"
            )
            return None
        operator, operands = next(iter(value.items()))
        if operator == _REFERENCE:
            return self._reference(operands, (*path, operator))
        if operator not in OPERATORS:
            remedy = did_you_mean(operator, OPERATORS) or f"known: {', '.join(OPERATORS)}"
            self.report.error((*path, operator), f"unknown operator `{operator}`", remedy, at="key")
            return None
        return self._operation(operator, operands, (*path, operator))

    def _reference(self, name: object, path: Path) -> Expression | None:
        if not isinstance(name, str) or name not in self.evaluators.written:
            message, remedy = unknown_name("evaluator", str(name), self.evaluators.written)
            self.report.error(path, message, remedy)
            return None
        if name in self.evaluators.underway:
            way = " -> ".join([*self.evaluators.underway, name])
            self.report.error(path, f"evaluator `{name}` leads back to itself: {way}", "break the circle")
            return None
        known = name in self.evaluators.read
        expression = _evaluator(self.report, name, self.evaluators)
        if known and expression is not None and self.evaluators.depth + height(expression) > DEPTH_LIMIT:
            self._too_deep(path)
            return None
        return expression

    def _operation(self, operator: str, written: Any, path: Path) -> Expression | None:
        operands = written if isinstance(written, list) else [written]
        fewest, most = OPERATORS[operator]
        if not fewest <= len(operands) <= most:
            wanted = (
                str(fewest) if fewest == most else f"{fewest} or more" if most > 3 else f"{fewest} to {most}"
            )
            self.report.error(path, f"`{operator}` has {len(operands)} operands", f"write {wanted}")
            return None
        faults = len(self.report.faults)
        if operator == "fractional":
            self._check_buckets(operands, path)
        read = [
            self.expression(each, (*path, index) if isinstance(written, list) else path)
            for index, each in enumerate(operands)
        ]
        if len(self.report.faults) == faults:
            self._check_operands(operator, read, path)
        if len(self.report.faults) > faults and self.report.refused:
            return None
        expressions = tuple(each for each in read if each is not None)
        if len(expressions) != len(read):
            return None
        if operator == "var" and isinstance(expressions[0], Literal):
            default = expressions[1] if len(expressions) > 1 else Literal(None)
            return Variable(variable_path(expressions[0].value), default)
        return Operation(operator, expressions)

    def _check_operands(self, operator: str, operands: list[Expression | None], path: Path) -> None:
        literals = {index: each.value for index, each in enumerate(operands) if isinstance(each, Literal)}
        if operator == "var" and 0 in literals:
            name = literals[0]
            if isinstance(name, str) and name.startswith("$flagd.") and name[7:] not in _FLAGD_PROPERTIES:
                message, remedy = unknown_name("property", name[7:], _FLAGD_PROPERTIES)
                self.report.error(path, f"{message} of $flagd", remedy)
        if operator in ("starts_with", "ends_with"):
            for index, literal in literals.items():
                if not isinstance(literal, str):
                    message = f"`{operator}` compares text, not {kind_name(literal)}"
                    self.report.error((*path, index), message, "put it in quotes")
        if operator == "sem_ver":
            self._check_versions(literals, path)

    def _check_versions(self, literals: dict[int, Any], path: Path) -> None:
        for index in (0, 2):
            if index in literals:
                text = literals[index]
                if not isinstance(text, str) or semver.parse_version(text) is None:
                    self.report.error(
                        (*path, index), f"{shown(text)} is no semantic version", "write one such as 2.1.0"
                    )
        if 1 in literals and literals[1] not in semver.COMPARISONS:
            known = ", ".join(semver.COMPARISONS)
            self.report.error((*path, 1), f"unknown comparison {shown(literals[1])}", f"known: {known}")

    def _check_buckets(self, operands: list[Any], path: Path) -> None:
        first = operands[0] if operands else None
        skipped = 1 if isinstance(first, Mapping) else 0
        for index, bucket in enumerate(operands[skipped:], start=skipped):
            where = (*path, index)
            if not isinstance(bucket, list) or not 1 <= len(bucket) <= 2:
                remedy = 'write a variant and its weight: ["on", 25]'
                self.report.error(where, f"a bucket is {kind_name(bucket)} {shown(bucket)}", remedy)
            elif len(bucket) == 2 and not isinstance(bucket[1], Mapping) and not _is_weight(bucket[1]):
                remedy = "write an integer of 0 or more, or a rule that gives one"
                self.report.error((*where, 1), f"weight {shown(bucket[1])} is no share", remedy)


def _is_weight(value: object) -> bool:
    if isinstance(value, float):
        return value >= 0 and value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def variable_path(name: object) -> tuple[str, ...]:
    """The steps that ``var`` takes for a path that is written down."""
    if name is None or name == "":
        return ()
    if isinstance(name, bool):
        return ("true" if name else "false",)
    return tuple(str(name).split("."))
