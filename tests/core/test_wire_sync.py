"""The event stream's framing (WHATWG HTML, server-sent events), and Burgee's own events."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.errors import MessageError
from burgee.generation import Generation
from burgee.wire.sync import HEARTBEAT, EventParser, GenerationEvent, ServerSentEvent, encode


def parsed(*chunks: bytes) -> list[ServerSentEvent]:
    parser = EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [
                ("message", "first event", "1"),
                ("message", "second event", ""),
                ("message", " third event", ""),
            ],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("message", "", ""), ("message", "\n", "")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test", ""), ("message", "test", "")]),
        (b"event: add\ndata: 1\n\ndata: 2\n\n", [("add", "1", ""), ("message", "2", "")]),
        (b"event: lost\n\ndata: 1\n\n", [("message", "1", "")]),
        (b"id: 7\ndata: a\n\ndata: b\n\n", [("message", "a", "7"), ("message", "b", "7")]),
        (b"id: 7\0\ndata: a\n\n", [("message", "a", "")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("message", "a", "")]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("message", "a", "")]),
        (b"data: a\r\ndata: b\r\n\r\n", [("message", "a\nb", "")]),
        (
            b"data: a\r\rdata: b\r\n\rdata: c\n\r",
            [("message", "a", ""), ("message", "b", ""), ("message", "c", "")],
        ),
        (b"data: a: b\nretry: 5\nunknown: x\n\n", [("message", "a: b", "")]),
        ("data: a\u2028b\x0bc\x85\n\n".encode(), [("message", "a\u2028b\x0bc\x85", "")]),
        (b"data: \xff\n\n", [("message", "\ufffd", "")]),
        (b"data: cut off\n", []),
        (b"", []),
    ],
)
def test_a_stream_is_read_as_the_standard_has_it(stream: bytes, expected: list[tuple[str, str, str]]) -> None:
    events = [ServerSentEvent(*event) for event in expected]
    assert parsed(stream) == events
    assert parsed(*(bytes([byte]) for byte in stream)) == events


pieces = st.sampled_from(
    [
        b"data",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"event: x",
        b"id: 1",
        b"\xef\xbb\xbf",
        "ä€".encode(),
        b"\n\n",
    ]
)


@given(st.lists(pieces).map(b"".join), st.data())
def test_any_cutting_of_a_stream_gives_the_same_events(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    bounds = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(bounds)]
    assert parsed(*chunks) == parsed(stream)
    assert parsed(*(bytes([byte]) for byte in stream)) == parsed(stream)


one_line = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))


@given(
    one_line,
    st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])),
    one_line,
)
def test_what_is_encoded_is_read_back(event: str, text: str, identity: str) -> None:
    written = ServerSentEvent(event or "message", text, identity)
    assert parsed(encode(written)) == [written]


@pytest.mark.parametrize(
    "event", [ServerSentEvent("a\nb"), ServerSentEvent(id="a\rb"), ServerSentEvent(id="\0")]
)
def test_an_event_that_could_not_be_read_back_is_not_written(event: ServerSentEvent) -> None:
    with pytest.raises(ValueError, match="one line"):
        encode(event)


def test_an_event_comes_with_the_byte_that_ends_it() -> None:
    parser = EventParser()
    assert parser.feed(b"data: a\r") == []
    assert parser.feed(b"\r") == [ServerSentEvent(data="a")]
    assert parser.feed(b"\ndata: b\n\n") == [ServerSentEvent(data="b")]


def test_a_line_over_its_limit_ends_the_stream_even_when_it_drips() -> None:
    parser = EventParser(line_limit=10)
    with pytest.raises(MessageError, match="over 10 bytes"):
        for _ in range(11):
            parser.feed(b"x")


def test_an_event_of_many_lines_is_bounded_too() -> None:
    parser = EventParser(data_limit=100)
    with pytest.raises(MessageError, match="over 100 bytes"):
        parser.feed(b"data: 0123456789\n" * 10)


def test_the_limit_is_for_each_event() -> None:
    parser = EventParser(data_limit=30)
    assert len(parser.feed(b"data: 0123456789\n\n" * 10)) == 10


def test_the_heartbeat_is_an_event_of_that_name() -> None:
    assert [event.event for event in parsed(HEARTBEAT)] == ["heartbeat"]


generations = st.builds(
    GenerationEvent,
    one_line,
    st.integers(0, 2**63 - 1),
    one_line,
    st.none() | st.frozensets(one_line),
    one_line,
    st.integers(0, 2**31),
)


@given(generations)
def test_a_generation_event_is_read_as_it_was_written(event: GenerationEvent) -> None:
    (received,) = parsed(event.encode())
    assert received.event == "generation"
    assert GenerationEvent.read(received) == event


def test_a_generation_event_has_the_fields_of_the_design() -> None:
    event = GenerationEvent("abc", 7, "tag", frozenset({"b", "a"}), "config", 3)
    (received,) = parsed(event.encode())
    assert orjson.loads(received.data) == {
        "epoch": "abc",
        "number": 7,
        "etag": "tag",
        "flagsChanged": ["a", "b"],
        "reason": "config",
        "times": 3,
    }
    assert received.id == "abc-7"
    assert event.generation == Generation("abc", 7)


def test_fields_that_a_later_daemon_adds_do_not_matter_and_optional_ones_may_be_absent() -> None:
    event = GenerationEvent.read(ServerSentEvent("generation", '{"epoch": "e", "number": 1, "new": []}'))
    assert event == GenerationEvent("e", 1, flags_changed=None)


@pytest.mark.parametrize(
    "data",
    [
        "no json",
        "[]",
        '{"epoch": 1, "number": 1}',
        '{"epoch": "e", "number": true}',
        '{"epoch": "e", "number": 1.5}',
        '{"epoch": "e", "number": 1, "flagsChanged": "a"}',
        '{"epoch": "e", "number": 1, "flagsChanged": [1]}',
    ],
)
def test_a_generation_event_that_is_none_is_refused(data: str) -> None:
    with pytest.raises(MessageError):
        GenerationEvent.read(ServerSentEvent("generation", data))
