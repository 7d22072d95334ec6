"""The resolver that asks the daemon."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from burgee.context import Context
from burgee.resolution import Resolution
from burgee.value import FlagType
from burgee.wire.sync import GenerationEvent

from . import forks
from .breaker import Breaker
from .cache import AnswerCache
from .cache_statistics import CacheStatistics
from .clock import Clock, Random
from .knowledge import Knowledge, NobodyKnows
from .options import Options
from .remote_conversations import Asking
from .single_flight import Flights
from .transports.blocking import BlockingTransport
from .transports.endpoint import Whereabouts
from .transports.idle import IdleConnections

if TYPE_CHECKING:
    from burgee.snapshot import Snapshot

    from .transports.asynchronous import AsynchronousTransport


class RemoteResolver:
    """One OFREP exchange for an answer that it does not hold.

    What the daemon said is given again, with the reason CACHED, for as long as nothing could have changed it:
    the same flag, the same values of the attributes that it depends on, the same generation, no edge in time
    passed. That the generation is the same has to be known; otherwise the daemon is asked. What it says is
    passed on, an unknown flag too. Where it says nothing usable (nobody listens, no answer in time, garbage,
    HTTP 5xx) the last known answer is given with the reason STALE, else what a snapshot kept for that says,
    else an error. After a call that timed out, others do not wait for a while, and none waits for a daemon
    that is known to hang.

    Args:
        options: deadline, cache size, prefetch, selector and connections of them.
        places: where the daemon may be.
        clock: for deadlines.
        random: for jitter.
        knowledge: what the daemon serves now; without one nothing is given twice while the daemon lives.
        instead: a snapshot for when the daemon does not answer, or None; called for each such answer.

    Attributes:
        at_once: answers from the cache.
    """

    def __init__(
        self,
        options: Options,
        places: tuple[Whereabouts, ...],
        clock: Clock,
        random: Random,
        knowledge: Knowledge | None = None,
        instead: Callable[[], Snapshot | None] = lambda: None,
    ) -> None:
        self._options = options
        self._places = places
        self._clock = clock
        self._idle = IdleConnections()
        knowledge = knowledge or NobodyKnows()
        self._cache = AnswerCache(options.cache_size, knowledge, clock)
        self.at_once = self._cache.recall
        self._breaker = Breaker(clock, random, options.deadline, knowledge.hangs)
        self._flights = Flights()
        self._asking = Asking(options, self._cache, self._breaker, self._flights, knowledge, instead, clock)
        self._blocking = BlockingTransport(places, self._idle, clock)
        self._asynchronous: AsynchronousTransport | None = None
        self._making = threading.RLock()

    def ask(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution:
        """Answer within the deadline, blocking."""
        return self._blocking.run(self._asking.one(flag_key, flag_type, context), self._options.deadline)

    async def ask_async(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution:
        """Answer within the deadline, never blocking the event loop."""
        transport = self._asynchronous or self._make_asynchronous()
        return await transport.run(self._asking.one(flag_key, flag_type, context), self._options.deadline)

    def prefetch(self, context: Context) -> int:
        """Ask for all flags for one context, within the deadline, and keep the answers; how many are kept."""
        return self._blocking.run(self._asking.all(context), self._options.deadline)

    async def prefetch_async(self, context: Context) -> int:
        """The same, never blocking the event loop."""
        transport = self._asynchronous or self._make_asynchronous()
        return await transport.run(self._asking.all(context), self._options.deadline)

    def cache_statistics(self) -> CacheStatistics:
        """How the cache did so far."""
        return self._cache.statistics()

    def daemon_is_silent(self) -> None:
        """Nothing to do: the knowledge says so too, and whether the daemon hangs; it is asked each time."""

    def daemon_is_back(self) -> None:
        """Let all calls through again."""
        self._breaker.answered()

    def daemon_said(self, event: GenerationEvent) -> None:
        """Give no answer twice that time has changed. What another generation ends is known by itself."""
        self._cache.end(event.flags_changed)

    def after_fork(self) -> None:
        """In the child: keep what was learnt, and close what is the parent's."""
        self._idle.after_fork()
        self._cache.after_fork()
        self._asking.after_fork()
        self._flights.after_fork()
        self._breaker.after_fork()
        self._making = threading.RLock()
        if self._asynchronous is not None:
            self._asynchronous.after_fork()

    def close(self) -> None:
        """Close the connections at rest and forget the answers."""
        self._idle.close()
        self._cache.clear()
        self._asking.clear()
        self._breaker.answered()

    def _make_asynchronous(self) -> AsynchronousTransport:
        # Imported here: an application without an event loop does not pay for asyncio.
        with forks.importing():
            from .transports.asynchronous import AsynchronousTransport

        with self._making:
            if self._asynchronous is None:
                self._asynchronous = AsynchronousTransport(
                    self._places, self._idle, self._clock, connections=self._options.connections
                )
            return self._asynchronous
