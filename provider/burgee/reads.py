"""Which attributes of the context an expression could read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from burgee.context import TARGETING_KEY
from burgee.expression import SCOPED, Expression, ListOf, Literal, Operation, Variable
from burgee.javascript import to_text

FLAGD = "$flagd"


class Reads(NamedTuple):
    """What an expression could read.

    Attributes:
        attributes: names at the top of the context.
        unbounded: whether it could read more than these: the whole context, a computed name, the time.
    """

    attributes: frozenset[str]
    unbounded: bool


def reads(expression: Expression) -> Reads:
    """Collect what an expression could read; segments and conditions of rules are not entered."""
    attributes: set[str] = set()
    unbounded = False
    # Within map and its kin ``var`` sees an item, so only the list itself reads the context.
    waiting: list[Expression] = [expression]
    while waiting:
        match waiting.pop():
            case Variable(path, default):
                unbounded |= not _add(attributes, path)
                waiting.append(default)
            case ListOf(items):
                waiting.extend(items)
            case Operation("var", operands):
                unbounded = True
                waiting.extend(operands)
            case Operation("missing" | "missing_some" as operator, operands):
                keys = operands if operator == "missing" else operands[1:]
                unbounded |= not _add_keys(attributes, keys)
                waiting.extend(operands)
            case Operation("reduce", operands):
                waiting.extend((operands[0], operands[2]))
            case Operation(operator, operands) if operator in SCOPED:
                waiting.append(operands[0])
            case Operation(operator, operands):
                if operator == "fractional":
                    attributes.add(TARGETING_KEY)
                waiting.extend(operands)
    return Reads(frozenset(attributes), unbounded)


def _add(attributes: set[str], path: Sequence[str]) -> bool:
    if not path:
        return False
    if path[0] == FLAGD:
        return list(path[1:]) == ["flagKey"]
    attributes.add(path[0])
    return True


def _add_keys(attributes: set[str], keys: Sequence[Expression], *, listed: bool = False) -> bool:
    finite = True
    for key in keys:
        if listed and (isinstance(key, ListOf) or (isinstance(key, Literal) and isinstance(key.value, list))):
            finite = False  # a list deeper down may be written as one name
        elif isinstance(key, ListOf):
            finite &= _add_keys(attributes, key.items, listed=True)
        elif isinstance(key, Literal) and isinstance(key.value, list):
            finite &= _add_keys(attributes, [Literal(each) for each in key.value], listed=True)
        elif isinstance(key, Literal) and key.value not in (None, ""):
            finite &= _add(attributes, to_text(key.value).split("."))
        else:
            finite = False
    return finite
