"""The source that follows a file, or a directory of files."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple

from burgee.errors import DefinitionError
from burgee.fault import Fault, Path
from burgee.layer import Layer
from burgee.wire.layer import LayerAssembler
from burgeed.clock import Clock
from burgeed.reading.messages import SourceFile
from burgeed.reading.process import ReaderFailed
from burgeed.sources.admission import Admission, Policy
from burgeed.sources.following import FollowedPath, View
from burgeed.sources.manifest import FollowedBundle
from burgeed.sources.protocol import Reader, Sink
from burgeed.sources.watching import DirectoryWatch

POLL = 0.5
"""Seconds between two looks when no change is told of."""

AFRESH = 30.0
"""Seconds between two looks that trust no signature but read the files."""

SIZE_LIMIT = 16 << 20
"""The most bytes that a source may hold."""

_SOONEST = 0.005
_MOST_DOUBLINGS = 6
_FIRST_RETRY = 5.0
_LAST_RETRY = 300.0
_RETRY_GROWS_BY = 4.0

_log = logging.getLogger(__name__)


class _Good(NamedTuple):
    """The content last delivered, and what it was read into."""

    files: tuple[SourceFile, ...]
    layer: Layer
    warnings: tuple[Fault, ...]
    assembler: LayerAssembler


class _Bad(NamedTuple):
    """The content last refused; to be tried again where the fault may have been the reader's."""

    files: tuple[SourceFile, ...]
    faults: tuple[Fault, ...]
    retry_at: float | None


class FileSource:
    """Follows a file, or a directory of them (not recursive; one key in two files is a fault).

    Gone or empty, a file or a whole directory leaves what was delivered standing and is ``absent``;
    so does a directory without any definition in it, which is what a volume that is not mounted looks
    like. A file that is gone for a second from a directory that has others is withdrawn.

    Args:
        name: the source's name, its URI as given.
        path: where it leads; see FollowedPath for what may stand there.
        reader: reads the bytes.
        clock: for all waits.
        limit: the most bytes that are read.
        policy: says whether what stands there, with the manifest beside it, may be read and served; None
            takes everything.
    """

    def __init__(
        self,
        name: str,
        path: str,
        *,
        reader: Reader,
        clock: Clock,
        limit: int = SIZE_LIMIT,
        policy: Policy | None = None,
    ) -> None:
        self._name = name
        self._reader = reader
        self._clock = clock
        follow = FollowedPath if policy is None else FollowedBundle
        self._path: FollowedPath | FollowedBundle = follow(path, limit, clock.monotonic)
        self._admission = None if policy is None else Admission(name, policy, clock)
        self._woken = asyncio.Event()
        self._afresh_at = float("-inf")
        self._good: _Good | None = None
        self._bad: _Bad | None = None
        self._retry_after = _FIRST_RETRY
        self._told: object = None

    @property
    def name(self) -> str:
        """See :attr:`Source.name`."""
        return self._name

    def reload(self) -> None:
        """See :meth:`Source.reload`."""
        self._afresh_at = float("-inf")
        if self._bad is not None and self._bad.retry_at is not None:
            self._bad = self._bad._replace(retry_at=float("-inf"))
        if self._admission is not None:
            self._admission.reload()
        self._woken.set()

    async def locate(self, file: str, paths: Sequence[Path]) -> list[tuple[int, int] | None]:
        """See :meth:`Source.locate`."""
        for known in self._good.files if self._good else ():
            if known.path == file:
                try:
                    return await self._reader.locate(known, paths)
                except ReaderFailed as failure:
                    _log.warning("%s: no positions: %s", self._name, failure)
        return [None] * len(paths)

    async def follow(self, sink: Sink) -> None:
        """See :meth:`Source.follow`."""
        watch = DirectoryWatch(self._woken)
        self._told = None
        troubles = 0
        polled = False
        try:
            while True:
                try:
                    due = await self._look(watch, sink, polled)
                    troubles = 0
                except Exception as error:  # whatever it is, the last good layer serves on and we look again
                    due = POLL * 2**troubles
                    troubles = min(troubles + 1, _MOST_DOUBLINGS)
                    self._tell_of_surprise(sink, error)
                    # Not woken by events: what made the trouble may well make those too.
                    await self._clock.sleep(due)
                woken = await self._wait(POLL if due is None else due)
                polled = due is None and not woken
        finally:
            await watch.close()

    async def _look(self, watch: DirectoryWatch, sink: Sink, polled: bool) -> float | None:
        """Look once and tell of it; return in how many seconds to look again if it cannot wait for POLL."""
        now = self._clock.monotonic()
        afresh = now >= self._afresh_at
        if afresh:
            self._afresh_at = now + AFRESH
        view = await asyncio.to_thread(self._path.look, afresh=afresh)
        # What polling finds the watch should have told: it is deaf.
        watch.aim(view.watched, anew=polled and view.moved)
        await self._take(view, sink)
        retry_at = self._bad.retry_at if self._bad and self._told is self._bad.faults else None
        grace = self._admission.next_look if self._admission else None
        instants = (at for at in (view.next_look, retry_at, grace) if at is not None)
        pressing = min(instants, default=float("inf"))
        due = max(pressing - self._clock.monotonic(), _SOONEST)
        return due if due < POLL else None

    async def _wait(self, seconds: float) -> bool:
        """Wait until woken, at most so long; tell whether it was that."""
        pause = asyncio.ensure_future(self._clock.sleep(seconds))
        woken = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait((pause, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            woken.cancel()
        was_woken = self._woken.is_set()
        self._woken.clear()
        return was_woken

    async def _take(self, view: View, sink: Sink) -> None:
        if view.faults:
            self._tell(sink, view.faults)
        elif view.absent:
            self._tell(sink, view.absent)
        elif not view.unsettled and view.files:
            await self._take_files(view, sink)

    async def _take_files(self, view: View, sink: Sink) -> None:
        admission = self._admission
        if admission is not None and not await admission.admits(view):
            if admission.faults:
                self._tell(sink, admission.faults)
            return
        await self._read(view.files)
        good = self._good
        if good is not None and good.files == view.files:
            if admission is None or await admission.accepts(view):
                self._tell(sink, good)
            elif admission.faults:
                self._tell(sink, admission.faults)
        elif self._bad is not None:
            self._tell(sink, self._bad.faults)

    async def _read(self, files: tuple[SourceFile, ...]) -> None:
        """Make these files the good content or the bad one, whichever they are."""
        if self._good is not None and self._good.files == files:
            self._bad = None
            return
        bad = self._bad
        if bad is not None and bad.files == files:
            if bad.retry_at is None or self._clock.monotonic() < bad.retry_at:
                return
        else:
            self._retry_after = _FIRST_RETRY
        try:
            previous = self._good.assembler if self._good else None
            reading = await self._reader.read(self._name, files, previous)
        except DefinitionError as refusal:
            self._bad = _Bad(files, refusal.faults, None)
        except ReaderFailed as failure:
            faults = (Fault(f"the reader process could not read it: {failure}"),)
            self._bad = _Bad(files, faults, self._clock.monotonic() + self._retry_after)
            self._retry_after = min(self._retry_after * _RETRY_GROWS_BY, _LAST_RETRY)
        else:
            self._good = _Good(files, reading.layer, reading.warnings, reading.assembler)
            self._bad = None

    def _tell(self, sink: Sink, news: _Good | tuple[Fault, ...] | str) -> None:
        """Tell the sink how things stand, unless that is what it was told last."""
        if isinstance(news, _Good):
            if news is not self._told:
                sink.delivered(news.layer, news.warnings)
        elif news != self._told:
            if isinstance(news, str):
                sink.absent(news)
            else:
                sink.rejected(news)
        self._told = news

    def _tell_of_surprise(self, sink: Sink, error: Exception) -> None:
        surprise = f"following it failed unexpectedly: {type(error).__name__}: {error}"
        faults = (Fault(surprise, remedy="see the daemon's log"),)
        if faults != self._told:
            _log.error("%s: %s", self._name, surprise, exc_info=error)
        try:
            self._tell(sink, faults)
        except Exception as another:
            _log.error("%s: telling of it failed as well", self._name, exc_info=another)
