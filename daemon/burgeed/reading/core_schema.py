"""What a plain YAML scalar means, by the core schema of YAML 1.2.2 (section 10.3.2).

``on``, ``off``, ``yes``, ``no``, ``12:30:45``, ``1_000`` and dates are text there; ``014`` is fourteen.
"""

from __future__ import annotations

import re
from typing import Final, Literal

_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC_START: Final = frozenset("+-.0123456789")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_PREFIXED_INTEGER: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

ScalarKind = Literal["constant", "integer", "prefixed integer", "float", "not finite", "text"]


def scalar_kind(text: str) -> ScalarKind:
    """How a plain scalar is to be read."""
    if text in _CONSTANTS:
        return "constant"
    if text[0] not in _NUMERIC_START:
        return "text"
    if _INTEGER.fullmatch(text):
        return "integer"
    if _FLOAT.fullmatch(text):
        return "float"
    if _PREFIXED_INTEGER.fullmatch(text):
        return "prefixed integer"
    return "not finite" if _NOT_FINITE.fullmatch(text) else "text"


def constant(text: str) -> bool | None:
    """The value of a scalar of kind ``constant``."""
    return _CONSTANTS[text]
