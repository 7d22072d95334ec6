"""Who is at the other end of a connection, as the kernel tells it.

Under mutual TLS a client's certificate names them, too.

On a Unix socket that is the uid of the process that connected, at the time it did (``SO_PEERCRED``, unix(7)).
Its pid is not looked at: the process may have ended, and another one may have that number.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from typing import NamedTuple

from burgeed.server.tls.subject import name_of

_CREDENTIALS = struct.Struct("3i")
"""``struct ucred``: pid, uid, gid."""


class Peer(NamedTuple):
    """The other end.

    Attributes:
        uid: of the process on the Unix socket, an unsigned 32-bit number; None elsewhere, and where the
            kernel does not tell.
        address: its address on TCP; empty on the Unix socket.
        near: whether the daemon was reached by the Unix socket or by a loopback address of its own.
        certificate: whom the certificate names that the client has shown and an authority of ours has issued,
            as :func:`burgeed.server.tls.subject.name_of` writes it; empty where there is none.
    """

    uid: int | None = None
    address: str = ""
    near: bool = False
    certificate: str = ""

    @property
    def is_admitted(self) -> bool:
        """Whether the way in has said who may come: the socket, loopback, or a client's certificate."""
        return self.near or bool(self.certificate)

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
    near = bool(own) and _is_loopback(str(own[0]))
    return Peer(None, str(other[0]) if other else "", near, _certificate_of(transport))


def _certificate_of(transport: asyncio.BaseTransport) -> str:
    """Only one that was verified is told of by Python: of others there is an empty mapping."""
    shown = transport.get_extra_info("peercert")
    encoded = transport.get_extra_info("ssl_object").getpeercert(binary_form=True) if shown else None
    return name_of(shown, encoded) if shown and encoded else ""


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
