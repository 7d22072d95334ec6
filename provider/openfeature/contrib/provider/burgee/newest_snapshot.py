"""The newest snapshot that can be had: mapped beside the daemon, downloaded from it, or kept for bad days."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from burgee.errors import SnapshotError
from burgee.generation import Generation
from burgee.wire.head import SEQUENCE
from burgee.wire.sync import GenerationEvent

from . import forks
from .clock import Clock, Random
from .download import NotDownloaded
from .downloader import Downloader
from .exchange import Unreachable
from .fallback import Fallback
from .head_and_stream import HeadAndStream
from .held import Held, nothing_held
from .shared.head import NO_COUNTERS
from .shared.place import Refused
from .shared.watch import HeadWatch

if TYPE_CHECKING:
    from burgee.snapshot import Snapshot

LOOK_PAUSE: Final = 0.1
"""Seconds between two looks at whether the daemon lives."""
RETRY_PAUSE: Final = 1.0
"""Seconds until shared files that could not be used are looked at again, though nothing was published."""
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 30.0
"""Seconds: the bounds of the pauses between downloads, each drawn from zero to a bound that doubles."""
_BEYOND: Final = frozenset({"features", "version"})
"""Faults of a snapshot that a later daemon made: it will be no other for being asked again."""

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class NewestSnapshot:
    """Finds the newest snapshot, without ever holding up those who have one.

    Args:
        watch: what is shared on this machine.
        knowledge: whether the daemon lives.
        fallback: for where there is no daemon.
        downloader: for where the daemon shares nothing on this machine.
        downloads: whether to; without, only what is shared is held.
        clock: for pauses.
        random: for jitter.

    Attributes:
        held: what answers now; :meth:`look` renews it.
    """

    def __init__(
        self,
        watch: HeadWatch,
        knowledge: HeadAndStream,
        fallback: Fallback,
        downloader: Downloader,
        clock: Clock,
        random: Random,
        *,
        downloads: bool = True,
    ) -> None:
        self._downloads = downloads
        self._watch = watch
        self._knowledge = knowledge
        self._fallback = fallback
        self._downloader = downloader
        self._clock = clock
        self._random = random
        self._lock = threading.Lock()
        self._downloading = threading.Lock()
        self._wanted: Generation | None = None
        self._beyond: Generation | None = None
        self._retry_at = -math.inf
        self._retrying: threading.Thread | None = None
        self._closing = threading.Event()
        self._logged = ""
        self.held = nothing_held()

    def look(self, now: float) -> Held:
        """Renew what is held, unless another thread is at it: then what was held serves on, if only nothing.

        Args:
            now: wall time, Unix seconds.
        """
        if self._lock.acquire(blocking=False):
            try:
                self._renew(now)
            finally:
                self._lock.release()
        return self.held

    def daemon_is_silent(self) -> None:
        """Answer as one who hears nothing of the daemon, from when this returns to :meth:`daemon_is_back`."""
        self._knowledge.fall_silent()
        with self._lock:
            self._renew(self._clock.wall())

    def daemon_is_back(self) -> None:
        """Have the next call look at everything anew, and believe what it sees."""
        self._knowledge.speak_again()
        self._look_again()

    def stand_in(self) -> Snapshot | None:
        """What answers where the daemon does not, and may be outdated; touches no file."""
        return self.held.snapshot or self._fallback.bootstrap

    def can_answer(self) -> bool:
        """Whether something answers without the daemon; looks for it, and waits for who is looking."""
        with self._lock:
            self._renew(self._clock.wall())
        return self.held.snapshot is not None

    def daemon_said(self, event: GenerationEvent) -> None:
        """Hold what the daemon says it serves, downloaded where it does not share it; may take seconds."""
        generation = self._wanted = event.generation
        with self._lock:
            if self._watch.vouch(generation):
                self._renew(self._clock.wall(), again=not self._holds(generation))
        if self._downloads and not self._holds(generation) and generation != self._beyond:
            self._download(generation)
        self._look_again()

    def after_fork(self) -> None:
        """In a forked child: what is held is inherited, threads and locks are not."""
        self._lock = threading.Lock()
        self._downloading = threading.Lock()
        self._closing = threading.Event()
        self._retrying = None
        self._watch.after_fork()
        self._downloader.after_fork()
        self._fallback.after_fork()

    def close(self) -> None:
        """Stop downloading, and let go of what is held."""
        self._closing.set()
        self._wanted = None
        self._downloader.abort()
        self._fallback.close()
        self._knowledge.speak_again()  # nobody follows the daemon now who could tell that it is back
        self.held = nothing_held()

    def _look_again(self) -> None:
        self.held.until = -math.inf

    def _holds(self, generation: Generation) -> bool:
        """Whether that or a later generation is held."""
        held = self.held
        if held.snapshot is None or held.outdated:
            return False
        return _covers(held.snapshot.generation, generation)

    def _renew(self, now: float, *, again: bool = False) -> None:
        held = self.held
        live = self._knowledge.is_alive()
        counters = self._watch.counters
        sequence = counters[SEQUENCE]
        moved = counters is not held.counters or sequence != held.sequence
        if held.outdated and self._clock.monotonic() >= self._retry_at:
            again = again or counters is not NO_COUNTERS or held.snapshot is None
        if moved or again:
            self._retry_at = self._clock.monotonic() + RETRY_PAUSE
            held = self._from_files(counters, sequence)
        held.live = live
        held.since = now
        held.until = now + LOOK_PAUSE
        self.held = held

    def _from_files(self, counters: Sequence[int], sequence: int) -> Held:
        """What the daemon shares, else what is held already, else what was kept for bad days."""
        found: Snapshot | None = None
        try:
            found, data = self._watch.snapshot()
        except Refused as refusal:
            if refusal.fault in _BEYOND:
                self._beyond = self._knowledge.generation() or self._wanted
        else:
            if self._is_current(found.generation):
                self._fallback.keep(data, found.generation)
                return self._hold(found, outdated=False, counters=counters, sequence=sequence)
        before = self.held
        if not self._watch.is_beating() and self._wanted is not None and self._holds(self._wanted):
            return self._hold(before.snapshot, outdated=False, counters=counters, sequence=sequence)
        snapshot = before.snapshot or found or self._fallback.snapshot()
        return self._hold(snapshot, outdated=True, counters=counters, sequence=sequence)

    def _is_current(self, generation: Generation) -> bool:
        """Whether a shared snapshot is the daemon's newest: others may have left theirs there."""
        return self._wanted is None or self._watch.is_beating() or _covers(generation, self._wanted)

    def _hold(
        self, snapshot: Snapshot | None, *, outdated: bool, counters: Sequence[int], sequence: int
    ) -> Held:
        before = self.held
        known = before.snapshot
        if snapshot is not None and known is not None and known.generation == snapshot.generation:
            snapshot = known
        held = Held(snapshot, outdated=outdated, counters=counters, sequence=sequence)
        if snapshot is known and not outdated and not before.outdated:
            held.functions = before.functions
        return held

    def _download(self, generation: Generation) -> None:
        """Download now; where that fails, have the daemon asked meanwhile and try again."""
        try:
            with self._downloading:
                if not self._holds(generation):
                    self._install(self._downloader.fetch(self._held_generation()))
            self._logged = ""
            return
        except SnapshotError as error:
            lasting = error.fault in _BEYOND
            if lasting:
                self._beyond = generation
            problem = f"the daemon's snapshot is not used: {error}"
        except Unreachable as failure:
            lasting = isinstance(failure, NotDownloaded) and failure.lasting
            problem = str(failure)
        self._outdate()
        if problem != self._logged:
            self._logged = problem
            _logger.warning("flags are asked of the daemon one by one: %s", problem)
        if not lasting:
            self._retry()

    def _held_generation(self) -> Generation | None:
        held = self.held
        return held.snapshot.generation if held.snapshot is not None and not held.outdated else None

    def _install(self, data: bytes | None) -> None:
        if data is None:
            return
        with forks.importing():
            from .evaluator import read  # here, where there is a snapshot
        buffer = memoryview(data)
        snapshot = read(buffer, whole=True)
        with self._lock:
            counters = self._watch.counters
            held = self._hold(snapshot, outdated=False, counters=counters, sequence=counters[SEQUENCE])
            held.live = True
            self.held = held
        self._fallback.keep(buffer, snapshot.generation)

    def _outdate(self) -> None:
        with self._lock:
            before = self.held
            snapshot = before.snapshot or self._fallback.snapshot()
            self.held = self._hold(
                snapshot, outdated=True, counters=before.counters, sequence=before.sequence
            )

    def _retry(self) -> None:
        with self._lock:
            if self._retrying is not None and not self._closing.is_set():
                return
            self._closing = threading.Event()
            self._retrying = threading.Thread(target=self._run, name="burgee-download", daemon=True)
            self._retrying.start()

    def _run(self) -> None:
        longest = FIRST_PAUSE
        closing = self._closing
        while not self._clock.wait(closing, self._random.uniform(0, longest)):
            wanted = self._wanted
            if wanted is None or self._holds(wanted) or wanted == self._beyond:
                break
            self._download(wanted)
            longest = min(LONGEST_PAUSE, 2 * longest)
        with self._lock:
            if self._retrying is threading.current_thread():
                self._retrying = None


def _covers(generation: Generation, wanted: Generation) -> bool:
    """Whether it is that generation or a later one of the same daemon."""
    return generation.epoch == wanted.epoch and generation.number >= wanted.number
