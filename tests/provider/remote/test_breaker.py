"""The memory of a daemon that does not answer."""

from __future__ import annotations

from random import Random

from openfeature.contrib.provider.burgee.breaker import FIRST_PAUSE, LONGEST_PAUSE, Breaker

from tests.provider.remote.conftest import HandClock, Latest


def test_after_a_timeout_calls_are_held_for_a_while_and_then_one_is_let_through() -> None:
    clock = HandClock()
    breaker = Breaker(clock, Latest(), 0.5, hangs=lambda: False)
    ticket = breaker.admit()
    assert ticket is not None
    breaker.timed_out(ticket)
    assert breaker.admit() is None
    clock.now += FIRST_PAUSE
    assert breaker.admit() is not None
    assert breaker.admit() is None


def test_many_calls_that_time_out_together_count_as_one() -> None:
    clock = HandClock()
    breaker = Breaker(clock, Latest(), 0.5, hangs=lambda: False)
    tickets = [breaker.admit() for _ in range(64)]
    for ticket in tickets:
        assert ticket is not None
        breaker.timed_out(ticket)
    clock.now += FIRST_PAUSE
    assert breaker.admit() is not None


def pause(breaker: Breaker, clock: HandClock, ticket: int) -> tuple[float, int]:
    """How long calls are held after this one timed out, and the ticket of the next."""
    began = clock.now
    breaker.timed_out(ticket)
    while (following := breaker.admit()) is None:
        clock.now += 1 / 128
    return clock.now - began, following


def test_the_pauses_grow_up_to_a_bound_and_an_answer_ends_them() -> None:
    clock = HandClock()
    breaker = Breaker(clock, Latest(), 0.5, hangs=lambda: False)
    ticket = breaker.admit()
    pauses = []
    for _ in range(8):
        assert ticket is not None
        length, ticket = pause(breaker, clock, ticket)
        pauses.append(length)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE, LONGEST_PAUSE)
    breaker.answered()
    assert [breaker.admit() is None for _ in range(3)] == [False] * 3


def test_the_pause_is_anywhere_between_nothing_and_its_bound() -> None:
    clock = HandClock()
    breakers = [Breaker(clock, Random(seed), 0.5, hangs=lambda: False) for seed in range(50)]
    lengths = [pause(breaker, clock, 0)[0] for breaker in breakers]
    assert min(lengths) < FIRST_PAUSE / 10
    assert max(lengths) > FIRST_PAUSE * 0.9


def test_while_the_daemon_is_waited_for_in_vain_elsewhere_no_call_is_let_through() -> None:
    hanging = [True]
    breaker = Breaker(HandClock(), Latest(), 0.5, hangs=lambda: hanging[0])
    assert (breaker.is_open, breaker.admit()) == (True, None)
    hanging[0] = False
    assert not breaker.is_open
    assert breaker.admit() is not None
