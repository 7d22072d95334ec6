"""Which parts of a targeting expression are the same, and how often each is written into a function."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from burgee.compiled.builder import PARTS_LIMIT
from burgee.expression import SCOPED, Expression, ListOf, Literal, Operation, Variable
from burgee.operations import SIMPLE

LOOPS: Final = SCOPED | {"var", "missing", "missing_some"}
"""Operators that are interpreted: they go through items, or look up names that are computed."""

SCALAR: Final = frozenset(SIMPLE) - {"merge"} | {"all", "none", "some"}
"""Operators that never give a list or an object."""


class Occurrences:
    """The parts of one expression, each with a number that only parts equal to it have.

    Literals are equal where kind and value are: ``1`` is not ``True``, ``0.0`` is not ``-0.0``. A literal
    object is equal to itself only, as it is to the operators.

    Attributes:
        attributes: those that are read more than once, by ``var`` with nothing but their name.
    """

    def __init__(self, expression: Expression) -> None:
        # Numbers are found by identity: what they belong to has to stay alive.
        self._whole = expression
        self._numbers: dict[int, int] = {}
        self._keys: dict[Any, int] = {}
        self._written: Counter[int] = Counter()
        self.attributes: list[str] = []
        self._count(expression)

    def number(self, expression: Expression) -> int:
        """The number of a part of the expression."""
        found = self._numbers.get(id(expression))
        if found is None:
            key = self._key(expression)
            found = self._numbers[id(expression)] = self._keys.setdefault(key, len(self._keys))
        return found

    def repeated(self, expression: Expression) -> bool:
        """Whether the part is written more than once; what stands only inside a repeated one is not."""
        return self._written[self.number(expression)] > 1

    def _key(self, expression: Expression) -> Any:
        match expression:
            case Literal(value):
                return literal_key(value)
            case ListOf(items):
                return (ListOf, tuple([self._item_key(item) for item in items]))
            case Variable(path, default):
                return (Variable, path, self.number(default))
            case Operation(operator, operands):
                return (Operation, operator, tuple([self.number(operand) for operand in operands]))
        return (type(expression), id(expression))

    def _item_key(self, item: Expression) -> Any:
        # Of a list of a thousand literals none is asked for by itself.
        return literal_key(item.value) if isinstance(item, Literal) else self.number(item)

    def _count(self, expression: Expression) -> None:
        waiting = [expression]
        while waiting:
            current = waiting.pop()
            if isinstance(current, Literal):
                continue
            number = self.number(current)
            self._written[number] += 1
            if self._written[number] > 1:
                if self._written[number] == 2 and isinstance(current, Variable) and is_plain(current):
                    self.attributes.append(current.path[0])
                continue
            match current:
                case ListOf(items):
                    waiting.extend(items)
                case Operation("reduce", (items, _, initial)):
                    waiting.extend((items, initial))
                case Operation(operator, (items, _)) if operator in SCOPED:
                    waiting.append(items)
                case Operation(operator, operands) if operator not in LOOPS:
                    waiting.extend(operands)


def literal_key(value: Any) -> Any:
    """What only literals of the same kind and value have; for a list or an object, what only itself has."""
    if isinstance(value, float):
        return (float, repr(value))
    return (value.__class__, value if value is None or isinstance(value, bool | int | str) else id(value))


def is_plain(variable: Variable) -> bool:
    """Whether it reads one attribute, which is null where it is absent."""
    default = variable.default
    return len(variable.path) == 1 and isinstance(default, Literal) and default.value is None


def is_stable(expression: Expression) -> bool:
    """Whether it gives no list or object that is made anew, and so is equal only to itself, each time."""
    match expression:
        case Literal():
            return True
        case Variable(_, default):
            return is_stable(default)
        case Operation("if" | "?:", operands):
            return all(map(is_stable, (*operands[1::2], operands[-1])))
        case Operation("and" | "or", operands):
            return all(map(is_stable, operands))
        case Operation("fractional", operands):
            # What a bucket names comes out of it as it is.
            return all(literals(each) is not None or is_stable(each) for each in operands)
        case Operation(operator):
            return operator in SCALAR
    return False


def literals(expression: Expression) -> tuple[Any, ...] | None:
    """The values of a list of nothing but literals, else None."""
    if not isinstance(expression, ListOf):
        return None
    values: list[Any] = []
    for item in expression.items:
        if not isinstance(item, Literal):
            return None
        values.append(item.value)
    return tuple(values)


def parts(expression: Expression) -> int:
    """Count what becomes code, up to just beyond PARTS_LIMIT; a list of values is one constant."""
    count, waiting = 0, [expression]
    while waiting and count <= PARTS_LIMIT:
        count += 1
        match waiting.pop():
            case ListOf(items) if not all(isinstance(item, Literal) for item in items):
                waiting.extend(items)
            case Operation(_, operands):
                waiting.extend(operands)
            case Variable(_, default):
                waiting.append(default)
    return count
