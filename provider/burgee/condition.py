"""The tree of conditions that both notations are read into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from burgee.networks import Networks
from burgee.semver import Range
from burgee.value import KindedScalar

Operator: TypeAlias = Literal[
    "is", "is_not", "in", "not_in", "lt", "lte", "gt", "gte",
    "starts_with", "ends_with", "contains",
    "matches", "semver", "ip_in", "in_region", "before", "after", "exists",
]  # fmt: skip

OPERATORS: tuple[Operator, ...] = (
    "is", "is_not", "in", "not_in", "lt", "lte", "gt", "gte",
    "starts_with", "ends_with", "contains",
    "matches", "semver", "ip_in", "in_region", "before", "after", "exists",
)  # fmt: skip

RESERVED_NAMES = ("all", "any", "not", "segment", "attribute")
"""Words of the notation; an attribute so called is written ``{attribute: all, is: ...}``."""


@dataclass(frozen=True, slots=True)
class Regions:
    """Groups of countries.

    Attributes:
        names: as written, see :data:`burgee.regions.REGIONS`.
        countries: ISO 3166-1 alpha-2 codes of all of them.
    """

    names: tuple[str, ...]
    countries: frozenset[str]


Operand: TypeAlias = (
    KindedScalar | tuple[KindedScalar, ...] | float | int | str | bool | Range | Networks | Regions
)


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every condition holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when at least one condition holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when the condition does not hold."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class InSegment:
    """True when the segment's condition holds."""

    segment: str


@dataclass(frozen=True, slots=True)
class AttributeTest:
    """One attribute against one operand.

    Attributes:
        attribute: the context attribute's name, taken whole.
        operator: see ``docs/definition.md``.
        operand: (kind, value) for ``is``, ``is_not`` and ``contains``; a tuple of them for ``in`` and
            ``not_in``; a number for the orders; text for ``starts_with`` and ``ends_with``; seconds
            since the Unix epoch for ``before`` and ``after``; a boolean for ``exists``; RE2's notation for
            ``matches``; a range for ``semver``; networks for ``ip_in``; regions for ``in_region``.
    """

    attribute: str
    operator: Operator
    operand: Operand


Condition: TypeAlias = AllOf | AnyOf | Not | InSegment | AttributeTest
