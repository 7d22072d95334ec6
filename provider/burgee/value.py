"""The values that flags serve and contexts carry, and the kinds that tell them apart.

Python holds ``True == 1 == 1.0``; a flag system must not. Wherever values are compared, collected in
a set or used as a key, they are held as a pair (kind, value).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Literal, TypeAlias

import orjson

Value: TypeAlias = "bool | str | int | float | list[Value] | dict[str, Value] | None"
"""What JSON can say."""

Scalar: TypeAlias = bool | str | int | float
Kind: TypeAlias = Literal["boolean", "string", "number"]
KindedScalar: TypeAlias = tuple[Kind, Scalar]
FlagType: TypeAlias = Literal["boolean", "string", "integer", "float", "object"]

SMALLEST_INTEGER = -(2**63)
LARGEST_INTEGER = 2**63 - 1


def kinded(value: object) -> KindedScalar | None:
    """Return (kind, value) of a scalar, or None for null, a list, an object, NaN or anything else.

    ``1`` and ``1.0`` have one kind and are equal; ``True`` and ``"1"`` are of other kinds.
    """
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, str):
        return ("string", value)
    if isinstance(value, int):
        return ("number", value)
    if isinstance(value, float) and not math.isnan(value):
        return ("number", value)
    return None


def is_number(value: object) -> bool:
    """Whether the value is an integer or a float; a boolean is neither."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind_name(value: object) -> str:
    """Name the kind of a value as the definition language does, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a float"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return f"a Python {type(value).__name__}"


def shown(value: object, limit: int = 60) -> str:
    """Write a value as JSON for a message, cut to ``limit`` characters."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        # Not even repr is safe: it refuses integers of more than 4,300 digits.
        text = f"<{kind_name(value)}>"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def fingerprint(value: object) -> bytes:
    """Bytes that are equal exactly for values that are equal and of the same kinds.

    Args:
        value: anything JSON can say; keys of objects are ordered, so their order does not count.
    """
    try:
        return orjson.dumps(value, dict, orjson.OPT_SORT_KEYS)
    except TypeError:
        # A lone surrogate somewhere, which JSON can say, and orjson cannot.
        return json.dumps(value, default=dict, sort_keys=True).encode()
