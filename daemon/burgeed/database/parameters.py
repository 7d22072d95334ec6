"""The values that both databases keep as they are; anything else is refused before it is sent."""

from __future__ import annotations

import math
from collections.abc import Sequence

from burgeed.database.errors import WriteRefused

SMALLEST, LARGEST = -(2**63), 2**63 - 1


def checked(parameters: Sequence[object]) -> tuple[object, ...]:
    """The parameters of one statement, a bool as 0 or 1.

    Raises:
        WriteRefused: one is of another type, an integer beyond 64 bits, NaN (which SQLite would keep as
            NULL), or text that holds NUL (which PostgreSQL cannot keep) or half a surrogate pair.
    """
    return tuple(map(_checked, parameters))


def _checked(value: object) -> object:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        if "\0" in value:
            raise WriteRefused("a text holds the character NUL, which a database cannot keep: leave it out")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise WriteRefused(
                "a text holds half a surrogate pair, which is no character: leave it out"
            ) from None
        return value
    if isinstance(value, int):
        if not SMALLEST <= value <= LARGEST:
            raise WriteRefused("an integer does not fit in 64 bits")
        return int(value)
    if isinstance(value, float):
        if math.isnan(value):
            raise WriteRefused("NaN is no number to keep")
        return value
    raise WriteRefused(f"a {type(value).__name__} is no parameter: None, int, float, str and bytes are")
