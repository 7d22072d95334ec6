"""What a conversation wants done: one step at a time, by a driver that blocks or by one that suspends.

A conversation is a generator. It yields a step, is sent what came of it, or has Unreachable thrown into it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeAlias

from openfeature.contrib.provider.burgee.exchange import Conversation

from burgee.wire.control_events import EventMessage, ResetMessage


class Connect(NamedTuple):
    """Open a connection of its own; the address that answered is sent back.

    Attributes:
        seconds: that it may take.
    """

    seconds: float


class Send(NamedTuple):
    """Send bytes over that connection.

    Attributes:
        seconds: that it may take.
    """

    data: bytes
    seconds: float


class Receive(NamedTuple):
    """Wait for the next bytes, which are sent back; empty at the connection's end.

    Attributes:
        seconds: after which Unreachable is thrown.
    """

    seconds: float


class Disconnect(NamedTuple):
    """Close that connection, if it is open."""


class Pause(NamedTuple):
    """Let time pass."""

    seconds: float


class Tell(NamedTuple):
    """Give a message to whoever listens."""

    message: EventMessage | ResetMessage


class Ask(NamedTuple):
    """Have an exchange over another connection; its outcome is sent back."""

    conversation: Conversation[Any]
    seconds: float


Step: TypeAlias = Connect | Send | Receive | Disconnect | Pause | Tell | Ask
Steps: TypeAlias = Generator[Step, Any, None]
