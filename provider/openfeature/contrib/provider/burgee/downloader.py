"""What fetches the daemon's snapshot, and can be told to stop."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from burgee.generation import Generation

from .clock import Clock
from .download import DOWNLOAD_DEADLINE, download
from .transports.blocking import BlockingTransport, connect
from .transports.connection import Connection
from .transports.endpoint import Whereabouts
from .transports.idle import IdleConnections


class Downloader:
    """Downloads in the calling thread, over a connection of its own each time.

    Args:
        places: where the daemon may be.
        token: sent as a bearer token; empty for none.
        clock: for the deadline.
    """

    def __init__(self, places: Sequence[Whereabouts], token: str, clock: Clock) -> None:
        self._places = tuple(places)
        self._token = token
        self._clock = clock
        self._idle = IdleConnections()
        self._transport = BlockingTransport(self._places, self._idle, clock)
        self._connection: Connection | None = None

    def fetch(self, held: Generation | None) -> bytes | None:
        """Get the snapshot's bytes, unchecked; None where ``held`` is what is served. One thread at a time.

        Raises:
            Unreachable: no usable answer, or not in time.
        """
        expires = self._clock.monotonic() + DOWNLOAD_DEADLINE
        self._connection = connect(self._places, expires, self._clock)
        self._idle.give(self._connection)
        try:
            return self._transport.run(download(self._token, held), expires - self._clock.monotonic())
        finally:
            self._connection = None
            self._idle.close()

    def abort(self) -> None:
        """Have a download that is under way fail at once."""
        connection = self._connection
        if connection is not None:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def after_fork(self) -> None:
        """In a forked child: the connection is the parent's."""
        self._connection = None
