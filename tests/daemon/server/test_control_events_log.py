"""The history of events, and the places in it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.event_server import control_event

from burgee.wire.control_events import TYPES, EventMessage, read
from burgeed.control.event_log import EventLog
from burgeed.control.event_record import LARGEST_EVENT, OVERHEAD
from burgeed.control.events import ControlEvent
from burgeed.server.control_event_filter import EventFilter


def log_of(count: int, **limits: Any) -> EventLog:
    log = EventLog("e1", **limits)
    log.append(control_event(flag_key=f"f{number}", revision=number) for number in range(1, count + 1))
    return log


def test_events_are_numbered_from_one_in_their_order() -> None:
    log = EventLog("e1")
    first = log.append([control_event(flag_key="a"), control_event(flag_key="b")])
    second = log.append([control_event(flag_key="c")])
    assert [(each.sequence, each.flag_key) for each in (*first, *second)] == [(1, "a"), (2, "b"), (3, "c")]
    assert (log.first, log.last, log.since("e1", 1)) == (1, 3, (first[1], *second))


@pytest.mark.parametrize(
    ("epoch", "sequence", "count"),
    [("e1", 25, 0), ("e1", 24, 1), ("e1", 15, 10), ("e1", 14, None), ("e1", 26, None), ("e2", 20, None)],
)
def test_the_history_reaches_back_as_far_as_it_is_long(epoch: str, sequence: int, count: int | None) -> None:
    found = log_of(25, length=10).since(epoch, sequence)
    assert (None if found is None else len(found)) == count


def test_the_history_is_bounded_in_bytes_and_holds_the_newest_event_in_any_case() -> None:
    log = EventLog("e1", bytes_limit=20_000)
    for _ in range(100):
        log.append([control_event(reason="x" * 1_000)])
        assert log.size <= 20_000
    assert 5 <= log.last - log.first + 1 <= 10
    log.append([control_event(reason="x" * 30_000)])
    assert (log.first, log.last, log.since("e1", 100)) == (101, 101, (log.record(101).event,))


def test_nothing_is_remembered_of_what_the_history_has_forgotten() -> None:
    log = log_of(10_000, length=10)
    assert log.size < 10 * (OVERHEAD + 300)
    assert len(log._newest) == len(log._newest_of_type) == len(log._records) == 10


def test_the_history_knows_what_it_told_last() -> None:
    log = EventLog("e1", revision=40)
    assert (log.revision, log.generation) == (40, "")
    log.append([control_event(revision=42), control_event(revision=41)])
    log.append([control_event("generation.published", revision=42, data={"generation": "g-7"})])
    assert (log.revision, log.generation) == (42, "g-7")


def test_what_is_so_before_the_first_event_is_taken_over_and_no_older_word_counts() -> None:
    log = EventLog("e1")
    log.begin(17, "g-3")
    assert (log.revision, log.generation, log.last) == (17, "g-3", 0)
    log.append([control_event("generation.published", revision=18, data={"generation": "g-4"})])
    log.begin(17, "g-3")
    assert (log.revision, log.generation) == (18, "g-4")


def test_an_event_too_long_for_a_message_goes_without_what_makes_it_so() -> None:
    log = EventLog("e1")
    log.append([control_event(data={"before": "x" * LARGEST_EVENT, "after": 1, "target": 3})])
    message = read(log.record(1).document)
    assert isinstance(message, EventMessage)
    assert (message.omitted, dict(message.data)) == (True, {"target": 3})


@pytest.mark.parametrize("value", [{"n": 2**70}, {"s": "\ud800"}, object(), {1: float("nan")}])
def test_what_has_no_place_in_json_never_fails_an_event(value: object) -> None:
    log = EventLog("e1")
    log.append([control_event(reason="lone \ud800", flag_key="f", data={"after": value, "odd": value})])
    message = read(log.record(1).document)
    assert isinstance(message, EventMessage) and message.flag_key == "f"
    assert json.loads(log.record(1).document)["id"] == "e1-1"


def test_who_has_not_taken_what_was_forgotten_begins_anew() -> None:
    log = log_of(5)
    behind, level = log.subscribe(after=3), log.subscribe()
    log.forget()
    assert (log.size, log.since("e1", 4), log.since("e1", 5)) == (0, None, ())
    assert behind.take(1000) is None and behind.start_anew().sequence == 5
    log.append([control_event(flag_key="new")])
    assert [record.event.flag_key for record in level.take(1000) or ()] == ["new"]
    assert [record.event.sequence for record in behind.take(1000) or ()] == [6]


async def test_a_subscription_waits_until_there_is_more() -> None:
    log = EventLog("e1")
    subscription = log.subscribe()
    waiting = asyncio.create_task(subscription.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    log.append([control_event()])
    await asyncio.wait_for(waiting, 5)
    assert subscription.take(1_000_000) == [log.record(1)]
    subscription.close()
    assert log.subscribers == 0


def test_a_portion_is_as_long_as_asked_for() -> None:
    log = log_of(100)
    subscription = log.subscribe(after=0)
    portions = []
    while subscription.has_more:
        portion = subscription.take(1_000)
        assert portion
        assert sum(len(each.document) for each in portion[:-1]) < 1_000
        portions.append(portion)
    assert [each.event.sequence for portion in portions for each in portion] == list(range(1, 101))


KEYS = st.sampled_from(["a", "b", "c"])
EVENTS = st.builds(
    lambda type, flag, level, changed: control_event(
        type,
        flag_key="" if type == "generation.published" else flag,
        level=level if type.startswith("override") else "",
        scope="s" if type.startswith("override") else "",
        data={"flags_changed": changed} if type == "generation.published" else {},
    ),
    st.sampled_from(TYPES),
    KEYS,
    st.sampled_from(["organization", "customer"]),
    st.one_of(st.none(), st.frozensets(KEYS, max_size=2)),
)
FILTERS = st.builds(
    EventFilter,
    flag=st.sampled_from(["", "", "a", "b*"]),
    level=st.sampled_from(["", "", "customer"]),
    types=st.one_of(st.none(), st.frozensets(st.sampled_from(TYPES), min_size=1, max_size=4)),
)


def final(events: list[ControlEvent]) -> dict[Any, int]:
    """The newest event of each state, publications aside."""
    return {each.state_key: each.sequence for each in events if each.type != "generation.published"}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(EVENTS, st.sampled_from(["", "", "behind", "take"])), max_size=40), FILTERS)
def test_whoever_falls_behind_hears_the_newest_of_each_state_once_and_in_order(
    steps: list[tuple[ControlEvent, str]], selection: EventFilter
) -> None:
    log = EventLog("e1")
    subscription = log.subscribe(selection)
    told: list[ControlEvent] = []

    def take() -> None:
        records = subscription.take(400)
        assert records is not None
        told.extend(each.event for each in records)

    for event, then in steps:
        log.append([event])
        if then == "behind":
            subscription.fall_behind()
        elif then == "take":
            take()
    while subscription.has_more:
        take()
    everything = log.since("e1", 0)
    assert everything is not None
    wanted = [each for each in everything if selection.admits(each)]
    sequences = [each.sequence for each in told]
    assert sequences == sorted(set(sequences))
    assert final(told) == final(wanted)
    changed = [each.data["flags_changed"] for each in wanted if each.type == "generation.published"]
    heard = [each.data["flags_changed"] for each in told if each.type == "generation.published"]
    if changed:
        assert heard
        assert None in heard or None not in changed
        assert None in heard or set().union(*changed) <= set().union(*heard)
    if not any(then == "behind" for _, then in steps):
        assert told == wanted
