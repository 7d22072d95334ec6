"""What a proxy can do to the bytes of one connection."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

CHUNK = 65536


class Gone(Exception):
    """Raised inside a fault to end its connection."""


class Relay:
    """One connection of a client, and what a fault may do with it.

    Attributes:
        client: whom the fault is for.
        daemon: the other side, None until the fault lets it be connected.
        sent: bytes that the client has received since its last request began.
        asked: bytes of the request under way.
    """

    def __init__(self, stopping: threading.Event, client: socket.socket) -> None:
        self.stopping = stopping
        self.client = client
        self.daemon: socket.socket | None = None
        self.sent = 0
        self.asked = 0

    def answer(self, data: bytes) -> None:
        """Send to the client, for as long as it reads."""
        view = memoryview(data)
        while view:
            if self.stopping.is_set():
                raise Gone
            self.client.settimeout(0.05)
            try:
                taken = self.client.send(view)
            except TimeoutError:
                continue
            view = view[taken:]
            self.sent += taken

    def ask(self, data: bytes) -> None:
        """Send to the daemon."""
        if self.daemon is not None:
            self.daemon.sendall(data)

    def wait(self, seconds: float) -> None:
        """Let time pass, unless the proxy stops or the client goes."""
        until = time.monotonic() + seconds
        while (remaining := until - time.monotonic()) > 0:
            if self.stopping.wait(min(remaining, 0.02)) or self._client_has_gone():
                raise Gone

    def reset(self) -> None:
        """End the connection so that the client sees it reset, not closed."""
        # Over TCP by not lingering. A Unix socket does it where something is left unread.
        with contextlib.suppress(OSError):
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def half_close(self) -> None:
        """Say nothing any more, and go on listening until the client goes."""
        self.client.shutdown(socket.SHUT_WR)
        self.wait(3600)

    def _client_has_gone(self) -> bool:
        # Whatever it sent before may lie unread, so that reading would not tell.
        ends = select.POLLRDHUP | select.POLLHUP | select.POLLERR | select.POLLNVAL
        poll = select.poll()
        try:
            poll.register(self.client, ends)
            return bool(poll.poll(0))
        except (OSError, ValueError):
            return True


class Fault:
    """What is done to bytes: nothing.

    Attributes:
        reads: bytes of a question that are read at once.
    """

    reads = CHUNK

    def accepted(self, relay: Relay) -> None:
        """A client has connected; the daemon is not yet."""

    def asked(self, relay: Relay, data: bytes) -> None:
        """Bytes for the daemon have come."""
        relay.ask(data)

    def answered(self, relay: Relay, data: bytes) -> None:
        """Bytes for the client have come."""
        relay.answer(data)


Act: TypeAlias = Callable[[Relay], None]


class Latency(Fault):
    """Each answer comes later."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def answered(self, relay: Relay, data: bytes) -> None:
        relay.wait(self.seconds)
        relay.answer(data)


class Slice(Fault):
    """Answers, or questions, come in pieces."""

    def __init__(self, size: int, pause: float = 0.0, *, questions: bool = False) -> None:
        self.size, self.pause, self.questions = size, pause, questions

    def _pieces(self, relay: Relay, data: bytes, send: Callable[[bytes], None]) -> None:
        for start in range(0, len(data), self.size):
            send(data[start : start + self.size])
            if self.pause:
                relay.wait(self.pause)

    def asked(self, relay: Relay, data: bytes) -> None:
        if self.questions:
            self._pieces(relay, data, relay.ask)
        else:
            relay.ask(data)

    def answered(self, relay: Relay, data: bytes) -> None:
        if self.questions:
            relay.answer(data)
        else:
            self._pieces(relay, data, relay.answer)


class After(Fault):
    """Each answer goes through up to a byte, and then something else happens.

    Args:
        count: bytes; negative ones count from the end of the bytes that came.
        act: what happens.
    """

    def __init__(self, count: int, act: Act) -> None:
        self.count, self.act = count, act

    def answered(self, relay: Relay, data: bytes) -> None:
        left = self.count if self.count < 0 else max(0, self.count - relay.sent)
        kept = data[:left]
        relay.answer(kept)
        if len(kept) < len(data) or relay.sent >= self.count > 0:
            self.act(relay)


class Rewrite(Fault):
    """Each answer is another one."""

    def __init__(self, rewrite: Callable[[bytes], bytes]) -> None:
        self.rewrite = rewrite

    def answered(self, relay: Relay, data: bytes) -> None:
        relay.answer(self.rewrite(data))


class Instead(Fault):
    """Questions do not reach the daemon; something else happens.

    Args:
        act: what happens, with the first bytes of each question.
        reads: how many bytes are read before; the rest stays unread.
    """

    def __init__(self, act: Act, reads: int = CHUNK) -> None:
        self.act, self.reads = act, reads

    def asked(self, relay: Relay, data: bytes) -> None:
        self.act(relay)


class OnAccept(Fault):
    """Something happens to whoever connects, before a question, and to whoever is connected and asks."""

    def __init__(self, act: Act) -> None:
        self.act = act

    def accepted(self, relay: Relay) -> None:
        self.act(relay)

    def asked(self, relay: Relay, data: bytes) -> None:
        raise Gone


# What happens.


def close(relay: Relay) -> None:
    """The connection is closed."""
    raise Gone


def reset(relay: Relay) -> None:
    """The connection is reset."""
    relay.reset()


def half_close(relay: Relay) -> None:
    """Nothing more is said."""
    relay.half_close()


def hang(relay: Relay) -> None:
    """Nothing happens at all, for ever."""
    relay.wait(3600)


def swallow(relay: Relay) -> None:
    """The question is read, and that is all."""


def say(data: bytes, then: Act = swallow) -> Act:
    """Something is said."""

    def act(relay: Relay) -> None:
        relay.answer(data)
        then(relay)

    return act


def repeat(data: bytes, first: bytes = b"", pause: float = 0.0) -> Act:
    """Something is said again and again, without end."""

    def act(relay: Relay) -> None:
        relay.answer(first)
        while True:
            relay.answer(data)
            relay.wait(pause)

    return act
