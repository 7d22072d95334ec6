"""How PyPI's openfeature-flagd-core 2.0.0 differs, mostly by the JSONLogic in it: panzi-json-logic 1.0.1."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from burgee.javascript import to_number, to_text
from tests.core.differential.replay import Parting
from tests.core.differential.whole_flags import Difference

_ORDERS = ("<", "<=", ">", ">=")


def _is_plain_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _python_number(value: Any) -> float:
    """What the peer takes a value for: Python's reading of a text, and of lists with one item."""
    if isinstance(value, bool) or value is None:
        return float(value or 0)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list):
        return _python_number(value[0]) if len(value) == 1 else math.nan if value else 0.0
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _reads_a_number_otherwise(value: Any) -> bool:
    ours, theirs = float(to_number(value)), _python_number(value)
    return not (ours == theirs or (math.isnan(ours) and math.isnan(theirs)))


def _orders_otherwise(parting: Parting) -> bool:
    if parting.operator not in _ORDERS:
        return False
    return any(not _is_plain_number(each) and not isinstance(each, str) for each in parting.operands)


def _holds_equal(parting: Parting) -> bool:
    """Python holds True == 1 == 1.0, and lists equal by their items."""
    if parting.operator == "in":
        return isinstance(parting.operands[1], list) and parting.theirs == {"plain": True}
    if parting.operator not in ("===", "!=="):
        return False
    one, other = parting.operands
    return bool(one == other) and (type(one) is not type(other) or isinstance(one, list | Mapping))


DIFFERENCES = (
    Difference(
        "null and false are numbers in ==",
        "JavaScript's == and json-logic-js: null equals nothing but null.",
        ({"==": [{"var": "seats"}, 0]}, {}),
        lambda parting: parting.operator in ("==", "!=") and None in parting.operands,
    ),
    Difference(
        "texts are read as Python's numbers",
        "json-logic-js reads them as JavaScript does: an empty text is 0, `0x10` is 16, `1_0` and `nan` are "
        "none.",
        ({"==": [{"var": "plan"}, 0]}, {"plan": ""}),
        lambda parting: (
            parting.operator in ("==", "!=", *_ORDERS, "-", "/", "%", "min", "max")
            and any(map(_reads_a_number_otherwise, parting.operands))
        ),
    ),
    Difference(
        "text, null and lists are ordered as texts",
        "JavaScript orders texts only among themselves: all else is compared as numbers.",
        ({">": [{"var": "plan"}, "b"]}, {}),
        _orders_otherwise,
    ),
    Difference(
        "True is 1, and lists are equal by their items",
        "json-logic-js: === holds for one kind only, and for a list only with itself.",
        ({"===": [{"var": "beta"}, 1]}, {"beta": True}),
        _holds_equal,
    ),
    Difference(
        "division by zero raises",
        "JavaScript gives NaN or Infinity.",
        ({"/": [1, {"var": "seats"}]}, {"seats": 0}),
        lambda parting: parting.operator in ("/", "%") and "ZeroDivision" in parting.theirs.get("raised", ""),
    ),
    Difference(
        "% takes the sign of the divisor",
        "JavaScript's remainder has the sign of the dividend.",
        ({"%": [{"var": "seats"}, 3]}, {"seats": -4}),
        lambda parting: parting.operator == "%" and not parting.raised,
    ),
    Difference(
        "min and max keep what they compare",
        "JavaScript's Math.max gives numbers, and NaN as soon as one operand is none.",
        ({"max": [{"var": "beta"}]}, {"beta": True}),
        lambda parting: (
            parting.operator in ("min", "max")
            and not all(_is_plain_number(each) for each in parting.operands)
        ),
    ),
    Difference(
        "- of null negates",
        "json-logic-js subtracts 0 where the second operand is null; only without one it negates.",
        ({"-": [10, {"var": "seats"}]}, {}),
        lambda parting: parting.operator == "-" and parting.operands[1:] == (None,),
    ),
    Difference(
        "sem_ver writes values as Python does",
        "flagd writes what is no text as JavaScript would: minus 0 is 0, a list is its items.",
        ({"sem_ver": [{"var": "version"}, "=", "1.0.0"]}, {"version": ["1"]}),
        lambda parting: (
            parting.operator == "sem_ver" and any(str(each) != to_text(each) for each in parting.operands)
        ),
    ),
    Difference(
        "+ and * read numbers as Python does",
        "json-logic-js coerces with parseFloat: null, true and an empty text are NaN, `3.14abc` is 3.14.",
        ({"+": [1, {"var": "absent"}]}, {}),
        lambda parting: (
            parting.operator in ("+", "*") and not all(_is_plain_number(each) for each in parting.operands)
        ),
    ),
    Difference(
        "cat writes values as Python does",
        "json-logic-js joins as JavaScript does: null is empty, true is true, 1.0 is 1, NaN is NaN.",
        ({"cat": [{"var": "beta"}, {"var": "absent"}]}, {"beta": True}),
        lambda parting: (
            parting.operator in ("cat", "substr", "in")
            and any(
                not isinstance(each, str)
                for each in parting.operands[: 1 if parting.operator != "cat" else None]
            )
        ),
    ),
    Difference(
        "an empty text is in an empty text",
        "json-logic-js: nothing is in an empty text.",
        ({"in": ["", {"var": "plan"}]}, {"plan": ""}),
        lambda parting: parting.operator == "in" and parting.operands[:2] == ("", ""),
    ),
    Difference(
        "null is taken for absent by var",
        "json-logic-js gives the default only where there is nothing.",
        ({"var": ["plan", "free"]}, {"plan": None}),
        lambda parting: parting.operator == "var" and parting.ours == {"plain": None} and not parting.raised,
    ),
    Difference(
        "a whole float names a variant with its point",
        "flagd writes a number as JSON and JavaScript do: 1.0 is 1. The peer computes with floats where an "
        "operand was text.",
        ({"var": "seats"}, {"seats": 1.0}),
        lambda parting: (
            parting.operator == "result"
            and isinstance(parting.operands[0], int | float)
            and not isinstance(parting.operands[0], bool)
            and float(parting.operands[0]).is_integer()
        ),
    ),
    Difference(
        "a weight written as a float is refused",
        "JSON has one kind of number: 25.0 is the integer 25, as flagd's schema and its other engines have "
        "it.",
        (
            {"fractional": [["a", {"-": [{"var": "seats"}, 2]}]]},
            {"targetingKey": "u", "seats": 10.0, "$flagd": {"flagKey": "f"}},
        ),
        lambda parting: (
            parting.operator == "fractional"
            and parting.theirs == {"plain": None}
            and any(
                isinstance(each, list) and isinstance(each[-1], Mapping)
                for each in parting.logic["fractional"]
            )
        ),
    ),
)


def _has_escapes(document: Any, words: str) -> bool:
    escaped = "\\" in json.dumps(document.get("$evaluators", {}))
    return escaped and ("bad escape" in words or "control character" in words)


REFUSALS = {"an evaluator with letters beyond ASCII or with a line break": _has_escapes}
"""The peer puts JSON with its backslashes into a template of `re.sub`."""
