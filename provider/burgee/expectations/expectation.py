"""One entry of ``tests``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from burgee.flag import Origin

EXPECTED_FIELDS: Final = ("value", "variant", "reason", "error", "codeDefault", "source", "scope", "rule")
"""What an expectation may state of an answer."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a flag is to answer for one context.

    Attributes:
        flag_key: a flag's key, or that of a leaf.
        flag_set_id: of the document that it stands in.
        context: attribute name to JSON value.
        expected: some of EXPECTED_FIELDS; what is not stated is not compared.
        time: Unix seconds; None where it does not matter to the author.
        name: for a person; empty where there is none.
    """

    flag_key: str
    flag_set_id: str
    context: Mapping[str, Any]
    expected: Mapping[str, Any]
    time: float | None
    name: str
    origin: Origin
