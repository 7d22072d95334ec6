"""The machine behind READY, STALE and ERROR, and what the event stream lets others know."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.contrib.provider.burgee.clock import SystemClock
from openfeature.contrib.provider.burgee.status import Status, StatusMachine
from openfeature.contrib.provider.burgee.stream_knowledge import StreamKnowledge

from burgee.generation import Generation
from tests.provider.conftest import fastest

ONE, TWO = Generation("e", 1), Generation("e", 2)


class HandClock(SystemClock):
    """Time that stands until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_silence_makes_stale_then_error_and_a_word_makes_ready_each_once() -> None:
    machine = StatusMachine(0, silent_after=1.5, grace=10)
    assert machine.heard(0) is None
    assert [machine.tick(now) for now in (1.4, 1.5, 1.6, 11.4, 11.5, 99)] == [
        None,
        Status.STALE,
        None,
        None,
        Status.ERROR,
        None,
    ]
    assert [machine.heard(100), machine.heard(101)] == [Status.READY, None]


def test_bytes_put_silence_off() -> None:
    machine = StatusMachine(0, silent_after=1.5)
    machine.heard(0)
    machine.heard(1)
    assert [machine.tick(2.4), machine.tick(2.5)] == [None, Status.STALE]


def test_while_initialize_waits_there_is_nothing_to_say() -> None:
    machine = StatusMachine(0)
    assert machine.tick(1e9) is None
    machine.gave_up()
    assert machine.tick(2e9) is None
    assert machine.heard(3e9) is Status.READY


def test_where_nobody_waits_the_start_is_announced_whichever_way_it_ends() -> None:
    heard, silent = (StatusMachine(0, patience=5) for _ in range(2))
    assert (heard.tick(4.9), heard.heard(4.9), heard.heard(5)) == (None, Status.READY, None)
    assert [silent.tick(now) for now in (4.9, 5, 6)] == [None, Status.ERROR, None]


def test_a_start_without_the_daemon_is_stale_and_becomes_an_error_after_the_grace() -> None:
    machine = StatusMachine(0, grace=10)
    assert [machine.fell_back(1), machine.fell_back(2)] == [Status.STALE, None]
    machine.gave_up()
    assert [machine.tick(10.9), machine.tick(11)] == [None, Status.ERROR]
    assert machine.heard(12) is Status.READY


@pytest.mark.parametrize(
    ("since", "told"),
    [(Status.READY, Status.STALE), (Status.STALE, Status.ERROR), (Status.ERROR, None)],
)
def test_a_machine_that_takes_over_repeats_nothing_and_goes_on(since: Status, told: Status | None) -> None:
    machine = StatusMachine(100, since=since, silent_after=1.5, grace=1.5, patience=5)
    assert [machine.tick(now) for now in (101, 101.5)] == [None, told]
    other = StatusMachine(100, since=since, patience=5)
    assert other.heard(101) is (None if since is Status.READY else Status.READY)


@given(
    st.sampled_from(list(Status)),
    st.none() | st.floats(0, 20),
    st.lists(st.tuples(st.sampled_from("htfg"), st.floats(0, 20)), max_size=60),
)
def test_no_status_is_announced_twice_in_a_row_and_none_is_left_out(
    since: Status, patience: float | None, steps: list[tuple[str, float]]
) -> None:
    machine, now = StatusMachine(0, since=since, patience=patience), 0.0
    announced = [since]
    for step, passed in steps:
        now += passed
        before = machine.status
        told = None
        if step == "h":
            told = machine.heard(now)
        elif step == "t":
            told = machine.tick(now)
        elif step == "f":
            told = machine.fell_back(now)
        elif patience is None:
            machine.gave_up()
        if told is None and machine.status is not before:
            assert (before, patience) == (Status.STARTING, None), "only the SDK announces that itself"
            announced.append(machine.status)
        announced.extend([told] if told else [])
    assert all(one != other for one, other in pairwise(announced))
    assert announced[-1] is machine.status


# What the stream lets others know.


def test_a_generation_is_known_until_the_daemon_counts_as_silent() -> None:
    clock = HandClock()
    knowledge = StreamKnowledge(clock)
    speaker = object()
    assert knowledge.generation() is None
    knowledge.listen_to(speaker)
    knowledge.take(speaker, ONE, 101.5)
    clock.now = 101.4
    assert knowledge.generation() == ONE
    clock.now = 101.5
    assert knowledge.generation() is None
    knowledge.take(speaker, TWO, 102)
    assert knowledge.generation() == TWO
    knowledge.take(speaker, None, 0)
    assert knowledge.generation() is None


def test_only_the_subscription_that_is_listened_to_is_believed() -> None:
    knowledge = StreamKnowledge(HandClock())
    ended, current = object(), object()
    knowledge.listen_to(ended)
    knowledge.take(ended, ONE, 200)
    knowledge.listen_to(current)
    assert knowledge.generation() is None
    knowledge.take(current, TWO, 200)
    knowledge.take(ended, ONE, 300)
    assert knowledge.generation() == TWO


def test_a_forked_child_knows_nothing_until_it_listens_itself() -> None:
    knowledge = StreamKnowledge(HandClock())
    speaker = object()
    knowledge.listen_to(speaker)
    knowledge.take(speaker, ONE, 200)
    with knowledge._lock:
        knowledge.after_fork()
        knowledge.take(speaker, ONE, 300)
        assert knowledge.generation() is None
        knowledge.listen_to(speaker)
    knowledge.take(speaker, TWO, 200)
    assert knowledge.generation() == TWO


def test_who_waits_in_vain_is_believed_like_who_hears_and_until_it_is_replaced() -> None:
    knowledge = StreamKnowledge(HandClock())
    ended, current = object(), object()
    knowledge.listen_to(current)
    knowledge.wait(ended, in_vain=True)
    assert not knowledge.hangs()
    knowledge.wait(current, in_vain=True)
    knowledge.wait(ended, in_vain=False)
    assert knowledge.hangs()
    knowledge.wait(current, in_vain=False)
    assert not knowledge.hangs()
    knowledge.wait(current, in_vain=True)
    knowledge.listen_to(ended)
    assert not knowledge.hangs()
    knowledge.wait(ended, in_vain=True)
    knowledge.after_fork()
    assert not knowledge.hangs(), "a forked child has nobody who waits"


def test_to_know_takes_next_to_nothing() -> None:
    knowledge = StreamKnowledge(SystemClock())
    knowledge.listen_to(knowledge)
    knowledge.take(knowledge, ONE, 1e12)
    ask = knowledge.generation

    def ask_often() -> None:
        for _ in range(100_000):
            ask()

    assert fastest(ask_often, 0.1, attempts=10) / 100_000 < 5e-6
