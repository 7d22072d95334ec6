"""Many subscribers of one stream and a writer, in one thread: when was a write answered, when was it seen?"""

from __future__ import annotations

import selectors
import socket
import time
from typing import NamedTuple

from harness import raw_client

PATIENCE = 30.0


class Seen(NamedTuple):
    """One write, in milliseconds.

    Attributes:
        answered: from the request to its answer.
        after_answer: for each subscriber, from the answer to the event; 0 where the event came first.
        everyone: from the request to the event at the last subscriber.
    """

    answered: float
    after_answer: tuple[float, ...]
    everyone: float


class Watchers:
    """Open streams, and a connection to write over.

    Args:
        address: ``unix://`` and a path.
        path: of the stream.
        count: how many subscribers.
    """

    def __init__(self, address: str, path: str, count: int) -> None:
        self._address = address
        self._selector = selectors.EpollSelector()
        self._subscribers: list[socket.socket] = []
        self._tails: dict[socket.socket, bytes] = {}
        # One after the other: a queue of connections is shorter than this.
        for _ in range(count):
            each = raw_client.connect(address)
            self._subscribers.append(each)
            self._tails[each] = b""
            each.sendall(raw_client.request("GET", address, path))
            received = b""
            while b"event: reset" not in received:
                received += each.recv(65536)
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ)
        self._writer: socket.socket | None = None

    def begin(self) -> None:
        """Take a connection of its own for the writes to come: one at rest for long would be closed."""
        if self._writer is not None:
            self._selector.unregister(self._writer)
            self._writer.close()
        self._writer = raw_client.connect(self._address)
        self._writer.setblocking(False)
        self._selector.register(self._writer, selectors.EVENT_READ)

    def write(self, method: str, path: str, body: bytes, marker: bytes) -> Seen:
        """Write once, and wait until everyone has seen the marker in what the stream tells."""
        writer = self._writer
        assert writer is not None
        asked = time.perf_counter()
        writer.sendall(raw_client.request(method, self._address, path, body))
        answered = 0.0
        seen: dict[object, float] = {}
        while not answered or len(seen) < len(self._subscribers):
            ready = self._selector.select(PATIENCE)
            now = time.perf_counter()
            if not ready:
                raise TimeoutError(
                    f"{len(self._subscribers) - len(seen)} subscribers have not seen {marker!r}"
                )
            for key, _ in ready:
                data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if not data:
                    whose = "the writer's" if key.fileobj is writer else "a subscriber's"
                    raise ConnectionError(f"the server closed {whose} connection")
                if key.fileobj is writer:
                    if not answered and not data.startswith(b"HTTP/1.1 20"):
                        raise RuntimeError(f"the write was answered {data[:300]!r}")
                    answered = answered or now
                    continue
                tail = self._tails[key.fileobj] + data  # type: ignore[index]
                if marker in tail:
                    seen[key.fileobj] = now
                self._tails[key.fileobj] = tail[-4096:]  # type: ignore[index]
        return Seen(
            (answered - asked) * 1e3,
            tuple(max(0.0, (each - answered) * 1e3) for each in seen.values()),
            (max(seen.values()) - asked) * 1e3,
        )

    def read_until(self, descriptor: int) -> None:
        """Read whatever the streams tell, until a descriptor has something to read or is closed."""
        self._selector.register(descriptor, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == descriptor:
                    return
                if not key.fileobj.recv(1 << 18):  # type: ignore[union-attr]
                    raise ConnectionError("the server closed a subscriber's connection")

    def close(self) -> None:
        """Close every connection."""
        for each in self._subscribers:
            each.close()
        if self._writer is not None:
            self._writer.close()
        self._selector.close()
