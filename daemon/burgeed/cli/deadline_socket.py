"""Sockets each of whose waits ends at one common time."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any


class DeadlineSocket(socket.socket):
    """One without TLS.

    Attributes:
        until: when the last wait ends, in seconds of ``monotonic``.
    """

    until = 0.0
    monotonic: Callable[[], float]

    def limit(self) -> None:
        """Let the next wait last until the deadline at most."""
        self.settimeout(_remaining(self))

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.limit()
        return super().recv_into(*arguments, **options)


class DeadlineTlsSocket(ssl.SSLSocket):
    """One with TLS, after its handshake; sent bytes may wait for each record."""

    until = 0.0
    monotonic: Callable[[], float]

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(_remaining(self))
        return super().recv_into(*arguments, **options)

    def send(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(_remaining(self))
        try:
            return super().send(*arguments, **options)
        except OSError:
            # The daemon is gone; why, it may have said before: by TLS 1.3 it looks at a client's certificate
            # after the client's own handshake.
            self.recv_into(bytearray(1))
            raise


def _remaining(limited: DeadlineSocket | DeadlineTlsSocket) -> float:
    remaining = limited.until - limited.monotonic()
    if remaining <= 0:
        raise TimeoutError("timed out")
    return remaining
