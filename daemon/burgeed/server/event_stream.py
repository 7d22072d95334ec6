"""What every kind of event stream has in common: how many there may be, and noticing that one is not read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from burgee.resolution import ErrorCode
from burgeed.server.errors import RETRY, Refusal
from burgeed.server.limits import Limits
from burgeed.server.state import ServerState

KERNEL_BUFFER: Final = 16 * 1024
"""Bytes that the kernel may hold for one subscriber, so that a stalled one is noticed before it costs
much.
"""

STREAM_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "Server": "burgee",
}


@contextmanager
def admitted(limits: Limits, state: ServerState, *, trusted: bool) -> Iterator[None]:
    """Count a subscriber for as long as its stream is open.

    Args:
        trusted: whether it came over the Unix socket, where some places are kept.

    Raises:
        Refusal: 503 where the server is draining or has as many subscribers as it may.
    """
    if state.draining:
        raise Refusal(503, ErrorCode.GENERAL, "the daemon is shutting down", headers=RETRY, close=True)
    beyond = state.subscribers >= limits.streams(trusted=True)
    if beyond or (not trusted and state.subscribers_over_tcp >= limits.streams(trusted=False)):
        state.refused += 1
        raise Refusal(503, ErrorCode.GENERAL, "there are too many event streams", headers=RETRY, close=True)
    over_tcp = 0 if trusted else 1
    state.subscribers += 1
    state.subscribers_over_tcp += over_tcp
    try:
        yield
    finally:
        state.subscribers -= 1
        state.subscribers_over_tcp -= over_tcp


def open_transport(request: web.Request) -> asyncio.Transport:
    """The request's transport, with little room in the kernel. Raises ConnectionResetError."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client is gone")
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
    return transport


class Unread:
    """Notices that a subscriber leaves its buffer as it is.

    Args:
        stall: for how many seconds it may.
    """

    __slots__ = ("_since", "_stall", "_waiting")

    def __init__(self, stall: float) -> None:
        self._stall = stall
        self._waiting = 0
        self._since = 0.0

    def is_stalled(self, waiting: int, now: float) -> bool:
        """Whether it has not read for too long.

        Args:
            waiting: bytes in its buffer now.
            now: monotonic seconds.
        """
        if not waiting or waiting < self._waiting or not self._waiting:
            self._since = now
        self._waiting = waiting
        return waiting > 0 and now - self._since >= self._stall
