"""TCP ports that nobody else is given while whoever listens there is away."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


def reserve_port() -> socket.socket:
    """A socket that holds a free port of the loopback interface until it is closed.

    It is bound and does not listen, so connections are refused as where nobody is, and the kernel gives the
    port to nobody who asks for any. Who names the port may listen there: with SO_REUSEADDR, as everybody here
    sets it, two sockets may be bound as long as at most one of them listens.
    """
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


@contextmanager
def reserved_port() -> Iterator[int]:
    """The port of :func:`reserve_port`, while the block runs."""
    with reserve_port() as reserved:
        yield port_of(reserved)


def port_of(bound: socket.socket) -> int:
    """The port that a socket is bound to."""
    return int(bound.getsockname()[1])
