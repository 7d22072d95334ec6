"""A client of a running daemon: its stream of changes, its snapshot, and evaluation that goes on without it.

Unlike the rest of ``burgee`` it does input and output. :class:`Client` blocks, :class:`AsyncClient` suspends;
both drive the same conversations, which know neither sockets nor threads.
"""

from __future__ import annotations

from burgee.client.asynchronous import AsyncClient
from burgee.client.blocking import Client
from burgee.client.errors import Refused, Unreachable
from burgee.client.requests import Answer
from burgee.wire.control_events import EventMessage, Position, ResetMessage

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "EventMessage",
    "Position",
    "Refused",
    "ResetMessage",
    "Unreachable",
]
