"""The resolver that evaluates here, from the daemon's own snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from burgee.context import Context
from burgee.errors import SnapshotError
from burgee.resolution import Reason, Resolution
from burgee.selector import ANY, Selector
from burgee.value import FlagType
from burgee.wire.sync import GenerationEvent

from .cache_statistics import CacheStatistics
from .cached_answer import of_type
from .clock import Clock
from .evaluator import function_for
from .from_memory import remembered
from .held import Held
from .newest_snapshot import NewestSnapshot
from .resolver import Resolver

_CLASSES: Final[Mapping[FlagType, type | None]] = {
    "boolean": bool,
    "string": str,
    "integer": int,
    "float": float,
    "object": None,
}
"""What a value is, exactly, where nothing has to be done about its type."""


class InProcessResolver:
    """Evaluates in the calling thread: nothing to wait for, nothing to lock, nothing that a fork ends.

    Only what cannot be answered here is asked of the daemon: flags that need what it alone has, or a record
    that cannot be read here, and all flags while its snapshot cannot be. An answer given while the daemon is
    silent has the reason STALE.

    Args:
        newest: finds the snapshot.
        remote: makes the resolver that asks the daemon, on first use; where it does not answer, that one
            answers from the same snapshots.
        selector: which flag set to see, as an option.
        clock: for what is true at a time only.
    """

    def __init__(
        self, newest: NewestSnapshot, remote: Callable[[], Resolver], selector: str, clock: Clock
    ) -> None:
        self._newest = newest
        self._make_remote = remote
        self._remote: Resolver | None = None
        self._selector = Selector.parse(selector)
        self._wall = clock.wall

    def ask(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution:
        """Have the daemon answer, or what it said before."""
        remote = self._asked()
        found = remote.at_once(flag_key, flag_type, context)
        return remote.ask(flag_key, flag_type, context) if found is None else found

    async def ask_async(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution:
        """The same, suspending only where it has to be asked."""
        remote = self._asked()
        found = remote.at_once(flag_key, flag_type, context)
        return await remote.ask_async(flag_key, flag_type, context) if found is None else found

    def prefetch(self, context: Context) -> int:
        """Nothing has to be fetched."""
        return 0

    async def prefetch_async(self, context: Context) -> int:
        """Nothing has to be fetched."""
        return 0

    def cache_statistics(self) -> CacheStatistics:
        """Of the answers that had to be asked for."""
        return CacheStatistics() if self._remote is None else self._remote.cache_statistics()

    def at_once(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution | None:
        """Answer without the daemon; None where only it can answer."""
        now = self._wall()
        held = self._newest.held
        if held.counters[0] != held.sequence or not held.since <= now < held.until:
            held = self._newest.look(now)
        try:
            try:
                function = held.functions[flag_key]
            except KeyError:
                resolution = self._first(held, flag_key, context, now)
                if resolution is None:
                    return None
            else:
                resolution = function(context, now)
        except SnapshotError:
            return None  # a record is damaged, or of a later daemon's making: that one can read it
        if held.live and resolution.value.__class__ is _CLASSES[flag_type]:
            return resolution
        return of_type(flag_type, resolution if held.live else _stale(resolution))

    def daemon_said(self, event: GenerationEvent) -> None:
        """Hold what the daemon serves from now on."""
        self._newest.daemon_said(event)
        if self._remote is not None:
            self._remote.daemon_said(event)

    def daemon_is_silent(self) -> None:
        """Say with each answer that it is of before."""
        self._newest.daemon_is_silent()

    def daemon_is_back(self) -> None:
        """Notice it at once."""
        self._newest.daemon_is_back()
        if self._remote is not None:
            self._remote.daemon_is_back()

    def after_fork(self) -> None:
        """In a forked child: the snapshot is inherited."""
        self._newest.after_fork()
        if self._remote is not None:
            self._remote.after_fork()

    def close(self) -> None:
        """Let go of the snapshot, and of the connections."""
        self._newest.close()
        if self._remote is not None:
            self._remote.close()

    def _asked(self) -> Resolver:
        if self._remote is None:
            self._remote = self._make_remote()
        return self._remote

    def _first(self, held: Held, flag_key: str, context: Context, now: float) -> Resolution | None:
        """Answer for a flag that was not asked for yet, and remember its function."""
        snapshot = held.snapshot
        if snapshot is None or (held.outdated and held.live) or flag_key in snapshot.needs_daemon:
            return None
        selector = self._selector
        function = function_for(snapshot, flag_key, selector)
        # Not those of keys that lead to no flag, of which there is no end.
        known = snapshot.known_functions.get(flag_key if selector is ANY else (flag_key, selector))
        if known is not None and not held.outdated:
            held.functions[flag_key] = known
        return function(context, now)


def _stale(resolution: Resolution) -> Resolution:
    return resolution if resolution.error_code is not None else remembered(resolution, Reason.STALE)
