"""Who is at the other end of a connection, as the kernel tells it.

On a Unix socket that is the uid of the process that connected, at the time it did (``SO_PEERCRED``, unix(7)).
Its pid is not looked at: the process may have ended, and another one may have that number.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from typing import NamedTuple

_CREDENTIALS = struct.Struct("3i")
"""``struct ucred``: pid, uid, gid."""


class Peer(NamedTuple):
    """The other end.

    Attributes:
        uid: of the process on the Unix socket, an unsigned 32-bit number; None elsewhere, and where the
            kernel does not tell.
        address: its address on TCP; empty on the Unix socket.
        near: whether the daemon was reached by the Unix socket or by a loopback address of its own.
    """

    uid: int | None = None
    address: str = ""
    near: bool = False

    @property
    def name(self) -> str:
        """As logs and the audit show it."""
        return self.address if self.uid is None else f"uid:{self.uid}"


UNKNOWN = Peer()
"""Of a connection that says nothing about itself, such as one that is gone."""


def peer_of(transport: asyncio.BaseTransport | None) -> Peer:
    """Ask the kernel about a transport's other end."""
    connected = None if transport is None else transport.get_extra_info("socket")
    if transport is None or connected is None:
        return UNKNOWN
    if connected.family == socket.AF_UNIX:
        return Peer(_uid_of(connected), near=True)
    own, other = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
    return Peer(None, str(other[0]) if other else "", bool(own) and _is_loopback(str(own[0])))


def _uid_of(connected: socket.socket) -> int | None:
    try:
        credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    return int(uid) & 0xFFFFFFFF


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
