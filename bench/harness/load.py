"""A load generator: one thread, bare sockets, epoll; each connection has one request on its way."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from typing import NamedTuple

from harness import machine, raw_client


class Load(NamedTuple):
    """What came of it.

    Attributes:
        requests: how many were answered in time.
        seconds: for which requests were sent.
        server_seconds: of a core that the server used meanwhile.
        own_seconds: of a core that the generator used; near ``seconds``, it is itself what is measured.
    """

    requests: int
    seconds: float
    server_seconds: float
    own_seconds: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def server_microseconds(self) -> float:
        """Of the server's core, a request."""
        return self.server_seconds / self.requests * 1e6


def total(loads: Sequence[Load]) -> Load:
    """Several passes as one."""
    return Load(*(sum(column) for column in zip(*loads, strict=True)))  # type: ignore[arg-type]


def put_load(address: str, pid: int, messages: Sequence[bytes], seconds: float) -> Load:
    """Keep a server busy for a while.

    Args:
        address: ``unix:///path`` or ``http://host:port``.
        pid: of the server, to read its use of the core.
        messages: a request for each connection, which it repeats; its answers have to be of one length.

    Raises:
        RuntimeError: an answer was not 200, or of another length than the first one on its connection.
    """
    connections = [raw_client.RawConnection(address) for _ in messages]
    try:
        lengths = [_first(each, message) for each, message in zip(connections, messages, strict=True)]
        return _repeat(connections, messages, lengths, pid, seconds)
    finally:
        for connection in connections:
            connection.close()


def _first(connection: raw_client.RawConnection, message: bytes) -> int:
    answer = connection.exchange(message)
    if answer.status != 200:
        raise RuntimeError(f"the answer was {answer.status}: {answer.body[:200]!r}")
    return answer.length


def _repeat(
    connections: Sequence[raw_client.RawConnection],
    messages: Sequence[bytes],
    lengths: Sequence[int],
    pid: int,
    seconds: float,
) -> Load:
    poll = select.epoll()
    of_number = {}
    for connection, message, length in zip(connections, messages, lengths, strict=True):
        peer = connection.socket
        poll.register(peer.fileno(), select.EPOLLIN)
        of_number[peer.fileno()] = (peer.recv, peer.send, message, length)
    missing = {number: kept[3] for number, kept in of_number.items()}
    server_before, own_before = machine.running_seconds(pid), time.thread_time()
    began = time.perf_counter()
    until = began + seconds
    for _, send, message, _ in of_number.values():
        send(message)
    requests, going, waiting = 0, True, len(connections)
    while waiting:
        for number, _ in poll.poll(raw_client.LONGEST_WAIT):
            receive, send, message, length = of_number[number]
            received = receive(262144)
            remaining = missing[number]
            if remaining == length and not received.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the answer was {received[:200]!r}")
            remaining -= len(received)
            if remaining < 0 or not received:
                raise RuntimeError("an answer was of another length than the first, or the connection ended")
            if remaining:
                missing[number] = remaining
                continue
            missing[number] = length
            requests += 1
            if going:
                send(message)
            else:
                waiting -= 1
        if going and time.perf_counter() >= until:
            going = False
    ended = time.perf_counter()
    poll.close()
    server = machine.running_seconds(pid) - server_before
    return Load(requests, ended - began, server, time.thread_time() - own_before)
