"""Whether the flags and variants that expectations name are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from burgee.definition.report import unknown_name
from burgee.expectations.expectation import Expectation
from burgee.expectations.running import selector_of
from burgee.fault import Fault
from burgee.resolution import ErrorCode
from burgee.snapshot import Snapshot, base_key

_SUGGESTION_LIMIT: Final = 100
"""Suggestions in one run: each looks at all known names."""


def misnamed(snapshot: Snapshot, expectations: Iterable[Expectation]) -> Iterator[tuple[Expectation, Fault]]:
    """Find expectations of a flag, or with a variant, that is nowhere.

    An expectation of FLAG_NOT_FOUND may name what it likes. Judged once everything is composed: expectations
    may stand in a layer of their own.
    """
    suggestions = 0
    for expectation in expectations:
        known = _unknown(snapshot, expectation)
        if known is None:
            continue
        kind, name, names, steps = known
        suggestions += 1
        message, remedy = unknown_name(kind, name, names if suggestions <= _SUGGESTION_LIMIT else names[:8])
        origin = expectation.origin
        yield expectation, Fault(message, (*origin.path, *steps), remedy, file=origin.file)


def _unknown(
    snapshot: Snapshot, expectation: Expectation
) -> tuple[str, str, list[str], tuple[str, ...]] | None:
    """The kind of what is unknown, its name, the known names, and where in the expectation it stands."""
    key = expectation.flag_key
    candidates = snapshot.candidates(key, selector_of(snapshot, expectation))
    if not candidates:
        if expectation.expected.get("error") == ErrorCode.FLAG_NOT_FOUND:
            return None
        known = [name for each in snapshot.selected() for name in (*each.flags, *each.leaves)]
        return "flag", key, known, ("flag",)
    variant = expectation.expected.get("variant")
    variants = [name for each in candidates for name in each.flags[base_key(each, key)].variants]
    if variant is None or variant in variants:
        return None
    return "variant", variant, variants, ("expected", "variant")
