"""The attributes of metrics, of which there may only be so many."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from openfeature.flag_evaluation import FlagEvaluationDetails

from .attributes import ERROR_TYPE, KEY, REASON, VARIANT, error_type_of, reason_of

OTHER = "other"
"""Stands for the key and the variant of a flag that came too late, and for words that nobody defined."""

REASONS = frozenset(
    "cached default disabled error split stale static targeting_match unknown".split()  # noqa: SIM905
)
"""The reasons of the conventions."""
ERROR_TYPES = frozenset(
    (
        *("flag_not_found", "general", "invalid_context", "parse_error", "provider_fatal"),
        *("provider_not_ready", "targeting_key_missing", "type_mismatch"),
    )
)
"""The types of errors of the conventions."""

Attributes = Mapping[str, str]


class Series:
    """Attributes by flag, variant, reason and type of error, for at most so many flags' variants.

    It takes no lock, which a fork could leave locked. Threads that meet the same new variant at the same time
    may use up two of the slots for it, never more slots than there are.

    Args:
        limit: pairs of a flag's key and a variant; that a flag had no variant is one too.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._slots = itertools.count()
        self._full = limit < 1
        self._variants: set[tuple[str, str | None]] = set()
        self._known: dict[tuple[Any, ...], Attributes] = {}

    def of(self, details: FlagEvaluationDetails[Any]) -> Attributes:
        """The attributes under which an evaluation is counted."""
        asked = (details.flag_key, details.variant, details.reason, details.error_code)
        known = self._known.get(asked)
        if known is not None:
            return known
        reason = reason_of(details)
        error_type = error_type_of(details)
        attributes = {REASON: reason if reason in REASONS else OTHER}
        if error_type is not None:
            attributes[ERROR_TYPE] = error_type if error_type in ERROR_TYPES else OTHER
        variant = details.variant or None
        admitted = self._admit(details.flag_key, variant)
        attributes[KEY] = details.flag_key if admitted else OTHER
        if variant is not None:
            attributes[VARIANT] = variant if admitted else OTHER
        if admitted and OTHER not in (attributes[REASON], attributes.get(ERROR_TYPE)):
            self._known[asked] = attributes
        return attributes

    def _admit(self, flag_key: str, variant: str | None) -> bool:
        pair = (flag_key, variant)
        if pair in self._variants:
            return True
        if self._full or next(self._slots) >= self._limit:
            self._full = True
            return False
        self._variants.add(pair)
        return True
