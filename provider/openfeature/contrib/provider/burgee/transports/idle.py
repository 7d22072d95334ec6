"""Connections between two requests."""

from __future__ import annotations

import os
from collections import deque

from .connection import Connection

MOST = 64
"""How many are kept."""


class IdleConnections:
    """A stack of open connections that nobody is using; the one used last is taken first.

    Both drivers share it, as a connection at rest is bound to no thread and to no event loop. Threads need no
    lock: a deque's ends are atomic. A connection taken is its taker's alone. One that has ended at rest, or
    over which something came that nobody asked for, is closed: it would answer the next question. In a
    forked child the parent's connections are dropped unread, since two processes would mix up their answers.
    """

    def __init__(self) -> None:
        self._connections: deque[Connection] = deque()
        self._inherited: deque[Connection] = deque()
        self._process = os.getpid()

    def take(self) -> Connection | None:
        """The connection used last, or None."""
        if self._process != os.getpid():
            self.after_fork()
        while True:
            try:
                connection = self._connections.pop()
            except IndexError:
                return None
            if connection.is_quiet():
                return connection
            connection.close()

    def give(self, connection: Connection) -> None:
        """Keep a connection for the next request, or close it where enough are kept."""
        if self._process != os.getpid() or len(self._connections) >= MOST:
            connection.close()
        else:
            self._connections.append(connection)

    def close(self) -> None:
        """Close all; ones in use are closed by their users or come back and are kept."""
        while self._connections:
            try:
                self._connections.pop().close()
            except IndexError:
                return

    def after_fork(self) -> None:
        """In a forked child: close its copies of the parent's connections, which go on for the parent."""
        self._process = os.getpid()
        # Their sessions, if they have any, are kept: letting go of one takes a lock that another thread of
        # the parent's may have held.
        self._inherited, self._connections = self._connections, deque()
        for connection in self._inherited:
            connection.socket.close()
