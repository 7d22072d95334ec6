"""Every limit and deadline of the server, in one place."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field

RESERVED_FILES = 64
"""File descriptors kept for everything that is not a connection: sources, logs, the reader process."""


def connections_allowed() -> int:
    """Half of the file descriptors that the process may open, less a reserve; between 16 and 10,000."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 10_000
    return min(10_000, max(16, (soft - RESERVED_FILES) // 2))


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a client may ask, and how long it may take. Times in seconds, sizes in bytes.

    Attributes:
        header_deadline: from the first byte of a request, or from the connection's start, to the end of its
            header.
        body_deadline: from the header's end to the body's.
        write_deadline: how long an answer may wait for a client that does not read; under TLS, where a
            connection ends by both sides saying so, also how long its end may.
        keep_alive: how long a connection may be idle between requests.
        handshake_deadline: from a connection's start to the end of its TLS handshake.
        handshakes: TLS handshakes under way at once; beyond those the oldest gives way.
        drain: how long requests in flight may take once the server is closed.
        body: the longest request body.
        connections: over all listeners together, three quarters of them at most over TCP: where anyone on the
            machine may connect, nobody takes the places of those whom the socket's permissions let in. Where
            all are taken, the one that has been idle for longest gives way.
        health_reserve: connections beyond those, answered on the health paths only; as many on a port of
            their own.
        subscribers: event streams open at once, of all kinds together; over TCP three quarters of them.
        stream_buffer: what may wait for one subscriber before messages to it are merged.
        stall: how long a subscriber may leave its buffer as it is before it is dropped.
        downloads: snapshots being sent at once.
        download_deadline: how long sending one may take.
        heartbeat: between heartbeats on ``/sync/v1/events``.
        comment: between comments on ``/ofrep/v1/sse``.
        control_heartbeat: between heartbeats on ``/admin/v1/events``; a WebSocket is pinged as often.
        client_frame: the longest frame that a client may send over a WebSocket.
        client_frames: how many it may send in ten seconds, pings included.
        slice: how long evaluating many flags may hold the event loop.
    """

    header_deadline: float = 5.0
    body_deadline: float = 5.0
    write_deadline: float = 30.0
    keep_alive: float = 75.0
    handshake_deadline: float = 5.0
    handshakes: int = field(default_factory=lambda: min(256, connections_allowed() // 4))
    drain: float = 5.0
    body: int = 1_000_000
    connections: int = field(default_factory=connections_allowed)
    health_reserve: int = 8
    subscribers: int = 1_000
    stream_buffer: int = 64 * 1024
    stall: float = 5.0
    downloads: int = 32
    download_deadline: float = 60.0
    heartbeat: float = 0.5
    comment: float = 15.0
    control_heartbeat: float = 15.0
    client_frame: int = 1024
    client_frames: int = 100
    slice: float = 0.005

    @property
    def connections_over_tcp(self) -> int:
        """How many connections may be open over TCP where there is a Unix socket."""
        return _most_of(self.connections)

    def streams(self, *, trusted: bool) -> int:
        """How many event streams may be open at once, before one more is opened over the Unix socket, or over
        TCP."""
        most = min(self.subscribers, self.connections // 2)
        return most if trusted else _most_of(most)


def _most_of(places: int) -> int:
    return places - places // 4
