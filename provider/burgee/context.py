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


class OnePass(dict[str, Any]):
    """A context that many flags are asked with in one pass, and what they share: segments, prerequisites.

    Attributes:
        known: what has been found for this context so far. It is the pass's own: a context that somebody
            alters between two questions is never one of these.
    """

    __slots__ = ("known",)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.known: dict[str, Any] = {}


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
