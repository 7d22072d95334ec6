"""What a snapshot says once: fixed attributes, origins, and each flag set's id, metadata and hierarchy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from burgee.bucket import FractionalVersion
from burgee.definition.hierarchy import read_hierarchy
from burgee.definition.rendering import render_level
from burgee.definition.report import Report
from burgee.errors import SnapshotError
from burgee.flag import Level
from burgee.snapshot import FlagSet

Scalars: TypeAlias = Mapping[str, str | int | float | bool]
Origins: TypeAlias = Sequence[tuple[str, str | None]]
"""(source, file), where the numbers of records lead to."""


@dataclass(frozen=True, slots=True)
class FlagSetHead:
    """A flag set without its tables."""

    flag_set_id: str
    metadata: Scalars
    hierarchy: tuple[Level, ...]
    fractional_version: FractionalVersion


@dataclass(frozen=True, slots=True)
class General:
    """What a snapshot says once."""

    fixed: Scalars
    origins: Origins
    heads: tuple[FlagSetHead, ...]


def general_bytes(fixed: Scalars, origins: Origins, flag_sets: Iterable[FlagSet]) -> bytes:
    """Write it."""
    heads = [
        {
            "id": each.flag_set_id,
            "metadata": dict(each.metadata),
            "hierarchy": [render_level(level) for level in each.hierarchy],
            "fractionalVersion": each.fractional_version,
        }
        for each in flag_sets
    ]
    return orjson.dumps({"fixed": dict(fixed), "origins": list(origins), "sets": heads})


def read_general(written: bytes) -> General:
    """Read what :func:`general_bytes` wrote.

    Raises:
        SnapshotError: ``format``: it did not.
    """
    try:
        document = orjson.loads(written)
        report = Report()
        fixed = _scalars(document["fixed"])
        origins = [_origin(*each) for each in document["origins"]]
        heads = tuple(_head(report, each) for each in document["sets"])
    except Exception as error:
        raise SnapshotError("format", f"the section GENERAL cannot be read: {error}") from error
    if report.refused:
        reasons = "; ".join(str(fault) for fault in report.faults)
        raise SnapshotError("format", f"the section GENERAL holds what no document may: {reasons}")
    return General(fixed, origins, heads)


def _scalars(document: Any) -> Scalars:
    if not all(isinstance(each, str | int | float) for each in document.values()):
        raise TypeError("an attribute or metadata are no scalars")
    return dict(document)


def _origin(source: Any, file: Any) -> tuple[str, str | None]:
    if not isinstance(source, str) or not isinstance(file, str | None):
        raise TypeError("an origin is no source and file")
    return source, file


def _head(report: Report, head: Any) -> FlagSetHead:
    hierarchy = read_hierarchy(report, head["hierarchy"], ("hierarchy",))
    version = head["fractionalVersion"]
    if not isinstance(head["id"], str) or version not in (2, 3):
        raise ValueError("a flag set has no id, or an unknown generation of `fractional`")
    return FlagSetHead(head["id"], _scalars(head["metadata"]), hierarchy or (), 2 if version == 2 else 3)
