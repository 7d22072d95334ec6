"""The type that was asked for, from the type that was answered, where nothing is lost."""

from __future__ import annotations

from burgee.value import FlagType, Value, kind_name

LARGEST_EXACT = 2**53
"""Up to here every integer is also a float, and no other integer was rounded to it."""


class TypeMismatch(Exception):
    """A value is not of the type that was asked for."""


def coerce(value: Value, flag_type: FlagType) -> Value:
    """Return the value as ``flag_type``: ``10.0`` as the integer 10, ``10`` as the float 10.0.

    Raises:
        TypeMismatch: it is of another type, or would lose something; a boolean is no number.
    """
    if flag_type == "boolean":
        fits = isinstance(value, bool)
    elif flag_type == "string":
        fits = isinstance(value, str)
    elif flag_type == "object":
        fits = isinstance(value, dict | list)
    elif isinstance(value, bool):
        fits = False
    elif flag_type == "integer":
        if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT:
            return int(value)
        fits = isinstance(value, int)
    else:
        if isinstance(value, int) and _is_exact_as_float(value):
            return float(value)
        fits = isinstance(value, float)
    if not fits:
        article = "an" if flag_type in ("integer", "object") else "a"
        raise TypeMismatch(f"the value is {kind_name(value)}, asked for as {article} {flag_type}")
    return value


def _is_exact_as_float(value: int) -> bool:
    try:
        return int(float(value)) == value
    except OverflowError:
        return False
