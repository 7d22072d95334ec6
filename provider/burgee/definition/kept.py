"""Readings kept from one time to the next: what is written as before is not read again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import orjson

from burgee.definition.report import Place, Report
from burgee.fault import Path
from burgee.json_bytes import json_bytes

Read = TypeVar("Read")

_AS_WRITTEN: Final = (
    orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
)
"""Nothing is turned into what something else could be written as."""

_Key: TypeAlias = tuple[bytes, str | None, bool, Path, Hashable]
"""What is written, and all else that a reading depends on but the source: file, leniency, path, and more."""


def as_written(value: object) -> bytes | None:
    """What parsers gave, written in one way; None for what is no plain document, or has no place in JSON."""
    try:
        return json_bytes(value, _AS_WRITTEN)
    except TypeError:
        return None


class _Kept(NamedTuple):
    """A reading without faults, and what it referred to."""

    read: Any
    segments: list[tuple[str, Place]]
    flags: list[tuple[str, Place]]
    variants: list[tuple[str, str, Place]]


class KeptReadings:
    """The flags and the overrides of one source, as they were read last; only what had no faults is kept.

    The same text at the same place stands for the very object that it stood for before. What it refers to is
    noted each time: whether that leads anywhere depends on the rest of the documents.
    """

    def __init__(self) -> None:
        self._before: dict[_Key, _Kept] = {}
        self._now: dict[_Key, _Kept] = {}

    def begin(self) -> None:
        """The source is read from its beginning: what the last reading did not come across is let go."""
        self._before, self._now = self._now, {}

    def read(
        self,
        report: Report,
        path: Path,
        written: object,
        read: Callable[[], Read | None],
        given: Hashable = None,
    ) -> Read | None:
        """What stands for something written, read if it has to be.

        Args:
            path: where it stands.
            written: mappings, lists and scalars, as parsers give them: every number is finite.
            read: reads it, with the report and nothing else that may be another next time.
            given: all else that the reading depends on.
        """
        text = as_written(written)
        if text is None:
            return read()
        key = text, report.file, report.lenient, path, given
        kept = self._before.get(key)
        references = report.references
        if kept is None:
            faults = len(report.faults)
            marks = len(references.segments), len(references.flags), len(references.variants)
            found = read()
            if found is None or len(report.faults) > faults:
                return found
            kept = _Kept(
                found,
                references.segments[marks[0] :],
                references.flags[marks[1] :],
                references.variants[marks[2] :],
            )
        else:
            references.segments += kept.segments
            references.flags += kept.flags
            references.variants += kept.variants
        self._now[key] = kept
        again: Read = kept.read
        return again
