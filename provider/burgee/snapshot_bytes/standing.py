"""What is true of a flag beside its own definition; flags of which the same is true share one record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import orjson

from burgee.errors import SnapshotError
from burgee.flag import Window
from burgee.snapshot import Dependencies
from burgee.snapshot_bytes.table import Table, key_bytes, key_text

LOCKS: Final = 1
"""The bit of a level that has an override with a lock."""

PATCHES: Final = 2
"""The bit of a level that has an override with a patch."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is true of a flag beside its definition.

    Attributes:
        origin: number of its source and file.
        depends: what its answer could depend on.
        levels: those that have overrides of it, with their bits.
        needs_daemon: whether only the daemon can answer it.
    """

    origin: int
    depends: Dependencies
    levels: Mapping[str, int]
    needs_daemon: bool


def standing_record(origin: int, rest: bytes) -> bytes:
    """Write a standing; by itself the origin, which may become another number while all else stays.

    Args:
        rest: of :func:`standing_rest`.
    """
    return b'{"origin":%d%b' % (origin, rest)


def standing_rest(depends: Dependencies, levels: Iterable[tuple[str, int]], *, needs_daemon: bool) -> bytes:
    """Write all of a standing but its origin: what is empty or false is left out, the rest in one order."""
    document: dict[str, Any] = {
        "attributes": sorted(depends.attributes),
        "windows": [[each.start, each.end] for each in depends.windows],
        "ramps": depends.ramps,
        "segments": sorted(depends.segments),
        "flags": sorted(depends.flags),
        "unbounded": depends.unbounded,
        "levels": dict(levels),
        "daemon": needs_daemon,
    }
    stated = {name: each for name, each in document.items() if each}
    return b"," * bool(stated) + orjson.dumps(stated)[1:]


def read_standing(written: bytes) -> Standing:
    """Read what :func:`standing_record` wrote; ValueError, KeyError or TypeError where it did not."""
    document = orjson.loads(written)
    depends = Dependencies(
        frozenset(_texts(document, "attributes")),
        tuple(Window(*_instants(pair)) for pair in document.get("windows", ())),
        tuple(_ramp(*_instants(pair)) for pair in document.get("ramps", ())),
        frozenset(_texts(document, "segments")),
        frozenset(_texts(document, "flags")),
        document.get("unbounded") is True,
    )
    levels = document.get("levels", {})
    if not isinstance(document["origin"], int) or not all(isinstance(bits, int) for bits in levels.values()):
        raise ValueError("an origin and the bits of a level are integers")
    return Standing(document["origin"], depends, levels, document.get("daemon") is True)


def _texts(document: Any, name: str) -> list[str]:
    texts: list[str] = document.get(name, [])
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{name} are no texts")
    return texts


def _instants(pair: Any) -> tuple[float | None, float | None]:
    first, last = pair
    if not all(each is None or isinstance(each, float | int) for each in pair):
        raise ValueError("an edge is no instant")
    return first, last


def _ramp(start: float | None, complete: float | None) -> tuple[float, float]:
    if start is None or complete is None or complete <= start:
        raise ValueError("a ramp has a start and, after it, an end")
    return start, complete


@final
class Standings:
    """The standings of one flag set, each read once, and which flag has which.

    Args:
        flags: the table of flags, None where there are none.
        standings: the table of standings, None where there are none.
    """

    __slots__ = ("_flags", "_read", "_standings")

    def __init__(self, flags: Table | None, standings: Table | None) -> None:
        self._flags = flags
        self._standings = standings
        self._read: dict[int, Standing] = {}

    def numbered(self, number: int) -> Standing:
        """A standing.

        Raises:
            SnapshotError: it is damaged.
        """
        found = self._read.get(number)
        if found is None:
            if self._standings is None or number >= len(self._standings):
                raise SnapshotError("format", f"there is no standing {number}")
            try:
                read = read_standing(self._standings.record(number))
            except SnapshotError:
                raise
            except Exception as error:
                raise SnapshotError("format", f"standing {number} cannot be read: {error}") from error
            found = self._read.setdefault(number, read)
        return found

    def of_flag(self, flag_key: object) -> Standing | None:
        """The standing of a flag, None where there is no such flag.

        Raises:
            SnapshotError: it, or the index of flags where the flag would be, is damaged.
        """
        if self._flags is None or not isinstance(flag_key, str):
            return None
        ordinal = self._flags.find(key_bytes(flag_key))
        return None if ordinal is None else self.numbered(self._flags.number(ordinal))

    def of_all(self) -> Iterator[tuple[str, Standing]]:
        """Each flag's key and standing, in order of the keys.

        Raises:
            SnapshotError: a standing, or the index of flags, is damaged.
        """
        for row in self._flags.rows() if self._flags is not None else ():
            yield key_text(row.key), self.numbered(row.number)
