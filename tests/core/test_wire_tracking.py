"""The message of tracked events: what is written is read, and a fault is told with its place."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.errors import MessageError
from burgee.wire.tracking import (
    DEEPEST,
    LONGEST_NAME,
    MOST_EVENTS,
    TrackedEvent,
    read_events,
    write_event,
    write_events,
)

EVENT = {"name": "ordered", "time": "2026-11-21T12:00:00Z"}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | text
scalars |= st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3)
)
objects = st.dictionaries(text.filter(lambda key: key != "targetingKey"), values, max_size=4)
events = st.builds(
    TrackedEvent,
    name=text.filter(bool),
    time=st.integers(0, 4_000_000_000_000_000).map(lambda microseconds: microseconds / 1e6),
    targeting_key=st.none() | text,
    context=objects,
    value=st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    attributes=objects,
)


@given(st.lists(events, max_size=4))
def test_what_is_written_is_read(batch: list[TrackedEvent]) -> None:
    assert read_events(write_events(map(write_event, batch))) == batch


@given(events)
def test_an_event_is_one_line(event: TrackedEvent) -> None:
    assert b"\n" not in write_event(event)


def nested(levels: int) -> Any:
    """An object of so many levels."""
    value: Any = {"leaf": 1}
    for _ in range(levels - 1):
        value = {"in": value}
    return value


def body(**fields: Any) -> bytes:
    return orjson.dumps({"events": [EVENT, {**EVENT, **fields}]})


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b"[]", "the body is not a JSON object"),
        (b"{}", "`events` is not a list"),
        (b'{"events":{}}', "`events` is not a list"),
        (b'{"events":[1]}', "`events[0]` is not an object"),
        (body(name=None), "`events[1].name` is not a text of 1 to 256 characters"),
        (body(name=""), "`events[1].name`"),
        (body(name="n" * (LONGEST_NAME + 1)), "`events[1].name`"),
        (body(time=None), "`events[1].time` is not RFC 3339"),
        (body(time=1764), "`events[1].time`"),
        (body(time="2026-11-21T12:00:00"), "`events[1].time`"),
        (body(time="yesterday"), "`events[1].time`"),
        (body(value="9"), "`events[1].value` is not a number"),
        (body(value=True), "`events[1].value` is not a number"),
        (body().replace(b'"ordered"', b'"ordered","value":1e999'), "the body is not JSON"),
        (body(context=[]), "`events[1].context` is not an object"),
        (body(context=nested(DEEPEST + 1)), "`events[1].context` is nested deeper than 64 levels"),
        (body(attributes="x"), "`events[1].attributes` is not an object"),
        (body(attributes=nested(DEEPEST + 1)), "`events[1].attributes` is nested deeper"),
        (body(targetingKey=7), "`events[1].targetingKey` is not a text"),
        (body(context={"targetingKey": 7}), "`events[1].context.targetingKey` is not a text"),
        (body(targetingKey="a", context={"targetingKey": "b"}), "leave one of them out"),
    ],
)
def test_a_fault_is_told_with_its_place(sent: bytes, message: str) -> None:
    with pytest.raises(MessageError) as caught:
        read_events(sent)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "n" * LONGEST_NAME},
        {"context": nested(DEEPEST)},
        {"attributes": nested(DEEPEST)},
        {"value": None, "context": None, "attributes": None, "targetingKey": None},
        {"unknown": {"to": "us"}},
    ],
)
def test_what_is_within_the_limits_is_taken(fields: dict[str, Any]) -> None:
    assert len(read_events(body(**fields))) == 2


@pytest.mark.parametrize(("number", "refused"), [(MOST_EVENTS, False), (MOST_EVENTS + 1, True)])
def test_a_batch_has_at_most_a_thousand_events(number: int, refused: bool) -> None:
    sent = orjson.dumps({"events": [EVENT] * number})
    if refused:
        with pytest.raises(MessageError, match="over the limit of 1000"):
            read_events(sent)
    else:
        assert len(read_events(sent)) == number


@pytest.mark.parametrize(
    "fields",
    [
        {"targetingKey": "u"},
        {"context": {"targetingKey": "u"}},
        {"targetingKey": "u", "context": {"targetingKey": "u"}},
        {"targetingKey": None, "context": {"targetingKey": "u"}},
    ],
)
def test_the_targeting_key_is_taken_from_either_place(fields: dict[str, Any]) -> None:
    [_, event] = read_events(body(**fields))
    assert (event.targeting_key, dict(event.context)) == ("u", {})


def test_an_offset_and_a_fraction_are_understood() -> None:
    [_, event] = read_events(body(time="2026-11-21T13:00:00.25+01:00"))
    assert b'"time":"2026-11-21T12:00:00.250000Z"' in write_event(event)
