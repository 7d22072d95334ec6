"""How the engine in npm's flagd-core, json-logic-engine 5.0.7, goes its own way: when each habit shows.

It compiles a flag to one JavaScript function, with one variable ``prev`` for whatever has to be kept, and
writes the code of operands into it, of some without brackets. What is constant, and an ``if`` of two operands
with all that is inside it, it interprets: by other code, which coerces otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from burgee.javascript import parse_float, to_number, truthy
from tests.core.differential.replay import Parting

COMPARED = ("==", "!=", "<", "<=", ">", ">=")
_COMPUTED = ("+", "-", "*", "/", "%", "min", "max")
_WRITING = (*COMPARED, "===", "!==", "var", "and", "or", "all", "missing_some")
_WITHOUT_BRACKETS = frozenset(("and", "or", "all", "missing", "missing_some"))
_UNARY = ("!", "!!", "+", "-", "cat")
LOOPS = ("map", "filter", "all", "none", "some", "reduce")
REFUSED = "Error: PARSE_ERROR"
_ERRORS = ("NaN", REFUSED)


def _is_no_number(value: Any) -> bool:
    return not isinstance(value, int | float) or not math.isfinite(value)


def nan_raises(parting: Parting) -> bool:
    if parting.theirs.get("raised") not in _ERRORS:
        return False
    if parting.operator in _COMPUTED:
        strange = any(not isinstance(each, int | float) for each in parting.operands)
        return strange or str(parting.ours.get("number")) in ("NaN", "Infinity", "-Infinity")
    return parting.operator in COMPARED and any(map(_is_no_number, parting.operands))


def folds_what_is_no_number(logic: Any) -> bool:
    """Whether arithmetic or a comparison inside has a constant operand that is no number, or divides by 0."""
    if isinstance(logic, list):
        return any(map(folds_what_is_no_number, logic))
    if not isinstance(logic, Mapping) or not logic:
        return False
    operator, operands = next(iter(logic.items()))
    listed = operands if isinstance(operands, list) else [operands]
    if operator in (*COMPARED, *_COMPUTED) and any(
        _is_constant(each) and _is_no_number(each) for each in listed
    ):
        return True
    if operator == "/" and any(_is_constant(each) and to_number(each) == 0 for each in listed[1:]):
        return True
    return any(map(folds_what_is_no_number, listed))


def _is_constant(logic: Any) -> bool:
    if isinstance(logic, list):
        return all(map(_is_constant, logic))
    if not isinstance(logic, Mapping) or not logic:
        return True
    operator, operands = next(iter(logic.items()))
    if operator in ("var", "missing", "missing_some", "fractional"):
        return bool(operands == [])
    # Within a loop over a constant list the engine knows what var sees.
    return _is_constant(operands[0] if operator in LOOPS else operands)


def compares_what_it_computed(parting: Parting) -> bool:
    if parting.operator not in COMPARED or parting.theirs.get("raised", "NaN") != "NaN":
        return False
    return any(map(_overwrites, parting.logic.get(parting.operator, [])[1:]))


def _overwrites(logic: Any) -> bool:
    """Whether code for an operand writes the engine's one variable ``prev``, beyond what a ``var`` does."""
    return _writes(logic["var"] if isinstance(logic, Mapping) and "var" in logic else logic)


def _writes(logic: Any) -> bool:
    if isinstance(logic, list):
        return any(map(_writes, logic))
    if not isinstance(logic, Mapping) or not logic or _is_constant(logic):
        return False
    operator, operands = next(iter(logic.items()))
    # The second operand of a loop is a function of its own.
    return operator in _WRITING or _writes(operands[:1] if operator in LOOPS else operands)


def is_spliced_bare(logic: Any) -> bool:
    """Whether the engine writes code for an operand that falls apart beside what stands around it."""
    return isinstance(logic, Mapping) and not _WITHOUT_BRACKETS.isdisjoint(logic)


def _gives_text(logic: Any) -> bool:
    """Whether a rule may give a text, as far as its outermost operator tells."""
    if isinstance(logic, Mapping):
        return next(iter(logic), "") in ("cat", "substr", "if", "?:", "and", "or", "reduce", "var")
    return isinstance(logic, str)


def folds_what_raises(logic: Any) -> bool:
    if isinstance(logic, list):
        return any(map(folds_what_raises, logic))
    if not isinstance(logic, Mapping) or not logic:
        return False
    operator, operands = next(iter(logic.items()))
    if operator in LOOPS and _is_constant(operands[0]):
        return True
    if operator == "in" and not isinstance(operands[1], Mapping | list | str):
        return True
    if operator == "substr" and _is_constant(operands[0]) and not _gives_text(operands[0]):
        return True
    return folds_what_raises(operands)


def hashes_beyond_ascii(parting: Parting) -> bool:
    first = parting.operands[0]
    unit = first if isinstance(first, str) else str(parting.data.get("targetingKey", ""))
    return not unit.isascii()


def _is_false(value: Any) -> bool:
    return value is not None and not truthy(value)


def looks_into_what_is_false(parting: Parting) -> bool:
    if parting.operator in LOOPS:
        items = parting.operands[0] if isinstance(parting.operands[0], list) else []
        return not parting.raised and any(map(_is_false, items))
    if not isinstance(parting.data, Mapping) or parting.operator not in ("var", "if"):
        return False
    paths = [path.partition(".") for path in _paths(parting.logic)]
    return any(dot and _is_false(parting.data.get(head)) for head, dot, _ in paths)


def _paths(logic: Any) -> Iterator[str]:
    """The paths of all ``var`` inside that are written down."""
    if isinstance(logic, list):
        for each in logic:
            yield from _paths(each)
    elif isinstance(logic, Mapping) and logic:
        operator, operands = next(iter(logic.items()))
        path = operands[0] if isinstance(operands, list) and operands else operands
        if operator == "var" and isinstance(path, str):
            yield path
        yield from _paths(operands)


def takes_a_list_for_operands(parting: Parting) -> bool:
    """Whether an operator that takes one operand has a list for it, where the engine interprets.

    It interprets what is constant, and an ``if`` of two operands with all that is inside it.
    """
    if parting.raised:
        return False
    if _is_constant(parting.logic):
        steps = [(parting.operator, parting.operands)]
    elif parting.operator == "if" and len(parting.logic.get("if", [])) == 2:
        steps = list(parting.nested)
    else:
        return False
    return any(
        operator in _UNARY and len(each) == 1 and isinstance(each[0], list) for operator, each in steps
    )


def rewrites_a_sum(parting: Parting) -> bool:
    """Whether an interpreted ``reduce`` adds or multiplies all items: the engine makes one sum of it."""
    if _is_constant(parting.logic):
        return parting.operator == "reduce" and _is_sum(parting.logic)
    return parting.operator == "if" and len(parting.logic.get("if", [])) == 2 and _has_sum(parting.logic)


def _is_sum(logic: Any) -> bool:
    step = logic["reduce"][1] if isinstance(logic, Mapping) and "reduce" in logic else None
    operands = next(iter(step.values())) if isinstance(step, Mapping) and {"+", "*"} & step.keys() else []
    return sorted(map(str, operands)) == ["{'var': 'accumulator'}", "{'var': 'current'}"]


def _has_sum(logic: Any) -> bool:
    inside = logic if isinstance(logic, list) else list(logic.values()) if isinstance(logic, Mapping) else []
    return _is_sum(logic) or any(map(_has_sum, inside))


def coerces_like_unary_plus(parting: Parting) -> bool:
    if parting.operator not in ("+", "*") or parting.raised:
        return False
    return any(
        not isinstance(each, int | float) or isinstance(each, bool) or to_number(each) != parse_float(each)
        for each in parting.operands
    )
