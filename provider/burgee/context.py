"""The evaluation context as rules and levels see it.

A context is one flat mapping from attribute name to JSON value; the targeting key is the attribute
``targetingKey``, as in OFREP. Null counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from burgee.value import LARGEST_INTEGER, SMALLEST_INTEGER

Context: TypeAlias = Mapping[str, Any]

TARGETING_KEY = "targetingKey"


def identifier(value: object) -> str | None:
    """The text that names a scope or a bucket: a non-empty string, or a 64-bit integer in decimal."""
    if isinstance(value, str):
        return value or None
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and SMALLEST_INTEGER <= value <= LARGEST_INTEGER
    ):
        return str(value)
    return None
