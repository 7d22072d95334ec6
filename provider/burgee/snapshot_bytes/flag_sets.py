"""Flag sets whose flags, overrides, segments and kills are decoded when they are asked for."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson

from burgee.definition.records import (
    read_flag_record,
    read_kill_record,
    read_override_record,
    read_segment_record,
)
from burgee.flag import Flag, Kill, Override, Segment
from burgee.inactivity import unknown_variant, why_kill_inactive, why_override_inactive
from burgee.leaves import Leaf
from burgee.snapshot import FlagSet, base_key
from burgee.snapshot_bytes.general import FlagSetHead, General, Origins
from burgee.snapshot_bytes.ladders import Base, MarkedLevels, WrittenDependencies, WrittenOverrides
from burgee.snapshot_bytes.layout import Kind
from burgee.snapshot_bytes.mappings import RecordMapping
from burgee.snapshot_bytes.sections import Sections
from burgee.snapshot_bytes.standing import LOCKS, PATCHES, Standings


def read_flag_sets(
    sections: Sections, general: General
) -> tuple[dict[str, FlagSet], list[tuple[Standings, Base]]]:
    """Read all flag sets.

    Returns:
        Them by id, and of each its standings with a function that gives the key of the flag that answers.

    Raises:
        SnapshotError: the top of a table is damaged.
    """
    found: dict[str, FlagSet] = {}
    standings: list[tuple[Standings, Base]] = []
    for ordinal, head in enumerate(general.heads):
        reader = _Reader(sections, ordinal, head, general.origins)
        found[head.flag_set_id] = reader.flag_set
        standings.append((reader.standings, partial(base_key, reader.flag_set)))
    return found, standings


class _Reader:
    """Reads one flag set, and decodes its records for as long as it lives."""

    def __init__(self, sections: Sections, ordinal: int, head: FlagSetHead, origins: Origins) -> None:
        self._origins = origins
        self._levels = frozenset(level.name for level in head.hierarchy)
        flags = sections.table(Kind.FLAGS, ordinal)
        self.standings = Standings(flags, sections.table(Kind.STANDINGS, ordinal))
        self._flags: RecordMapping[Flag] = RecordMapping(flags, self._flag)
        overrides = sections.table(Kind.OVERRIDES, ordinal)
        self.flag_set = FlagSet(
            head.flag_set_id,
            head.metadata,
            head.hierarchy,
            RecordMapping(sections.table(Kind.SEGMENTS, ordinal), self._segment),
            self._flags,
            WrittenOverrides(self.standings, overrides, self._override),
            RecordMapping(sections.table(Kind.KILLS, ordinal), self._kill),
            MarkedLevels(self.standings, LOCKS),
            head.fractional_version,
            RecordMapping(sections.table(Kind.LEAVES, ordinal), _leaf),
            MarkedLevels(self.standings, PATCHES),
            WrittenDependencies(self.standings),
        )

    def _flag(self, key: str, written: bytes, number: int) -> Flag:
        source, file = self._origins[self.standings.numbered(number).origin]
        flag = read_flag_record(orjson.loads(written), key, source, file)
        unknown = unknown_variant(flag)
        if unknown is not None:
            raise ValueError(f"it has no variant {unknown}")
        return flag

    def _override(self, flag_key: str, level: str, scope: str, written: bytes, number: int) -> Override:
        record: Any = orjson.loads(written)
        override = read_override_record(record, level, scope, flag_key, *self._origins[number])
        why = why_override_inactive(override, self._flags.get(flag_key), self._levels)
        if why:
            raise ValueError(why)
        return override

    def _segment(self, name: str, written: bytes, number: int) -> Segment:
        return read_segment_record(orjson.loads(written), name, *self._origins[number])

    def _kill(self, flag_key: str, written: bytes, number: int) -> Kill:
        kill = read_kill_record(orjson.loads(written), flag_key, *self._origins[number])
        why = why_kill_inactive(kill, self._flags.get(flag_key))
        if why:
            raise ValueError(why)
        return kill


def _leaf(key: str, written: bytes, number: int) -> Leaf:
    flag_key, path, flag_type = orjson.loads(written)
    if not isinstance(flag_key, str) or not all(isinstance(step, str) for step in path):
        raise ValueError("a leaf lies in no flag")
    if flag_type not in ("boolean", "string", "integer", "float"):
        raise ValueError("a leaf is of no type")
    return Leaf(flag_key, tuple(path), flag_type)
