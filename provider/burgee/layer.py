"""Definitions and the layers that sources deliver them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from burgee.bucket import FractionalVersion
from burgee.flag import Flag, Kill, Level, Override, Segment
from burgee.resolution import NO_METADATA

OverrideKey = tuple[str, str, str]
"""(level, scope, flag key)."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What one document, or the files of one directory together, say about one flag set.

    Attributes:
        flag_set_id: ``metadata.flagSetId``; empty where there is none.
        metadata: the set's own keys, ``flagSetId`` and ``version`` among them.
        hierarchy: most specific first; None where the document does not state one.
        overrides: by (level, scope, flag key).
        fractional_version: the generation of flagd's ``fractional``; None where the document does not say.
    """

    flag_set_id: str = ""
    metadata: Mapping[str, bool | str | int | float] = field(default_factory=lambda: NO_METADATA)
    hierarchy: tuple[Level, ...] | None = None
    segments: Mapping[str, Segment] = field(default_factory=dict)
    flags: Mapping[str, Flag] = field(default_factory=dict)
    overrides: Mapping[OverrideKey, Override] = field(default_factory=dict)
    kills: Mapping[str, Kill] = field(default_factory=dict)
    fractional_version: FractionalVersion | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source delivers at one time.

    Attributes:
        source: the source's name, its URI as given.
        definitions: at most one for each flag set.
        stands_for_others: whether a flag that covers another source's stays that source's to selectors.
    """

    source: str
    definitions: tuple[Definition, ...] = ()
    stands_for_others: bool = False
