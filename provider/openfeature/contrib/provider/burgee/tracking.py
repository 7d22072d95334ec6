"""``track()``: what the application's users did, told to the daemon without making the application wait."""

from __future__ import annotations

import atexit
import math
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from openfeature.evaluation_context import EvaluationContext
from openfeature.track import TrackingEventDetails

from burgee.context import TARGETING_KEY
from burgee.wire.tracking import LONGEST_NAME, TrackedEvent, write_event

from .clock import Clock, Random
from .tracking_sender import Sender, Tally
from .translation import InvalidContext, to_attributes, to_context
from .transports.blocking import BlockingTransport
from .transports.endpoint import Whereabouts
from .transports.idle import IdleConnections

CLOSE_TIME = 1.5
"""Seconds that ``close`` waits for what is queued to be sent."""
LARGEST_EVENT = 64 * 1024
"""Bytes of JSON of one event."""


class TrackingCounts(NamedTuple):
    """What became of the events since the process began, or was forked.

    Attributes:
        queued: wait to be sent, or for the daemon's answer.
        sent: the daemon took them.
        dropped: lost: not JSON, too large, too many, or refused by a daemon that was asked often enough.
    """

    queued: int
    sent: int
    dropped: int


class Tracking:
    """Queues events and sends them from a thread of its own, which the first event starts.

    An event may arrive twice where a connection breaks before the daemon's answer. None is sent once it was
    dropped, but one whose answer :meth:`close` no longer waits for is dropped without knowing.

    Args:
        places: where the daemon may be.
        clock: for the events' time, and for waits.
        random: for jitter.
        token: sent as a bearer token; empty for none.
    """

    def __init__(self, places: Sequence[Whereabouts], clock: Clock, random: Random, token: str = "") -> None:
        self._places = tuple(places)
        self._token = token
        self._clock = clock
        self._random = random
        self._lock = threading.RLock()
        self._written: deque[bytes] = deque()
        self._queueing = False
        self._idle = IdleConnections()
        self._tally = Tally()
        self._sender: Sender | None = None
        self._flushes_at_exit = False

    @property
    def counts(self) -> TrackingCounts:
        """The counters now."""
        sender = self._sender
        queued = 0 if sender is None else sender.waiting()
        return TrackingCounts(queued, self._tally.sent, self._tally.dropped)

    def track(
        self,
        name: str,
        evaluation_context: EvaluationContext | None = None,
        details: TrackingEventDetails | None = None,
    ) -> None:
        """Queue an event that happened now. Never blocks and never raises: what cannot be sent is dropped.

        Args:
            name: of what happened, 1 to 256 characters.
            evaluation_context: whom it is about; nothing of it is kept.
            details: a number and attributes that go with it.
        """
        try:
            self._written.append(self._write(name, evaluation_context, details))
            self._queue()
        except Exception as error:
            why = str(error) if isinstance(error, InvalidContext) else f"{type(error).__name__}: {error}"
            self._tally.count_dropped(1, why)

    def close(self, timeout: float = CLOSE_TIME) -> None:
        """Send what is queued, for at most so many seconds; may be called twice, and events tracked after."""
        with self._lock:
            sender, self._sender = self._sender, None
        if sender is not None:
            sender.finish(timeout)
        self._idle.close()

    def after_fork(self) -> None:
        """In the child: begin anew. The queue, its thread and its connections are the parent's."""
        self._lock = threading.RLock()
        self._written = deque()
        self._queueing = False
        self._tally = Tally()
        self._idle.after_fork()
        self._sender = None

    def _queue(self) -> None:
        """Give the sender what was written."""
        while self._written:
            with self._lock:
                if self._queueing:
                    return  # a signal's handler or a finalizer tracks amidst this very thread's queueing
                self._queueing = True
                try:
                    while self._written:
                        event = self._written.popleft()
                        if self._sender is None or not self._sender.put(event):
                            self._sender = self._started(event)
                finally:
                    self._queueing = False

    def _started(self, event: bytes) -> Sender:
        """A sender that has the event."""
        transport = BlockingTransport(self._places, self._idle, self._clock)
        sender = Sender(transport, self._tally, self._clock, self._random, self._token)
        sender.put(event)
        sender.start()
        if not self._flushes_at_exit:
            self._flushes_at_exit = True
            atexit.register(_flush, weakref.ref(self))
        return sender

    def _write(
        self,
        name: str,
        evaluation_context: EvaluationContext | None,
        details: TrackingEventDetails | None,
    ) -> bytes:
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise ValueError(f"an event's name is a text of 1 to {LONGEST_NAME} characters, not {name!r:.80}")
        context = to_context(evaluation_context)
        targeting_key = context.pop(TARGETING_KEY, None)
        value = None if details is None else details.value
        if value is not None and not (_is_number(value) and math.isfinite(value)):
            raise ValueError(f"an event's value is a finite number, not {value!r:.80}")
        attributes = {} if details is None else to_attributes(details.attributes)
        written = write_event(
            TrackedEvent(name, self._clock.wall(), targeting_key, context, value, attributes)
        )
        if len(written) > LARGEST_EVENT:
            raise ValueError(
                f"the event {name!r} has {len(written)} bytes, over the limit of {LARGEST_EVENT}"
            )
        return written


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flush(reference: weakref.ref[Tracking]) -> None:
    """At the interpreter's end, for applications that do not shut the provider down."""
    tracking = reference()
    if tracking is not None:
        tracking.close()
