"""What JSONLogic's operators compute from operands that are values already.

The reference is json-logic-js 2.0; flagd's own operators are as its documentation has them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from burgee import semver
from burgee.javascript import (
    UNDEFINED,
    ComputationTooLarge,
    joined,
    less,
    loosely_equal,
    parse_float,
    strictly_equal,
    to_number,
    to_text,
    truthy,
)

_INDEX: Final = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
LIST_LIMIT: Final = 10_000


def number(value: int | float) -> int | float:
    """A result of arithmetic, as JavaScript would hold it: no integers beyond 2**53."""
    return float(to_number(value)) if isinstance(value, int) and abs(value) > 2**53 else value


def _sum(operands: Sequence[Any]) -> int | float:
    total: int | float = 0
    for operand in operands:
        total = number(total + parse_float(operand))
    return total


def _product(operands: Sequence[Any]) -> int | float:
    product = parse_float(operands[0])
    for operand in operands[1:]:
        factor = parse_float(operand)
        # Only a float can be the negative zero that JavaScript gives.
        product = number(product * factor) if product and factor else float(product) * float(factor)
    return product


def _difference(operands: Sequence[Any]) -> int | float:
    if len(operands) == 1:
        value = to_number(operands[0])
        return -value if value else -float(value)
    return number(to_number(operands[0]) - to_number(operands[1]))


def _quotient(operands: Sequence[Any]) -> int | float:
    dividend, divisor = to_number(operands[0]), to_number(operands[1])
    if divisor == 0:
        if dividend == 0 or math.isnan(dividend):
            return math.nan
        return math.copysign(math.inf, dividend) * math.copysign(1.0, divisor)
    if isinstance(dividend, int) and isinstance(divisor, int) and dividend % divisor == 0:
        # 0 by a negative number is the negative zero, which only a float can be.
        return dividend // divisor if dividend or divisor > 0 else -0.0
    return float(dividend) / float(divisor)


def _remainder(operands: Sequence[Any]) -> int | float:
    dividend, divisor = to_number(operands[0]), to_number(operands[1])
    if divisor == 0 or math.isinf(dividend) or math.isnan(dividend) or math.isnan(divisor):
        return math.nan
    remainder = math.fmod(dividend, divisor)
    whole = remainder != 0 and isinstance(dividend, int) and isinstance(divisor, int)
    return int(remainder) if whole else remainder


def _extreme(choose: Callable[..., int | float]) -> Callable[[Sequence[Any]], int | float]:
    def extreme(operands: Sequence[Any]) -> int | float:
        numbers = [to_number(each) for each in operands]
        return math.nan if any(math.isnan(each) for each in numbers) else choose(numbers, key=_signed)

    return extreme


def _signed(number: int | float) -> tuple[int | float, float]:
    """What orders numbers as Math.min and Math.max do: -0 is below 0."""
    return number, math.copysign(1.0, number)


def _in(operands: Sequence[Any]) -> bool:
    needle, heap = operands
    if isinstance(heap, str):
        return bool(heap) and to_text(needle) in heap
    return isinstance(heap, list | tuple) and any(strictly_equal(each, needle) for each in heap)


def _cat(operands: Sequence[Any]) -> str:
    return joined(list(operands), "")


def _substr(operands: Sequence[Any]) -> str:
    units = to_text(operands[0]).encode("utf-16-be", "surrogatepass")
    length = len(units) // 2
    start = _integer(operands[1], length)
    start = max(length + start, 0) if start < 0 else min(start, length)
    count = length - start
    if len(operands) == 3:
        wanted = to_number(operands[2])
        if wanted < 0 and not isinstance(operands[2], int | float):
            return ""  # JavaScript writes a text behind the length, and that is no number
        # A negative length counts from the end, before it is cut to an integer.
        count = _integer(count + wanted, length) if wanted < 0 else min(count, _integer(wanted, length))
        count = max(count, 0)
    return units[2 * start : 2 * (start + count)].decode("utf-16-be", "surrogatepass")


def _integer(value: Any, length: int) -> int:
    given = to_number(value)
    if math.isnan(given):
        return 0
    return int(max(-length - 1, min(given, length + 1)))


def _merge(operands: Sequence[Any]) -> list[Any]:
    merged: list[Any] = []
    for operand in operands:
        merged.extend(operand if isinstance(operand, list | tuple) else [operand])
    if len(merged) > LIST_LIMIT:
        raise ComputationTooLarge(f"`merge` made a list of more than {LIST_LIMIT} items")
    return merged


def _affix(test: Callable[[str, str], bool]) -> Callable[[Sequence[Any]], bool | None]:
    def affix(operands: Sequence[Any]) -> bool | None:
        text, part = operands
        return test(text, part) if isinstance(text, str) and isinstance(part, str) else None

    return affix


def _sem_ver(operands: Sequence[Any]) -> bool | None:
    left, comparison, right = operands
    versions = [semver.parse_version(to_text(each)) for each in (left, right)]
    if versions[0] is None or versions[1] is None or comparison not in semver.COMPARISONS:
        return None
    return semver.compare(versions[0], comparison, versions[1])


def _between(*, or_equal: bool) -> Callable[[Sequence[Any]], bool]:
    def between(operands: Sequence[Any]) -> bool:
        return all(less(low, high, or_equal=or_equal) for low, high in pairwise(operands))

    return between


def look_up(data: Any, path: Sequence[str]) -> Any:
    """Follow ``path`` into the data as ``var`` does; UNDEFINED where it leads nowhere."""
    for step in path:
        if isinstance(data, Mapping):
            if step not in data:
                return UNDEFINED
            data = data[step]
        elif isinstance(data, list | tuple | str):
            items = _units(data) if isinstance(data, str) else data
            if step == "length":
                data = len(items)
            elif _INDEX.fullmatch(step) and int(step) < len(items):
                data = items[int(step)]
            else:
                return UNDEFINED
        else:
            return UNDEFINED
    return data


def _units(text: str) -> Sequence[str]:
    """The UTF-16 code units of a text, each as JavaScript indexes it."""
    if text.isascii():
        return text
    units = text.encode("utf-16-be", "surrogatepass")
    return [units[at : at + 2].decode("utf-16-be", "surrogatepass") for at in range(0, len(units), 2)]


def missing(data: Any, keys: Sequence[Any]) -> list[Any]:
    """The keys whose values are not there, null or empty; a list is a key and its default, as for ``var``."""
    keys = keys[0] if keys and isinstance(keys[0], list | tuple) else keys
    found = ((key, variable(data, key if isinstance(key, list | tuple) else [key])) for key in keys)
    return [key for key, value in found if value is None or value == ""]


def _steps(key: Any) -> list[str]:
    return [] if key is None or key == "" else to_text(key).split(".")


def variable(data: Any, operands: Sequence[Any]) -> Any:
    """``var`` with a path that was computed; without one, all data."""
    default = operands[1] if len(operands) > 1 else None
    value = look_up(data, _steps(operands[0]) if operands else ())
    return default if value is UNDEFINED else value


SIMPLE: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "!": lambda operands: not truthy(operands[0]),
    "!!": lambda operands: truthy(operands[0]),
    "==": lambda operands: loosely_equal(*operands),
    "===": lambda operands: strictly_equal(*operands),
    "!=": lambda operands: not loosely_equal(*operands),
    "!==": lambda operands: not strictly_equal(*operands),
    ">": lambda operands: less(operands[1], operands[0]),
    ">=": lambda operands: less(operands[1], operands[0], or_equal=True),
    "<": _between(or_equal=False),
    "<=": _between(or_equal=True),
    "in": _in,
    "cat": _cat,
    "substr": _substr,
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "%": _remainder,
    "min": _extreme(min),
    "max": _extreme(max),
    "merge": _merge,
    "starts_with": _affix(str.startswith),
    "ends_with": _affix(str.endswith),
    "sem_ver": _sem_ver,
}
"""Operators that look at nothing but their operands."""
