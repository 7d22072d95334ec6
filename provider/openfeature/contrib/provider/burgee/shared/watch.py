"""Watches the head: what is served, and whether the daemon lives, by the reader's own clock."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from burgee.generation import Generation
from burgee.wire.head import CURRENT, HEARTBEAT, SEQUENCE
from burgee.wire.sync import HEARTBEAT_INTERVAL, SILENT_AFTER

from ..clock import Clock
from .file_system import FileSystems
from .head import NO_COUNTERS, Head, open_head
from .place import Refused, SharedPlace
from .snapshot_file import SnapshotFile, current_generation, current_snapshot

SEARCH_PAUSE: Final = 0.25
"""Seconds between two looks for a head that moves, while the known one stands still."""
SLOWEST_BEAT: Final = 1.2 * HEARTBEAT_INTERVAL
"""Seconds between two heartbeats of a daemon that is busy."""

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was last seen of the head; put in place of what was seen before as a whole."""

    head: Head
    counters: Sequence[int]
    place: SharedPlace | None
    sequence: int
    heartbeat: int
    heard_at: float
    looked_at: float
    generation: Generation | None


_NOTHING = _Seen(Head(NO_COUNTERS, (0, 0)), NO_COUNTERS, None, 0, 0, -math.inf, -math.inf, None)


class HeadWatch:
    """Knowledge from the head of the daemon on this machine; see :class:`..knowledge.Knowledge`.

    A head that is opened proves nothing yet: its daemon may be long gone. The daemon counts as silent until
    the heartbeat moves, or until another source vouches for it. While it stands still, every place is looked
    at again, since a daemon may have made a new head.

    Args:
        places: where a daemon may share its files, the likeliest first.
        clock: for the age of the heartbeat.
        file_systems: tells what may be mapped.
        reads: whether :meth:`generation` may open files, which an event loop should not wait for. Where it
            may not, nothing is known after a publication, and of a new head, until somebody vouches.
    """

    def __init__(
        self,
        places: Sequence[SharedPlace],
        clock: Clock,
        file_systems: FileSystems | None = None,
        *,
        reads: bool = True,
    ) -> None:
        self._places = tuple(places)
        self._reads = reads
        self._superseded: Generation | None = None
        self._monotonic = clock.monotonic
        self._file_systems = file_systems or FileSystems()
        self._seen = _NOTHING
        self._noted: dict[SharedPlace, tuple[tuple[int, int], int, int] | None] = {}
        self._logged: dict[Path, str] = {}
        self._noted_at = -math.inf
        self._search_at = -math.inf
        self._searching = threading.Lock()

    @property
    def counters(self) -> Sequence[int]:
        """The counters of the head that is watched; those of another head are another object."""
        return self._seen.counters

    def generation(self) -> Generation | None:
        """The generation served; None while the daemon is silent, or its snapshot cannot be used."""
        seen = self._seen
        counters = seen.counters
        if counters[HEARTBEAT] != seen.heartbeat or counters[SEQUENCE] != seen.sequence:
            seen = self._look(seen)
        now = self._monotonic()
        if now - seen.heard_at < SILENT_AFTER:
            return seen.generation
        return self._search(now) if self._reads and now >= self._search_at else None

    def supersedes(self, generation: Generation | None) -> bool:
        """Whether the head has moved on since that generation, which other sources may still believe in."""
        return generation is not None and generation == self._superseded and self.is_beating()

    def is_beating(self) -> bool:
        """Whether the head moved lately, as far as :meth:`generation` has looked."""
        return self._monotonic() - self._seen.heard_at < SILENT_AFTER

    def vouch(self, generation: Generation) -> bool:
        """Hear from elsewhere that the daemon answers and serves ``generation`` by now.

        Returns:
            Whether it is one of those that share their files here, and its snapshot can be found there.
        """
        with self._searching:
            for place in self._places:
                head = self._open(place)
                sequence = 0 if head is None else head.sequence
                shared = None if self._is_anothers(place) else self._generation(place)
                if shared is None or shared.epoch != generation.epoch or shared.number < generation.number:
                    continue
                self._adopt(place, head, sequence, self._monotonic(), shared)
                return True
        return False

    def snapshot(self) -> SnapshotFile:
        """Read the newest snapshot: that of the head which is watched, else of the first place with one.

        Raises:
            Refused: there is none that can be used.
        """
        refusal: Refused | None = None
        watched = self._seen.place
        for place in self._places if watched is None else (watched,):
            if watched is None and self._is_anothers(place):
                continue
            try:
                found = current_snapshot(place, self._file_systems)
            except Refused as error:
                self._log(error)
                refusal = refusal or error
            else:
                self._logged.pop(place.current, None)
                return found
        raise refusal or Refused(Path(CURRENT), "absent", "is shared by no daemon")

    def after_fork(self) -> None:
        """In a forked child: the mapping is inherited, and nobody searches yet."""
        self._searching = threading.Lock()

    def _look(self, seen: _Seen) -> _Seen:
        """Take note that a counter moved."""
        sequence, heartbeat = seen.head.sequence, seen.head.heartbeat
        generation = seen.generation
        if sequence != seen.sequence:
            self._superseded = generation
            generation = None
        if generation is None and self._reads and seen.place is not None:
            generation = self._generation(seen.place)
        now = self._monotonic()
        looked = replace(
            seen,
            sequence=sequence,
            heartbeat=heartbeat,
            heard_at=_heard_at(seen, heartbeat, now),
            looked_at=now,
            generation=generation,
        )
        if self._seen is seen:
            self._seen = looked
        return looked

    def _search(self, now: float) -> Generation | None:
        if not self._searching.acquire(blocking=False):
            return None
        try:
            # What was noted long ago may have moved long ago.
            noted_at, self._noted_at = self._noted_at, now
            before = self._noted if now - noted_at < SILENT_AFTER else {}
            self._noted = {}
            self._search_at = now + SEARCH_PAUSE
            for place in self._places:
                head = self._open(place)
                note = None if head is None else (head.identity, head.sequence, head.heartbeat)
                self._noted[place] = note
                if head is None or note is None:
                    continue
                if place in before and before[place] != note:
                    return self._adopt(place, head, note[1], noted_at, self._generation(place)).generation
                if self._seen.place is None:
                    self._adopt(place, head, note[1], -math.inf, self._generation(place))
            return None
        finally:
            self._searching.release()

    def _adopt(
        self,
        place: SharedPlace,
        head: Head | None,
        sequence: int,
        heard_at: float,
        generation: Generation | None,
    ) -> _Seen:
        """Watch this head from now on; ``generation`` was read after ``sequence``."""
        before = self._seen
        if head is None:
            seen = replace(_NOTHING, place=place, generation=generation)
        else:
            # The same head under another mapping would look like another head to who holds its counters.
            same = before.head if head.identity == before.head.identity else head
            seen = _Seen(
                same, same.counters, place, sequence, head.heartbeat, heard_at, self._monotonic(), generation
            )
        self._seen = seen
        return seen

    def _is_anothers(self, place: SharedPlace) -> bool:
        """Two daemons may have their sockets in one directory; the head tells whose the snapshots are."""
        try:
            open_head(place, self._file_systems)
        except Refused as refusal:
            return refusal.fault == "socket"
        return False

    def _open(self, place: SharedPlace) -> Head | None:
        try:
            return open_head(place, self._file_systems)
        except Refused as refusal:
            self._log(refusal)
            return None

    def _generation(self, place: SharedPlace) -> Generation | None:
        try:
            return current_generation(place, self._file_systems)
        except Refused as refusal:
            self._log(refusal)
            return None

    def _log(self, refusal: Refused) -> None:
        if refusal.fault != "absent" and self._logged.get(refusal.path) != str(refusal):
            self._logged[refusal.path] = str(refusal)
            _logger.warning("what the daemon shares on this machine is not used: %s", refusal)


def _heard_at(seen: _Seen, heartbeat: int, now: float) -> float:
    """When the daemon was last alive, for all that the heartbeat tells.

    One that moved while nobody looked for a long time may have stopped since; how far it came says when.
    """
    if now - seen.looked_at <= SILENT_AFTER:
        return now
    beats = max(1, (heartbeat - seen.heartbeat) & (2**64 - 1))
    return min(now, seen.looked_at + beats * SLOWEST_BEAT)
