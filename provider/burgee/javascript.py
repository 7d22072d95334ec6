"""JavaScript's coercions (ECMA-262, abstract operations), on which JSONLogic's reference leans.

Values are JSON's, plus ``UNDEFINED`` for an argument that was not given. Nothing here raises but
:class:`ComputationTooLarge`, for lists whose text nobody compares in earnest.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from burgee.errors import BurgeeError

TEXT_LIMIT: Final = 65_536
"""Characters of a text that values are joined to."""

DEPTH_LIMIT: Final = 64
"""Lists within lists that are turned into a text."""

_TOO_LONG = f"targeting made a text of more than {TEXT_LIMIT} characters"


class ComputationTooLarge(BurgeeError):
    """A targeting rule computed a text, a list or a number of steps beyond its limit."""


class _Undefined:
    """JavaScript's undefined: what a missing argument is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = _Undefined()

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|Infinity)", re.ASCII)
_RADIX = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", re.ASCII)
_LARGEST = int(sys.float_info.max)
"""Integers beyond are infinite to JavaScript; Python would raise where a float is wanted."""
_SPACE = "".join(
    map(
        chr,
        [
            *range(0x09, 0x0E),
            0x20,
            0xA0,
            0x1680,
            *range(0x2000, 0x200B),
            0x2028,
            0x2029,
            0x202F,
            0x205F,
            0x3000,
            0xFEFF,
        ],
    )
)


def truthy(value: object) -> bool:
    """Whether JSONLogic takes the value for true: as JavaScript does, but an empty list is false."""
    if value is None or value is UNDEFINED:
        return False
    if isinstance(value, float) and math.isnan(value):
        return False
    if isinstance(value, Mapping):
        return True
    return bool(value)


def to_number(value: object) -> int | float:
    """ToNumber; NaN where there is none. Integers keep their precision."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value if -_LARGEST <= value <= _LARGEST else math.inf if value > 0 else -math.inf
    if isinstance(value, float):
        return value
    if value is None:
        return 0
    if isinstance(value, str):
        return _text_to_number(value)
    if value is UNDEFINED:
        return math.nan
    return _text_to_number(to_text(value))


def _text_to_number(text: str) -> int | float:
    text = text.strip(_SPACE)
    if not text:
        return 0
    if _RADIX.fullmatch(text):
        return to_number(int(text, 0))
    if not _NUMBER.fullmatch(text):
        return math.nan
    return _number(text)


def _number(text: str) -> int | float:
    if "Infinity" in text:
        return -math.inf if text.startswith("-") else math.inf
    if len(text) <= 18 and text.lstrip("+-").isdigit():
        # Only a float can be the negative zero that the text "-0" is.
        return int(text) or float(text)
    return float(text)


def parse_float(value: object) -> int | float:
    """parseFloat: the longest number at the start of the text, NaN where there is none."""
    text = to_text(value).lstrip(_SPACE)
    found = _NUMBER.match(text)
    return _number(found.group()) if found else math.nan


def to_text(value: object) -> str:
    """ToString of a value, lists joined with commas as ``Array.prototype.toString`` does.

    Raises:
        ComputationTooLarge: a list makes a text beyond TEXT_LIMIT, or nests deeper than DEPTH_LIMIT.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, list | tuple):
        return joined(value, ",")
    return "undefined" if value is UNDEFINED else "[object Object]"


def joined(values: list[Any] | tuple[Any, ...], between: str, *, depth: int = 0) -> str:
    """``Array.prototype.join``: null and undefined are empty.

    Args:
        depth: of how many lists this one is within.

    Raises:
        ComputationTooLarge: as :func:`to_text`.
    """
    if depth > DEPTH_LIMIT:
        raise ComputationTooLarge(f"targeting takes a list that nests deeper than {DEPTH_LIMIT} for text")
    # Of a million items not one has to be looked at: what stands between them is too long.
    if (len(values) - 1) * len(between) > TEXT_LIMIT:
        raise ComputationTooLarge(_TOO_LONG)
    texts: list[str] = []
    length = -len(between)
    for each in values:
        if isinstance(each, list | tuple):
            text = joined(each, ",", depth=depth + 1)
        else:
            text = "" if each is None or each is UNDEFINED else to_text(each)
        texts.append(text)
        length += len(text) + len(between)
        if length > TEXT_LIMIT:
            raise ComputationTooLarge(_TOO_LONG)
    return between.join(texts)


def number_text(number: int | float) -> str:
    """Number::toString (radix 10)."""
    if isinstance(number, int):
        if abs(number) < 10**21:
            return str(number)
        number = float(to_number(number))
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == int(number) and abs(number) < 1e21:
        # The shortest digits that are read back as this number, and zeros: not its exact value.
        return format(Decimal(repr(number)), "f").removesuffix(".0") if number else "0"
    text = repr(number)
    mantissa, e, exponent = text.partition("e")
    power = int(exponent) if e else 0
    if -7 < power < 0:
        return f"{number:.{len(mantissa.replace('.', '').replace('-', '')) - 1 - power}f}"
    if not e:
        return text
    return f"{mantissa.removesuffix('.0')}e{'+' if power > 0 else '-'}{abs(power)}"


def loosely_equal(left: object, right: object) -> bool:
    """The operator ``==`` (IsLooselyEqual). Lists and objects are equal only to themselves."""
    left_kind, right_kind = _kind(left), _kind(right)
    if left_kind == right_kind:
        return left is right if left_kind == "object" else bool(left == right)
    if left_kind == "nothing" or right_kind == "nothing":
        return False
    if left_kind == "object":
        return loosely_equal(to_text(left), right)
    if right_kind == "object":
        return loosely_equal(left, to_text(right))
    return bool(to_number(left) == to_number(right))


def strictly_equal(left: object, right: object) -> bool:
    """The operator ``===``: one kind and equal; null is not undefined."""
    if left is None or right is None:
        return left is right
    kind = _kind(left)
    if kind != _kind(right):
        return False
    return left is right if kind in ("object", "nothing") else bool(left == right)


def less(left: object, right: object, *, or_equal: bool = False) -> bool:
    """The operators ``<`` and ``<=``: texts code unit by code unit, else as numbers; false with NaN."""
    if _kind(left) == "object":
        left = to_text(left)
    if _kind(right) == "object":
        right = to_text(right)
    if isinstance(left, str) and isinstance(right, str):
        one, other = left.encode("utf-16-be", "surrogatepass"), right.encode("utf-16-be", "surrogatepass")
        return one <= other if or_equal else one < other
    first, second = to_number(left), to_number(right)
    return first <= second if or_equal else first < second


def _kind(value: object) -> str:
    if value is None or value is UNDEFINED:
        return "nothing"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "object"
