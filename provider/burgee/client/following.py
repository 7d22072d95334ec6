"""Following the daemon's events, whatever happens to it: a conversation without input or output."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from openfeature.contrib.provider.burgee.address import Address
from openfeature.contrib.provider.burgee.clock import Clock, Random

from burgee.client.errors import Refused, Unreachable
from burgee.client.event_reader import StreamReader
from burgee.client.steps import Connect, Disconnect, Pause, Receive, Send, Steps, Tell
from burgee.wire.control_events import (
    HEARTBEAT_INTERVAL,
    EventMessage,
    HeartbeatMessage,
    Message,
    Position,
    ResetMessage,
)

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
CONNECT_TIME: Final = 2.0
ANSWER_TIME: Final = 10.0
"""Seconds from the request to the daemon's agreement, unless it is taken for silent earlier."""
STEADY_AFTER: Final = 2.0
"""Seconds that a stream has to last before a lost one is followed up without a growing pause."""
SILENT_AFTER: Final = 2.5 * HEARTBEAT_INTERVAL
"""Seconds without a byte after which the daemon is taken for silent."""


class Progress:
    """How far following has come.

    Attributes:
        position: of the last message; None before the first.
        connected: whether the daemon speaks.
        heard_at: when it did last, in monotonic seconds; never is minus infinity.
        diagnosis: what keeps it from being followed, or how far that has come.
    """

    def __init__(self, position: Position | None = None) -> None:
        self.position = position
        self.connected = False
        self.heard_at = -math.inf
        self.diagnosis = "no connection yet"

    def take(self, message: Message) -> EventMessage | ResetMessage | None:
        """Note a message; return it where it is to be told: never twice."""
        before, self.position = self.position, message.position
        if isinstance(message, HeartbeatMessage):
            return None
        if isinstance(message, EventMessage) and before is not None:
            known = message.position.epoch == before.epoch and message.position.sequence <= before.sequence
            if known:
                self.position = before
                return None
        return message


def longest_pause(failures: int) -> float:
    """Seconds that the pause after so many failures in a row has at most."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures, 16))


def follow(
    open_stream: Callable[[Address, Position | None], StreamReader],
    progress: Progress,
    *,
    clock: Clock,
    random: Random,
    silence: float = SILENT_AFTER,
    insist: bool = False,
) -> Steps:
    """Tell events for ever, over one stream after another.

    Args:
        open_stream: a stream that goes on from a position.
        progress: where to begin; kept up to date.
        silence: seconds without a byte after which the daemon is taken for silent.
        insist: ask again too where that will hardly change the answer, as when a token is not accepted.

    Raises:
        Refused: unless it insists.
    """
    answer_time = min(ANSWER_TIME, silence)
    failures = 0
    while True:
        spoke_since = math.inf
        try:
            address = yield Connect(CONNECT_TIME)
            reader = open_stream(address, progress.position)
            progress.diagnosis = f"{address}: connected, and nothing is said there yet"
            yield Send(reader.request(), answer_time)
            until = clock.monotonic() + answer_time
            while True:
                patience = silence if reader.opened else max(0.001, until - clock.monotonic())
                received = yield Receive(patience)
                messages = reader.feed(received)
                progress.heard_at = clock.monotonic()
                reply = reader.reply()
                if reply:
                    yield Send(reply, silence)
                for message in messages:
                    if not progress.connected:
                        progress.connected = True
                        progress.diagnosis = f"{address}: it speaks"
                        spoke_since = progress.heard_at
                    told = progress.take(message)
                    if told is not None:
                        yield Tell(told)
        except Unreachable as failure:
            progress.diagnosis = str(failure)
            if isinstance(failure, Refused) and failure.lasting and not insist:
                raise
        finally:
            progress.connected = False
        yield Disconnect()
        failures = 0 if clock.monotonic() - spoke_since >= STEADY_AFTER else failures + 1
        yield Pause(random.uniform(0, longest_pause(failures)))
