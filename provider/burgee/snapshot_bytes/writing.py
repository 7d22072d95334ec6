"""Writing a snapshot: the same one gives the same bytes, in every process, whatever was written before."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Final, TypeAlias

from burgee.definition.records import flag_record, kill_record, override_record, segment_record
from burgee.dependencies import dependencies
from burgee.errors import SnapshotError
from burgee.flag import Flag, Kill, Origin, Override, Segment
from burgee.generation import Generation
from burgee.snapshot import Dependencies, FlagSet, Snapshot
from burgee.snapshot_bytes.encoding import Encoded, encoded, record_of
from burgee.snapshot_bytes.general import general_bytes
from burgee.snapshot_bytes.header import whole
from burgee.snapshot_bytes.inactive import inactive_document
from burgee.snapshot_bytes.ladders import SEPARATOR
from burgee.snapshot_bytes.layout import NO_FLAG_SET, Kind
from burgee.snapshot_bytes.standing import LOCKS, PATCHES, standing_record, standing_rest
from burgee.snapshot_bytes.table_writing import Content, Record

_REQUIRED: Final[frozenset[str]] = frozenset()
"""Features without which the bytes of this writer cannot be read."""

_Levels: TypeAlias = tuple[tuple[str, int], ...]
"""Of a flag: the levels that have overrides, in order, with the bits of a standing."""

_Known: TypeAlias = tuple[Dependencies, _Levels, bool, bytes]
"""Of a flag: dependencies, levels, whether only the daemon can answer, its standing without the origin."""


class Written:
    """A snapshot as bytes.

    Attributes:
        generation: the snapshot's identity.
        data: the bytes.
    """

    def __init__(self, generation: Generation, data: bytes, parts: dict[str, _Parts]) -> None:
        self.generation = generation
        self.data = data
        self._parts = parts


def write(
    snapshot: Snapshot, previous: Written | None = None, needs_daemon: Container[str] | None = None
) -> Written:
    """Write a snapshot.

    Args:
        previous: an earlier one, whose records are taken over for what is the very same object. It makes the
            work less and the bytes no different.
        needs_daemon: keys of the flags that only the daemon can answer; the snapshot's own where left out.

    Raises:
        SnapshotError: ``content``: a value or a name has no place in the format.
    """
    needs = snapshot.needs_daemon if needs_daemon is None else needs_daemon
    flag_sets = [snapshot.flag_sets[flag_set_id] for flag_set_id in sorted(snapshot.flag_sets)]
    origins = _Origins(snapshot, flag_sets)
    content = Content()
    parts: dict[str, _Parts] = {}
    try:
        content.add_bytes(Kind.GENERAL, general_bytes(snapshot.fixed, origins.listed, flag_sets))
        inactive = [encoded(each.flag_key, inactive_document(each)) for each in snapshot.inactive]
        numbers = [origins.number(each.override.origin) for each in snapshot.inactive]
        content.add_table(Kind.INACTIVE, NO_FLAG_SET, [b""] * len(inactive), inactive, numbers)
        for ordinal, flag_set in enumerate(flag_sets):
            known = previous._parts.get(flag_set.flag_set_id) if previous is not None else None
            of_set = _Parts(known)
            _FlagSetWriter(flag_set, ordinal, content, origins, of_set, needs).write()
            parts[flag_set.flag_set_id] = of_set
        data = whole(snapshot.generation, _REQUIRED, content.sections, content.pieces)
    except UnicodeEncodeError as error:
        raise SnapshotError("content", f"a key is no text that UTF-8 can carry: {error}") from error
    for of_set in parts.values():
        of_set.close()
    return Written(snapshot.generation, data, parts)


class _Origins:
    """The sources and files that anything comes from, in order."""

    def __init__(self, snapshot: Snapshot, flag_sets: Iterable[FlagSet]) -> None:
        found = {(origin.source, origin.file) for each in flag_sets for origin in _origins_in(each)}
        found |= {(each.override.origin.source, each.override.origin.file) for each in snapshot.inactive}
        self.listed = sorted(found, key=lambda each: (each[0], each[1] is not None, each[1] or ""))
        self._numbers = {each: number for number, each in enumerate(self.listed)}

    def number(self, origin: Origin) -> int:
        """Where it stands in the list."""
        return self._numbers[origin.source, origin.file]


def _origins_in(flag_set: FlagSet) -> Iterator[Origin]:
    yield from (flag.origin for flag in flag_set.flags.values())
    yield from (segment.origin for segment in flag_set.segments.values())
    yield from (kill.origin for kill in flag_set.kills.values())
    for of_flag in flag_set.overrides.values():
        for of_level in of_flag.values():
            for override in of_level.values():
                yield override.origin


class _Parts:
    """The records of one flag set, and those of its standings with what they were made of."""

    def __init__(self, previous: _Parts | None = None) -> None:
        self.flags: Encoded[Flag] = Encoded(flag_record)
        self.overrides: Encoded[Override] = Encoded(override_record)
        self.segments: Encoded[Segment] = Encoded(segment_record)
        self.kills: Encoded[Kill] = Encoded(kill_record)
        self.standings: dict[str, _Known] = {}
        self.standings_before: dict[str, _Known] = {}
        if previous is not None:
            self.flags.take_from(previous.flags)
            self.overrides.take_from(previous.overrides)
            self.segments.take_from(previous.segments)
            self.kills.take_from(previous.kills)
            self.standings_before = previous.standings

    def close(self) -> None:
        """Let go of what the earlier snapshot had."""
        self.flags.close()
        self.overrides.close()
        self.segments.close()
        self.kills.close()
        self.standings_before = {}


class _FlagSetWriter:
    """Writes the tables of one flag set."""

    def __init__(
        self,
        flag_set: FlagSet,
        ordinal: int,
        content: Content,
        origins: _Origins,
        parts: _Parts,
        needs_daemon: Container[str],
    ) -> None:
        self.flag_set = flag_set
        self.ordinal = ordinal
        self.content = content
        self.origins = origins
        self.parts = parts
        self.needs_daemon = needs_daemon

    def write(self) -> None:
        flag_set, parts, number = self.flag_set, self.parts, self.origins.number
        self._flags()
        self._overrides()
        names = sorted(flag_set.segments)
        segments = [flag_set.segments[name] for name in names]
        records = list(map(parts.segments.record, names, segments))
        self._table(Kind.SEGMENTS, names, records, [number(each.origin) for each in segments])
        keys = sorted(flag_set.kills)
        kills = [flag_set.kills[key] for key in keys]
        records = list(map(parts.kills.record, keys, kills))
        self._table(Kind.KILLS, keys, records, [number(each.origin) for each in kills])
        keys = sorted(flag_set.leaves)
        leaves = [flag_set.leaves[key] for key in keys]
        records = [encoded(leaf.flag_key, (leaf.flag_key, leaf.path, leaf.flag_type)) for leaf in leaves]
        self._table(Kind.LEAVES, keys, records, [0] * len(keys))

    def _table(self, kind: Kind, keys: list[str], records: list[Record], numbers: list[int]) -> None:
        self.content.add_table(kind, self.ordinal, [key.encode() for key in keys], records, numbers)

    def _flags(self) -> None:
        flags = self.flag_set.flags
        keys = sorted(flags)
        record = self.parts.flags.record
        records = [record(key, flags[key]) for key in keys]
        written = [self._standing(key, flags[key]) for key in keys]
        standings = sorted(set(written))
        numbers = {each: number for number, each in enumerate(standings)}
        self._table(Kind.FLAGS, keys, records, [numbers[each] for each in written])
        records = list(map(record_of, standings))
        self._table(Kind.STANDINGS, [""] * len(records), records, [0] * len(records))

    def _standing(self, key: str, flag: Flag) -> bytes:
        flag_set, parts = self.flag_set, self.parts
        depends, levels = dependencies(flag_set, key), self._levels(key)
        needs_daemon = key in self.needs_daemon
        known = parts.standings_before.get(key)
        if known is None or known[0] is not depends or known[1:3] != (levels, needs_daemon):
            rest = standing_rest(depends, levels, needs_daemon=needs_daemon)
            known = depends, levels, needs_daemon, rest
        parts.standings[key] = known
        return standing_record(self.origins.number(flag.origin), known[3])

    def _levels(self, key: str) -> _Levels:
        of_flag = self.flag_set.overrides.get(key)
        if not of_flag:
            return ()
        locked, patched = self.flag_set.locked.get(key, ()), self.flag_set.patched.get(key, ())
        return tuple(
            (level, (level in locked) * LOCKS | (level in patched) * PATCHES)
            for level in sorted(of_flag)
            if of_flag[level]
        )

    def _overrides(self) -> None:
        record = self.parts.overrides.record
        keys: list[str] = []
        records: list[Record] = []
        numbers: list[int] = []
        overrides = self.flag_set.overrides
        # NUL is below every other character, so that this is the order of the whole keys.
        for flag_key in sorted(overrides):
            for level, of_level in sorted(overrides[flag_key].items()):
                for scope in sorted(of_level):
                    key, override = SEPARATOR.join((flag_key, level, scope)), of_level[scope]
                    if key.count(SEPARATOR) > 2:
                        raise SnapshotError("content", f"{key!r} has a NUL in one of its names")
                    keys.append(key)
                    records.append(record(key, override))
                    numbers.append(self.origins.number(override.origin))
        self._table(Kind.OVERRIDES, keys, records, numbers)
