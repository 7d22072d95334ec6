"""The messages of the stream, in both directions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee.errors import MessageError
from burgee.wire.control_events import (
    TYPES,
    EventMessage,
    HeartbeatMessage,
    Message,
    Position,
    ResetMessage,
    encode,
    read,
    server_sent,
)
from burgee.wire.sync import EventParser, ServerSentEvent

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
POSITIONS = st.builds(Position, st.text("0123456789abcdef-", min_size=1, max_size=16), st.integers(0, 2**53))
COUNTS = st.integers(0, 2**53)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        EventMessage,
        position=POSITIONS,
        type=st.sampled_from(TYPES),
        at=st.floats(0, 4e9),
        revision=COUNTS,
        actor=TEXT,
        reason=TEXT,
        flag_set=TEXT,
        flag_key=TEXT,
        level=TEXT,
        scope=TEXT,
        data=st.dictionaries(TEXT, st.one_of(st.none(), TEXT, st.integers(0, 99)), max_size=3),
        skipped=COUNTS,
        omitted=st.booleans(),
    ),
    st.builds(
        ResetMessage, POSITIONS, COUNTS, TEXT, st.sampled_from(["connected", "epoch", "gap", "behind"])
    ),
    st.builds(HeartbeatMessage, POSITIONS, COUNTS),
)


@settings(max_examples=60)
@given(MESSAGES)
def test_what_is_written_is_read_again(message: Message) -> None:
    assert read(encode(message)) == message


@settings(max_examples=60)
@given(MESSAGES, st.integers(1, 50))
def test_a_message_survives_server_sent_events_however_they_are_cut(message: Message, size: int) -> None:
    kind = json.loads(encode(message))["type"]
    data = server_sent(message.position, kind, encode(message))
    parser = EventParser()
    events = [event for at in range(0, len(data), size) for event in parser.feed(data[at : at + size])]
    assert events == [ServerSentEvent(kind, encode(message).decode(), str(message.position))]


@pytest.mark.parametrize(
    "text", ["", "-", "e-", "-1", "e1", "e-1.5", "e-+1", "e-١", "e- 1", "e" * 127 + "-1"]
)
def test_what_is_no_id_is_not_read_as_one(text: str) -> None:
    assert Position.parse(text) is None


@pytest.mark.parametrize(
    "document",
    [
        b"", b"[]", b"{", b'"reset"', {}, {"id": "e-1"}, {"id": "e-1", "type": "reset"},
        {"id": "e", "type": "reset", "revision": 1}, {"id": "e-1", "type": "", "revision": 1},
        {"id": "e-1", "type": "reset", "revision": True}, {"id": "e-1", "type": "reset", "revision": -1},
        {"id": "e-1", "type": "flag.updated", "revision": 1}, {"id": 1, "type": "reset", "revision": 1},
        {"id": "e-1", "type": "flag.updated", "revision": 1, "at": "now"},
        {"id": "e-1", "type": "flag.updated", "revision": 1, "at": 1, "data": []},
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(document: Any) -> None:
    with pytest.raises(MessageError):
        read(document if isinstance(document, bytes) else json.dumps(document))


def test_what_a_newer_daemon_adds_is_left_aside() -> None:
    document = {"id": "e-1", "type": "flag.archived", "revision": 1, "at": 2, "colour": "red", "skipped": "?"}
    assert read(json.dumps(document)) == EventMessage(Position("e", 1), "flag.archived", 2.0, 1)
    newer = {"id": "e-1", "type": "reset", "revision": 1, "why": "moved", "generation": 3}
    assert read(json.dumps(newer)) == ResetMessage(Position("e", 1), 1, "", "gap")
