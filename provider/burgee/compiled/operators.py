"""What compiled targeting calls where one operand is known: the rest of the work of an operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from burgee import semver
from burgee.javascript import UNDEFINED, to_text
from burgee.operations import look_up
from burgee.value import kinded


def within(value: Any, path: Sequence[str], default: Any) -> Any:
    """What ``var`` finds inside an attribute."""
    found = look_up(value, path)
    return default if found is UNDEFINED else found


def is_literal(value: object) -> bool:
    """Whether ``in`` finds the value in a list by its kind and itself alone: it is null or a scalar."""
    return value is None or kinded(value) is not None


def literal_pair(value: object) -> tuple[str, Any] | None:
    """(kind, value), equal for two values exactly where ``===`` holds; None for what equals no literal."""
    return ("null", None) if value is None else kinded(value)


def version_test(comparison: str, bound: str) -> Callable[[Any], bool | None]:
    """``sem_ver`` against a version that is written down; null where either is none."""
    right = semver.parse_version(bound) if comparison in semver.COMPARISONS else None

    def test(version: Any) -> bool | None:
        left = semver.parse_version(to_text(version))
        return None if left is None or right is None else semver.compare(left, comparison, right)

    return test
