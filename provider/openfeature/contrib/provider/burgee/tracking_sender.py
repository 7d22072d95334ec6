"""The thread that sends tracked events to the daemon, in batches."""

from __future__ import annotations

import logging
import threading
from typing import NamedTuple

from burgee.wire import tracking as wire

from .clock import Clock, Random
from .exchange import Request, Unreachable, authorization, send
from .refusal import explain_refusal
from .tracking_queue import TrackingQueue
from .transports.blocking import BlockingTransport

THREAD = "burgee-tracking"
FLUSH_AFTER = 1.0
"""Seconds that an event waits at most for others to be sent with."""
IDLE = 60.0
"""Seconds without an event after which the thread ends."""
SEND_DEADLINE = 2.0
"""Seconds that one attempt to send a batch may take."""
ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds: the bounds of the pauses between attempts, each drawn from zero to a bound that doubles."""

_HEADERS = (("Content-Type", "application/json"), ("Accept", "application/json"))
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same batch may still be taken."""

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class Tally:
    """What became of the events of one process."""

    def __init__(self) -> None:
        self.sent = 0
        self.dropped = 0
        self._lock = threading.RLock()
        self._complained = False

    def count_sent(self, events: int) -> None:
        """The daemon took them."""
        with self._lock:
            self.sent += events
            self._complained = False

    def count_dropped(self, events: int, why: str) -> None:
        """They are lost; said once until one is taken again."""
        with self._lock:
            self.dropped += events
            first, self._complained = not self._complained, True
        if first:
            _logger.warning("tracked events are dropped: %s", why)


class _Outcome(NamedTuple):
    """Of one attempt.

    Attributes:
        taken: the daemon has the batch.
        why: it has not.
        passing: another attempt may do.
    """

    taken: bool
    why: str = ""
    passing: bool = False


class Sender:
    """One thread with a queue of its own.

    Args:
        transport: to the daemon.
        tally: to count in.
        clock: for waits.
        random: for jitter.
        token: sent as a bearer token; empty for none.
    """

    def __init__(
        self, transport: BlockingTransport, tally: Tally, clock: Clock, random: Random, token: str = ""
    ) -> None:
        self._headers = (*_HEADERS, *authorization(token))
        self._transport = transport
        self._tally = tally
        self._clock = clock
        self._random = random
        self._lock = threading.RLock()
        self._queue = TrackingQueue()
        self._under_way = 0
        self._ended = False
        self._arrived = threading.Event()
        self._due = threading.Event()
        self._finishing = threading.Event()
        self._expires = 0.0
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)

    def start(self) -> None:
        """Start the thread. Raises RuntimeError where there can be none."""
        self._thread.start()

    def put(self, event: bytes) -> bool:
        """Queue an event; False where the thread has ended, so that nobody would send it."""
        with self._lock:
            if self._ended:
                return False
            given_up = self._queue.put(event)
            if self._queue.fills_a_batch:
                self._due.set()
            self._arrived.set()
        if given_up:
            self._tally.count_dropped(given_up, "they come faster than the daemon takes them")
        return True

    def waiting(self) -> int:
        """How many events are neither taken by the daemon nor dropped, those of a batch under way too."""
        with self._lock:
            return len(self._queue) + self._under_way

    def finish(self, timeout: float) -> None:
        """Send what is queued without further pauses, then end; what takes longer is dropped.

        A batch that waits for the daemon's answer then counts as dropped, although it may have arrived.
        """
        self._expires = self._clock.monotonic() + timeout
        self._finishing.set()
        self._due.set()
        self._arrived.set()
        self._thread.join(timeout)
        self._end("the time to shut down is over")

    def _run(self) -> None:
        try:
            while self._clock.wait(self._arrived, IDLE) or not self._end_if_idle():
                self._clock.wait(self._due, FLUSH_AFTER)
                batch = self._take()
                if batch:
                    self._deliver(batch)
                if self._finishing.is_set() and not self.waiting():
                    break
        finally:
            self._end("the thread that sends them ended")

    def _take(self) -> list[bytes]:
        with self._lock:
            batch = self._queue.take_batch()
            self._under_way = len(batch)
            if not self._finishing.is_set():
                if not self._queue:
                    self._arrived.clear()
                if not self._queue.fills_a_batch:
                    self._due.clear()
            return batch

    def _end_if_idle(self) -> bool:
        with self._lock:
            self._ended = not self._queue
            return self._ended

    def _end(self, why: str) -> None:
        with self._lock:
            self._ended = True
            left = len(self._queue) + self._settle()
            self._queue = TrackingQueue()
        if left:
            self._tally.count_dropped(left, why)

    def _settle(self) -> int:
        """Have no batch under way any more; how many of its events are still to be counted."""
        with self._lock:
            settled, self._under_way = self._under_way, 0
            return settled

    def _deliver(self, batch: list[bytes]) -> None:
        request = Request("POST", wire.PATH, self._headers, wire.write_events(batch))
        outcome = _Outcome(taken=False)
        for attempt in range(ATTEMPTS):
            last = self._finishing.is_set() or attempt == ATTEMPTS - 1
            try:
                outcome = self._attempt(request)
            except Exception as error:
                outcome = _Outcome(False, f"{type(error).__name__}: {error}")
            if outcome.taken:
                self._tally.count_sent(self._settle())
                return
            if last or not outcome.passing:
                break
            bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
            self._clock.wait(self._finishing, self._random.uniform(0.0, bound))
        left = self._settle()
        if left:
            self._tally.count_dropped(left, outcome.why)

    def _attempt(self, request: Request) -> _Outcome:
        deadline = SEND_DEADLINE
        if self._finishing.is_set():
            deadline = min(deadline, self._expires - self._clock.monotonic())
            if deadline <= 0:
                return _Outcome(False, "the time to shut down is over")
        try:
            response = self._transport.run(send(request), deadline)
        except Unreachable as failure:
            return _Outcome(False, str(failure), passing=True)
        if response.status in (200, 202, 204):
            return _Outcome(True)
        why = f"{response.address}: {explain_refusal(response.status, response.headers, response.body)}"
        return _Outcome(False, why, passing=response.status in _PASSING)
