"""Tracked events that wait to be sent: so many, of so many bytes, the oldest given up first."""

from __future__ import annotations

from collections import deque

MOST_EVENTS = 10_000
"""Events that may wait."""
MOST_BYTES = 8 * 1024 * 1024
"""Bytes of JSON that may wait."""
BATCH_EVENTS = 500
"""Events of one batch."""
BATCH_BYTES = 512 * 1024
"""Bytes of JSON of one batch, over which only its first event may go."""


class TrackingQueue:
    """Events as JSON, in order. For one thread at a time: its user locks."""

    def __init__(self) -> None:
        self._events: deque[bytes] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._events)

    @property
    def fills_a_batch(self) -> bool:
        """Whether a batch could not take more than what is there."""
        return len(self._events) >= BATCH_EVENTS or self._size >= BATCH_BYTES

    def put(self, event: bytes) -> int:
        """Add an event; how many older ones had to go."""
        self._events.append(event)
        self._size += len(event)
        given_up = 0
        while len(self._events) > MOST_EVENTS or (self._size > MOST_BYTES and len(self._events) > 1):
            self._pop()
            given_up += 1
        return given_up

    def take_batch(self) -> list[bytes]:
        """Remove the oldest events, as many as one request carries; none where there are none."""
        batch: list[bytes] = []
        size = 0
        while self._events and len(batch) < BATCH_EVENTS:
            size += len(self._events[0])
            if batch and size > BATCH_BYTES:
                break
            batch.append(self._pop())
        return batch

    def _pop(self) -> bytes:
        event = self._events.popleft()
        self._size -= len(event)
        return event
