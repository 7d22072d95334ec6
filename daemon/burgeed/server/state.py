"""What the server is doing right now, counted in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(slots=True)
class ServerState:
    """Counters since the start; ``draining``, ``connections``, ``subscribers`` and ``in_flight`` are of now.

    Attributes:
        draining: the server is on its way out: not ready, no new event streams.
        requests: taken, those that end in an error among them.
        failures: requests that ended in an exception nobody expected.
        malformed: what was not HTTP.
        denied: requests of somebody who was not who they said, or who may not.
        refused: connections closed, or answered 503, since there were too many.
        silent: connections closed since no header came in time, or others needed the place of an idle one.
        evicted: clients dropped since they did not read.
        handshakes_failed: TLS handshakes of which no connection came.
        in_flight: requests that are not yet answered.
    """

    draining: bool = False
    connections: int = 0
    subscribers: int = 0
    subscribers_over_tcp: int = 0
    requests: int = 0
    failures: int = 0
    malformed: int = 0
    denied: int = 0
    refused: int = 0
    silent: int = 0
    evicted: int = 0
    handshakes_failed: int = 0
    in_flight: int = 0
    _done: asyncio.Event | None = None

    def begin(self) -> None:
        """A request has come."""
        self.requests += 1
        self.in_flight += 1

    def end(self) -> None:
        """It is answered."""
        self.in_flight -= 1
        if self._done is not None and not self.in_flight:
            self._done.set()

    async def idle(self) -> None:
        """Wait until no request is in flight."""
        if self.in_flight:
            self._done = asyncio.Event()
            await self._done.wait()

    def report(self) -> dict[str, int]:
        """The counters as JSON has them."""
        return {
            "connections": self.connections,
            "subscribers": self.subscribers,
            "requests": self.requests,
            "failures": self.failures,
            "malformed": self.malformed,
            "denied": self.denied,
            "refused": self.refused,
            "silent": self.silent,
            "evicted": self.evicted,
            "handshakesFailed": self.handshakes_failed,
        }
