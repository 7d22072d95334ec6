"""JSONLogic as a tree: what ``targeting`` is read into.

Conditions of ``rules`` are leaves of the same tree: wherever an expression stands, a condition may.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from burgee.condition import Condition
from burgee.fault import Path
from burgee.value import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands for itself."""

    value: Value


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items are expressions."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """``var`` with a path that is written down.

    Attributes:
        path: the steps between its dots; none means the whole data.
        default: what stands for a value that is not there.
    """

    path: tuple[str, ...]
    default: Expression


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator and its operands.

    Attributes:
        operator: as JSONLogic writes it, see :data:`OPERATORS`.
    """

    operator: str
    operands: tuple[Expression, ...]


Expression: TypeAlias = Literal | ListOf | Variable | Operation | Condition

MANY = 1_000_000

OPERATORS: dict[str, tuple[int, int]] = {
    "var": (1, MANY),
    "missing": (0, MANY),
    "missing_some": (2, 2),
    "if": (1, MANY),
    "?:": (1, MANY),
    "and": (1, MANY),
    "or": (1, MANY),
    "!": (1, 1),
    "!!": (1, 1),
    "==": (2, 2),
    "===": (2, 2),
    "!=": (2, 2),
    "!==": (2, 2),
    ">": (2, 2),
    ">=": (2, 2),
    "<": (2, 3),
    "<=": (2, 3),
    "in": (2, 2),
    "cat": (1, MANY),
    "substr": (2, 3),
    "+": (1, MANY),
    "-": (1, MANY),
    "*": (2, MANY),
    "/": (2, 2),
    "%": (2, 2),
    "min": (1, MANY),
    "max": (1, MANY),
    "merge": (1, MANY),
    "map": (2, 2),
    "filter": (2, 2),
    "all": (2, 2),
    "none": (2, 2),
    "some": (2, 2),
    "reduce": (3, 3),
    "starts_with": (2, 2),
    "ends_with": (2, 2),
    "sem_ver": (3, 3),
    "fractional": (1, MANY),
}
"""Operator -> fewest and most operands, as flagd's targeting schema has them."""

SCOPED = frozenset(("map", "filter", "all", "none", "some", "reduce"))
"""Operators whose second operand sees an item in place of the data."""

IF = frozenset(("if", "?:"))
"""Both names of one operator: conditions, each before what it leads to, and what else is left at the end."""


def branches(expression: Expression) -> Iterator[tuple[Path, Expression]]:
    """What the `if` that an expression consists of can give, each with the way to it; nothing of any other.

    Where it gives another `if`, that one's branches stand for it.
    """
    waiting: list[tuple[Path, Expression]] = [((), expression)]
    while waiting:
        way, current = waiting.pop()
        if isinstance(current, Operation) and current.operator in IF:
            count = len(current.operands)
            given = [*range(1, count, 2), *([count - 1] if count % 2 else [])]
            waiting += [((*way, current.operator, each), current.operands[each]) for each in reversed(given)]
        elif way:
            yield way, current
