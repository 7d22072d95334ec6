"""What standings tell of the ladder of each flag: overrides by level, locks, patches, dependencies, GeoIP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from functools import partial
from typing import Final, TypeAlias

from burgee.errors import SnapshotError
from burgee.flag import Override
from burgee.snapshot import Dependencies
from burgee.snapshot_bytes.mappings import RecordMapping
from burgee.snapshot_bytes.standing import Standings
from burgee.snapshot_bytes.table import Table, key_bytes

SEPARATOR: Final = "\0"
"""Stands between the flag key, the level and the scope of an override's key: none of them can contain it."""

Scopes: TypeAlias = Mapping[str, Override]

Base: TypeAlias = Callable[[str], str]
"""Gives the key of the flag that answers for a key: that of the object flag for a leaf, else the same."""

DecodeOverride: TypeAlias = Callable[[str, str, str, bytes, int], Override]
"""(flag key, level, scope, record, number) -> the override."""


class WrittenOverrides(Mapping[str, Mapping[str, Scopes]]):
    """Overrides by flag key, level and scope.

    Args:
        table: of overrides.
        decode: decodes one of them.
    """

    __slots__ = ("_decode", "_known", "_standings", "_table")

    def __init__(self, standings: Standings, table: Table | None, decode: DecodeOverride) -> None:
        self._standings = standings
        self._table = table
        self._decode = decode
        self._known: dict[str, Mapping[str, Scopes]] = {}

    def __getitem__(self, flag_key: str) -> Mapping[str, Scopes]:
        known = self._known.get(flag_key)
        if known is not None:
            return known
        standing = self._standings.of_flag(flag_key)
        if standing is None or not standing.levels:
            raise KeyError(flag_key)
        levels: Mapping[str, Scopes] = {level: self._scopes(flag_key, level) for level in standing.levels}
        return self._known.setdefault(flag_key, levels)

    def __iter__(self) -> Iterator[str]:
        return (flag_key for flag_key, standing in self._standings.of_all() if standing.levels)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def differing(self, other: WrittenOverrides) -> set[str]:
        """Keys of the flags whose overrides are not the same bytes.

        Raises:
            SnapshotError: the index of one is damaged.
        """
        mine, others = self._by_whole_keys(), other._by_whole_keys()
        return {key.partition(SEPARATOR)[0] for key in mine.differing(others)}

    def _by_whole_keys(self) -> RecordMapping[Override]:
        def decode(key: str, record: bytes, number: int) -> Override:
            flag_key, level, scope = key.split(SEPARATOR, 2)
            return self._decode(flag_key, level, scope, record, number)

        return RecordMapping(self._table, decode)

    def _scopes(self, flag_key: str, level: str) -> Scopes:
        prefix = key_bytes(f"{flag_key}{SEPARATOR}{level}{SEPARATOR}")
        return RecordMapping(self._table, partial(self._decode, flag_key, level), prefix)


class MarkedLevels(Mapping[str, frozenset[str]]):
    """By flag key, the levels that have a bit; only flags with such a level.

    Args:
        bit: of :mod:`burgee.snapshot_bytes.standing`.
    """

    __slots__ = ("_bit", "_standings")

    def __init__(self, standings: Standings, bit: int) -> None:
        self._standings = standings
        self._bit = bit

    def __getitem__(self, flag_key: str) -> frozenset[str]:
        standing = self._standings.of_flag(flag_key)
        marked = self._marked(standing.levels) if standing is not None else None
        if not marked:
            raise KeyError(flag_key)
        return marked

    def __iter__(self) -> Iterator[str]:
        return (key for key, standing in self._standings.of_all() if self._marked(standing.levels))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _marked(self, levels: Mapping[str, int]) -> frozenset[str]:
        return frozenset(level for level, bits in levels.items() if bits & self._bit)


class WrittenDependencies(MutableMapping[str, Dependencies]):
    """Dependencies by flag key: all of them are known, so that none is ever collected."""

    __slots__ = ("_standings",)

    def __init__(self, standings: Standings) -> None:
        self._standings = standings

    def __getitem__(self, flag_key: str) -> Dependencies:
        standing = self._standings.of_flag(flag_key)
        if standing is None:
            raise KeyError(flag_key)
        return standing.depends

    def __iter__(self) -> Iterator[str]:
        return (flag_key for flag_key, _ in self._standings.of_all())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __setitem__(self, flag_key: str, depends: Dependencies) -> None:
        raise TypeError("what was read is not altered")

    def __delitem__(self, flag_key: str) -> None:
        raise TypeError("what was read is not altered")


class NeedsDaemon:
    """The keys of the flags, and of their leaves, that only the daemon can answer.

    So are those of which damage does not let it be told.

    Args:
        flag_sets: the standings of each.
    """

    __slots__ = ("_flag_sets",)

    def __init__(self, flag_sets: Iterable[tuple[Standings, Base]]) -> None:
        self._flag_sets = tuple(flag_sets)

    def __contains__(self, flag_key: object) -> bool:
        if not isinstance(flag_key, str):
            return False
        try:
            found = [standings.of_flag(base_of(flag_key)) for standings, base_of in self._flag_sets]
        except SnapshotError:
            return True
        return any(standing.needs_daemon for standing in found if standing is not None)
