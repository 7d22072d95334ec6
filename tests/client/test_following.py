"""How far a client has come: the places that it goes on from."""

from __future__ import annotations

from burgee.client.following import Progress
from burgee.wire.control_events import EventMessage, HeartbeatMessage, Position, ResetMessage


def event(sequence: int, epoch: str = "e") -> EventMessage:
    return EventMessage(Position(epoch, sequence), "flag.updated", 0.0, 1)


def test_an_event_is_told_once_whoever_repeats_it() -> None:
    progress = Progress(Position("e", 4))
    told = [progress.take(event(number)) for number in (4, 5, 5, 3, 6)]
    assert told == [None, event(5), None, None, event(6)]
    assert progress.position == Position("e", 6)


def test_a_heartbeat_is_a_place_to_go_on_from_and_is_not_told() -> None:
    progress = Progress()
    assert progress.take(HeartbeatMessage(Position("e", 9), 1)) is None
    assert progress.position == Position("e", 9)
    assert progress.take(event(9)) is None


def test_after_a_reset_events_are_counted_anew() -> None:
    progress = Progress(Position("e", 900))
    reset = ResetMessage(Position("f", 3), 1, "", "epoch")
    assert progress.take(reset) is reset
    assert progress.take(event(4, "f")) == event(4, "f")
    again = ResetMessage(Position("f", 2), 1, "", "behind")
    assert progress.take(again) is again
    assert progress.take(event(3, "f")) == event(3, "f")
