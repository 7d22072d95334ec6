"""The parts that decide, without any input, output or waiting."""

from __future__ import annotations

import threading
from itertools import pairwise
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.contrib.provider.burgee.breaker import FIRST_PAUSE, LONGEST_PAUSE, Breaker
from openfeature.contrib.provider.burgee.clock import SystemClock
from openfeature.contrib.provider.burgee.exchange import (
    Request,
    Response,
    Unreachable,
    evaluation_request,
    read_response,
    send,
)
from openfeature.contrib.provider.burgee.last_known import UNIT, LastKnown, Question
from openfeature.contrib.provider.burgee.status import Status, StatusMachine

from burgee.resolution import ErrorCode, Reason


class HandClock(SystemClock):
    """Time that stands until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Latest(Random):
    """Chance that always says the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


# The machine behind READY, STALE and ERROR.


def test_silence_makes_stale_then_error_and_a_word_makes_ready_each_once() -> None:
    machine = StatusMachine(silent_after=1.5, grace=10)
    assert machine.generation(0) is None
    assert [machine.tick(now) for now in (1.4, 1.5, 1.6, 11.4, 11.5, 99)] == [
        None,
        Status.STALE,
        None,
        None,
        Status.ERROR,
        None,
    ]
    assert [machine.generation(100), machine.generation(101)] == [Status.READY, None]


def test_bytes_put_silence_off() -> None:
    machine = StatusMachine(silent_after=1.5, grace=10)
    machine.generation(0)
    machine.heard(1)
    assert [machine.tick(2.4), machine.tick(2.5)] == [None, Status.STALE]


def test_bytes_alone_do_not_end_staleness() -> None:
    machine = StatusMachine(silent_after=1.5, grace=10)
    machine.generation(0)
    machine.tick(2)
    machine.heard(3)
    assert machine.status is Status.STALE
    assert machine.tick(12) is Status.ERROR


def test_before_the_first_word_there_is_nothing_to_say() -> None:
    machine = StatusMachine()
    assert machine.tick(1e9) is None
    machine.gave_up()
    assert machine.tick(2e9) is None
    assert machine.generation(3e9) is Status.READY


@given(st.lists(st.tuples(st.sampled_from("ght"), st.floats(0, 20)), max_size=60))
def test_no_status_is_announced_twice_in_a_row(steps: list[tuple[str, float]]) -> None:
    machine, now = StatusMachine(), 0.0
    announced = [Status.READY]
    machine.generation(now)
    for step, passed in steps:
        now += passed
        told = machine.generation(now) if step == "g" else machine.tick(now) if step == "t" else None
        if step == "h" and machine.status is Status.READY:
            machine.heard(now)
        announced.extend([told] if told else [])
    assert all(one != other for one, other in pairwise(announced))


# The breaker.


def test_after_a_timeout_calls_are_held_for_a_while_and_then_one_is_let_through() -> None:
    clock = HandClock()
    breaker = Breaker(clock, Latest(), probe=0.5)
    ticket = breaker.admit()
    assert ticket is not None
    breaker.timed_out(ticket)
    assert breaker.admit() is None
    clock.now += FIRST_PAUSE
    assert breaker.admit() is not None
    assert breaker.admit() is None


def test_many_calls_that_time_out_together_count_as_one() -> None:
    clock = HandClock()
    breaker = Breaker(clock, Latest(), probe=0.5)
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
    breaker = Breaker(clock, Latest(), probe=0.5)
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
    lengths = [pause(Breaker(clock, Random(seed), probe=0.5), clock, 0)[0] for seed in range(50)]
    assert min(lengths) < FIRST_PAUSE / 10
    assert max(lengths) > FIRST_PAUSE * 0.9


# The last known answers.


def about(context: Any, flag_key: str = "flag") -> Question:
    return Question.about(flag_key, "boolean", orjson.dumps(context))


def test_answers_are_kept_by_flag_type_and_context_and_kinds_are_told_apart() -> None:
    known = LastKnown(100)
    values: list[Any] = [1, True, "1", "true", None, 1.5, [1], {"a": 1}]
    for value in values:
        known.remember(about({"a": value}), orjson.dumps(str(value)))
    known.remember(about({"a": 1}, "other"), b"other")
    assert [known.recall(about({"a": value})) for value in values] == [
        orjson.dumps(str(value)) for value in values
    ]
    assert known.recall(Question.about("flag", "integer", orjson.dumps({"a": 1}))) is None


def test_the_least_recently_used_answer_goes_first() -> None:
    known = LastKnown(2)
    known.remember(about(1), b"1")
    known.remember(about(2), b"2")
    known.recall(about(1))
    known.remember(about(3), b"3")
    assert [known.recall(about(context)) for context in (1, 2, 3)] == [b"1", None, b"3"]


def test_large_answers_take_several_places_and_one_too_large_is_not_kept() -> None:
    known = LastKnown(4)
    known.remember(about(1), b"x" * (2 * UNIT))
    known.remember(about(2), b"x" * (2 * UNIT))
    assert (known.recall(about(1)), known.recall(about(2))) == (None, b"x" * (2 * UNIT))
    known.remember(about(2), b"x" * (4 * UNIT))
    assert known.recall(about(2)) is None


def test_none_are_kept_where_none_shall_be() -> None:
    known = LastKnown(0)
    known.remember(about(1), b"1")
    assert known.recall(about(1)) is None


def test_64_threads_do_not_spoil_the_last_known_answers() -> None:
    known = LastKnown(50)
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            for step in range(200):
                context = (number * step) % 97
                known.remember(about(context), str(context).encode())
                found = known.recall(about(context))
                if found not in (None, str(context).encode()):
                    wrong.append(found)
                if step % 10 == 0:
                    known.forget(about(step % 97))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(known) <= 50


# The conversation.


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("new-checkout", "new-checkout"),
        ("a/b", "a%2Fb"),
        ("../../../admin", "..%2F..%2F..%2Fadmin"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("?x=1#y", "%3Fx%3D1%23y"),
        ("ä b", "%C3%A4%20b"),
        ("a\r\nX: y", "a%0D%0AX%3A%20y"),
        ("%2e", "%252e"),
    ],
)
def test_a_key_is_one_segment_of_the_path_whatever_it_holds(key: str, path: str) -> None:
    request = evaluation_request(key, b"{}", "")
    assert request.target == f"/ofrep/v1/evaluate/flags/{path}"
    assert (request.method, request.body) == ("POST", b'{"context":{}}')


def test_the_selector_goes_along() -> None:
    assert ("Flagd-Selector", "flagSetId=shop") in evaluation_request("f", b"{}", "flagSetId=shop").headers


RESPONSE = Response(200, {}, b"{}")


def test_a_dead_idle_connection_is_replaced_once_and_at_once() -> None:
    conversation = send(Request("GET", "/"))
    assert next(conversation).fresh is False
    assert conversation.throw(Unreachable("gone", stale=True)).fresh is True
    with pytest.raises(StopIteration) as end:
        conversation.send(RESPONSE)
    assert end.value.value == RESPONSE


@pytest.mark.parametrize("first_was_stale", [True, False])
def test_no_other_failure_is_tried_again(first_was_stale: bool) -> None:
    conversation = send(Request("GET", "/"))
    next(conversation)
    if first_was_stale:
        conversation.throw(Unreachable("gone", stale=True))
    with pytest.raises(Unreachable, match="timeout"):
        conversation.throw(Unreachable("timeout", timed_out=True))


@pytest.mark.parametrize(
    ("status", "body", "code", "final"),
    [
        (200, b'{"value": true, "reason": "STATIC"}', None, True),
        (200, b'{"reason": "DISABLED"}', None, True),
        (200, b'{"status": "ok"}', ErrorCode.PARSE_ERROR, False),
        (200, b"<html>", ErrorCode.PARSE_ERROR, False),
        (200, b"[]", ErrorCode.PARSE_ERROR, False),
        (200, b"", ErrorCode.PARSE_ERROR, False),
        (400, b'{"errorCode": "TARGETING_KEY_MISSING"}', ErrorCode.TARGETING_KEY_MISSING, True),
        (400, b'{"errorCode": "INVALID_CONTEXT"}', ErrorCode.INVALID_CONTEXT, True),
        (404, b'{"errorCode": "FLAG_NOT_FOUND"}', ErrorCode.FLAG_NOT_FOUND, True),
        (404, b"nginx", ErrorCode.GENERAL, False),
        (404, b'{"detail": "Not Found"}', ErrorCode.GENERAL, False),
        (413, b"{}", ErrorCode.GENERAL, True),
        (401, b"", ErrorCode.GENERAL, False),
        (403, b"{}", ErrorCode.GENERAL, False),
        (429, b"", ErrorCode.GENERAL, False),
        (500, b'{"errorDetails": "oh"}', ErrorCode.GENERAL, False),
        (503, b'{"errorCode": "PROVIDER_NOT_READY"}', ErrorCode.PROVIDER_NOT_READY, False),
        (302, b"", ErrorCode.GENERAL, False),
    ],
)
def test_answers_are_told_from_failures(
    status: int, body: bytes, code: ErrorCode | None, final: bool
) -> None:
    answer = read_response("flag", Response(status, {}, body))
    assert (answer.resolution.error_code, answer.final) == (code, final)
    assert bool(answer.resolution.error_message) == (code is not None)
    assert (answer.resolution.reason is Reason.ERROR) == (code is not None)


def test_a_redirect_is_not_followed_but_explained() -> None:
    answer = read_response("flag", Response(307, {"location": "https://elsewhere/"}, b""))
    assert "redirected to https://elsewhere/" in answer.resolution.error_message
