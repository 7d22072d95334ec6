"""A connection to the daemon, with TLS or without."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, NamedTuple

from ..address import Address
from .tls_failure import TlsFailure

if TYPE_CHECKING:
    from .channel import Channel

READ_SIZE = 65536


class Connection(NamedTuple):
    """A connected socket.

    Attributes:
        socket: to wait for, and to read and write bytes as they go over the line.
        address: of the daemon.
        channel: turns what is said into those bytes, and back; None where they are the same.
    """

    socket: socket.socket
    address: Address
    channel: Channel | None = None

    def encode(self, data: bytes) -> bytes:
        """What to send in order to say something. Raises OSError."""
        return data if self.channel is None else self.channel.encode(data)

    def decode(self, received: bytes) -> bytes | None:
        """What was said; None where nothing was yet.

        Args:
            received: empty at the end.

        Returns:
            Empty bytes at the end.

        Raises:
            OSError: it is not what the peer said, or not all of it.
        """
        return received if self.channel is None else self.channel.decode(received)

    @property
    def ended(self) -> bool:
        """Whether the peer said that it says no more, though the socket may not have ended yet."""
        return self.channel is not None and self.channel.ended

    def is_quiet(self) -> bool:
        """Whether nothing was said that nobody asked for, not even an end."""
        if not _is_readable(self.socket):
            return True
        if self.channel is None:
            return False
        # By TLS 1.3 the daemon sends tickets, for sessions that are never resumed, whenever it likes.
        try:
            return self.channel.decode(self.socket.recv(READ_SIZE)) is None and not _is_readable(self.socket)
        except OSError:
            return False

    def close(self) -> None:
        """Say goodbye, without waiting, and close the socket."""
        if self.channel is not None:
            try:
                self.socket.setblocking(False)
                self.socket.send(self.channel.goodbye())
            except OSError:
                pass
        self.socket.close()

    def explain(self, error: OSError) -> str:
        """Say what broke it."""
        if self.channel is not None and not isinstance(error, TlsFailure):
            error = self._last_word() or error
        if isinstance(error, TlsFailure):
            return f"{self.address}: {error.strerror}"
        return f"{self.address}: the connection broke: {error.strerror or error}"

    def _last_word(self) -> TlsFailure | None:
        """Why the daemon ended the connection, where it said so before sending to it failed."""
        assert self.channel is not None
        try:
            self.socket.setblocking(False)
            self.channel.decode(self.socket.recv(READ_SIZE))
        except TlsFailure as failure:
            return failure
        except OSError:
            pass
        return None


def _is_readable(peer: socket.socket) -> bool:
    poll = select.poll()
    poll.register(peer, select.POLLIN)
    return bool(poll.poll(0))
