"""The answers that are kept: how long each is exact, and which make room for others."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest
from openfeature.contrib.provider.burgee.answer_reach import Told
from openfeature.contrib.provider.burgee.cache import AnswerCache
from openfeature.contrib.provider.burgee.cache_statistics import CacheStatistics
from openfeature.contrib.provider.burgee.cached_answer import UNIT

from burgee.generation import Generation
from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.value import FlagType
from tests.provider.remote.conftest import FIRST, SECOND, HandClock, Served

OTHER = Generation("f", 1)


class Bench:
    """A cache with what it depends on in hand."""

    def __init__(self, size: int = 100, generation: Generation | None = FIRST) -> None:
        self.served = Served(generation)
        self.clock = HandClock()
        self.cache = AnswerCache(size, self.served, self.clock)

    def tell(
        self,
        value: Any,
        context: dict[str, Any] | None = None,
        *,
        flag: str = "flag",
        names: tuple[str, ...] | None = ("a",),
        generation: Generation | None = FIRST,
        until: float | None = None,
        size: int = 10,
        asked_at: float | None = None,
        error: ErrorCode | None = None,
    ) -> bool:
        """Keep an answer, as if it had just been asked for."""
        context = context or {}
        resolution = Resolution(flag, value, value is not None, "v", Reason.STATIC, None, metadata={"m": 1})
        if error is not None:
            resolution = Resolution.error(flag, error, "no")
        at = self.clock.now if asked_at is None else asked_at
        told = Told(resolution, size, at, generation, names, None if until is None else at + until)
        return self.cache.keep(flag, context, orjson.dumps(context), told)

    def ask(
        self, context: dict[str, Any] | None = None, flag: str = "flag", flag_type: FlagType = "integer"
    ) -> Any:
        """The value that is held to be exact, the error code of an error, or None."""
        found = self.cache.recall(flag, flag_type, context or {})
        return found and (found.error_code or found.value)

    def last(self, context: dict[str, Any] | None = None, flag: str = "flag") -> Any:
        """The last known value, or None."""
        context = context or {}
        kept = self.cache.last_known(flag, context, orjson.dumps(context))
        stale = kept and kept.stale("integer")
        return stale and stale.value


def test_an_answer_is_exact_for_the_same_values_of_what_it_depends_on() -> None:
    bench = Bench()
    for number, value in enumerate([1, True, "1", 1.0, None, [1], {"b": 1}, "true", False, 0, -0.0, 0.0]):
        bench.tell(number + 1, {"a": value, "rest": number})
    bench.tell(99, {"rest": 0})
    for number, value in enumerate([1, True, "1", 1.0, None, [1], {"b": 1}, "true", False, 0, -0.0, 0.0]):
        assert bench.ask({"a": value, "rest": "another"}) == number + 1
    assert bench.ask({}) == 99
    assert bench.ask({"a": 2}) is None
    assert bench.ask({"a": 1}, "other") is None


def test_a_hit_says_cached_and_keeps_everything_else() -> None:
    bench = Bench()
    bench.tell(7)
    found = bench.cache.recall("flag", "integer", {})
    assert found is not None
    assert (found.value, found.variant, found.reason) == (7, "v", Reason.CACHED)
    assert found.metadata == {"m": 1, "burgee.reason": "STATIC"}


@pytest.mark.parametrize(
    ("value", "flag_type", "expected"),
    [(10, "float", 10.0), (10.0, "integer", 10), (0.5, "integer", None), (True, "integer", None)],
)
def test_the_type_is_that_which_each_call_asks_for(value: Any, flag_type: FlagType, expected: Any) -> None:
    bench = Bench()
    bench.tell(value)
    for _ in range(2):
        found = bench.cache.recall("flag", flag_type, {})
        assert found is not None
        if expected is None:
            assert found.error_code is ErrorCode.TYPE_MISMATCH
        else:
            assert (found.value, type(found.value)) == (expected, type(expected))


def test_an_object_is_given_from_memory_like_any_other_value() -> None:
    bench = Bench()
    bench.tell({"list": [1]})
    for _ in range(2):
        found = bench.cache.recall("flag", "object", {})
        assert found is not None
        assert (found.value, found.reason) == ({"list": [1]}, Reason.CACHED)


@pytest.mark.parametrize("now", [SECOND, OTHER, None])
def test_another_generation_or_none_ends_an_answer_which_stays_the_last_known_one(
    now: Generation | None,
) -> None:
    bench = Bench()
    bench.tell(1)
    bench.served.now = now
    assert bench.ask() is None
    assert bench.last() == 1
    bench.served.now = FIRST
    assert bench.ask() == 1


def test_who_was_counted_before_waiting_is_answered_alike_and_not_counted_again() -> None:
    bench = Bench()

    def found(number: int) -> Resolution | None:
        counted = bench.cache.statistics()
        answer = bench.cache.exact("flag", "integer", {"a": number})
        assert bench.cache.statistics() == counted
        assert bench.cache.recall("flag", "integer", {"a": number}) == answer
        return answer

    bench.tell(1, {"a": 1}, until=2.0)
    assert (found(1) is not None, found(2)) == (True, None)
    bench.clock.now += 2.0
    assert found(1) is None
    bench.tell(1, {"a": 1})
    assert found(1) is not None
    bench.tell(2, {"a": 2}, generation=SECOND)
    assert (found(1), found(2)) == (None, None)
    bench.served.now = SECOND
    assert (found(1), found(2) is not None) == (None, True)
    bench.served.now = None
    assert found(2) is None


def test_an_answer_ends_with_the_edge_that_it_named() -> None:
    bench = Bench()
    bench.tell(1, until=2.0)
    bench.clock.now += 1.999
    assert bench.ask() == 1
    bench.clock.now += 0.001
    assert bench.ask() is None
    assert bench.last() == 1


@pytest.mark.parametrize(("told", "ended"), [(frozenset({"flag"}), True), (frozenset({"x"}), False)])
def test_time_ends_the_answers_of_the_flags_that_it_changed(told: frozenset[str], ended: bool) -> None:
    bench = Bench()
    bench.tell(1, {"a": 1})
    bench.tell(2, {"a": 2}, until=9)
    bench.cache.end(told)
    assert [bench.ask({"a": 1}), bench.ask({"a": 2})] == ([None, None] if ended else [1, 2])
    assert [bench.last({"a": 1}), bench.last({"a": 2})] == [1, 2]


def test_time_that_changed_nobody_knows_what_ends_all_that_it_could_change() -> None:
    bench = Bench()
    bench.tell(1, {"a": 1})
    bench.tell(2, {"a": 2}, until=9)
    bench.cache.end(None)
    assert [bench.ask({"a": 1}), bench.ask({"a": 2})] == [1, None]


def test_an_answer_that_was_under_way_when_time_moved_is_not_believed_for_long() -> None:
    bench = Bench()
    asked_at = bench.clock.now
    bench.clock.now += 0.1
    bench.cache.end(frozenset({"other"}))
    bench.tell(1, until=9, asked_at=asked_at)
    assert (bench.ask(), bench.last()) == (None, 1)


def test_an_answer_ahead_of_what_is_known_ends_what_is_older() -> None:
    bench = Bench()
    bench.tell(1, {"a": 1})
    bench.tell(2, {"a": 2}, generation=SECOND)
    assert [bench.ask({"a": 1}), bench.ask({"a": 2})] == [None, None]
    bench.served.now = SECOND
    assert [bench.ask({"a": 1}), bench.ask({"a": 2})] == [None, 2]


def test_an_answer_behind_what_is_known_is_not_kept() -> None:
    bench = Bench(generation=SECOND)
    bench.tell(2, generation=SECOND)
    assert not bench.tell(1, generation=FIRST)
    assert not bench.tell(1, {"a": 1}, generation=FIRST)
    assert (bench.ask(), bench.last(), bench.last({"a": 1})) == (2, 2, None)


def test_a_late_answer_of_a_daemon_before_is_overruled_by_the_next_answer() -> None:
    bench = Bench(generation=OTHER)
    bench.tell(2, generation=OTHER)
    bench.tell(1, {"a": 1}, generation=FIRST)
    assert bench.ask() is None
    bench.clock.now += 1
    bench.tell(3, {"a": 3}, generation=OTHER)
    assert [bench.ask({}), bench.ask({"a": 3}), bench.ask({"a": 1})] == [2, 3, None]


def test_an_answer_asked_for_before_the_daemon_was_ahead_proves_nothing() -> None:
    bench = Bench()
    before = bench.clock.now
    bench.clock.now += 1
    bench.tell(2, generation=SECOND)
    bench.tell(1, {"a": 1}, asked_at=before)
    assert bench.ask({"a": 1}) is None


def test_while_the_daemon_is_silent_an_older_answer_takes_no_newer_ones_place() -> None:
    bench = Bench(generation=None)
    bench.tell(2, generation=SECOND)
    assert not bench.tell(1, generation=FIRST)
    assert bench.last() == 2


def test_an_answer_that_depends_on_everything_is_kept_for_the_same_context_and_is_never_exact() -> None:
    bench = Bench()
    assert bench.tell(1, {"a": 1}, names=None)
    assert bench.tell(2, {"a": 2}, generation=None)
    assert [bench.ask({"a": 1}), bench.ask({"a": 2})] == [None, None]
    assert [bench.last({"a": 1}), bench.last({"a": 2}), bench.last({"a": 1, "b": 1})] == [1, 2, None]


def test_a_flag_that_depends_on_something_else_keeps_its_older_answers_for_bad_days() -> None:
    bench = Bench()
    bench.tell(1, {"a": 1, "b": 1})
    bench.served.now = SECOND
    bench.tell(2, {"a": 2, "b": 2}, names=("b",), generation=SECOND)
    assert [bench.ask({"b": 2}), bench.ask({"a": 1, "b": 1})] == [2, None]
    assert [bench.last({"a": 1, "b": 2}), bench.last({"a": 1, "b": 1})] == [2, 1]


def test_only_so_many_ways_to_depend_are_remembered() -> None:
    bench = Bench()
    for number in range(1, 9):
        bench.served.now = Generation("e", number)
        bench.tell(number, {}, names=(f"n{number}",), generation=bench.served.now)
    assert bench.cache.statistics().size == 4
    assert bench.last() == 8


@pytest.mark.parametrize("code", [ErrorCode.FLAG_NOT_FOUND, ErrorCode.TARGETING_KEY_MISSING])
def test_an_error_that_the_daemon_would_repeat_is_exact_too_and_no_last_known_answer(code: ErrorCode) -> None:
    bench = Bench()
    bench.tell(1, {"a": 1})
    bench.tell(None, {"a": 1}, error=code)
    found = bench.cache.recall("flag", "integer", {"a": 1})
    assert found is not None
    assert (found.error_code, found.reason) == (code, Reason.ERROR)
    assert bench.last({"a": 1}) is None


@pytest.mark.parametrize("code", [ErrorCode.GENERAL, ErrorCode.INVALID_CONTEXT])
def test_another_error_is_not_kept_and_ends_the_last_known_answer(code: ErrorCode) -> None:
    bench = Bench()
    bench.tell(1, {"a": 1})
    assert not bench.tell(None, {"a": 1}, error=code)
    assert (bench.ask({"a": 1}), bench.last({"a": 1})) == (None, None)


def test_a_flag_that_is_gone_is_gone_for_everybody() -> None:
    bench = Bench()
    bench.tell(1, {"a": 1})
    bench.served.now = SECOND
    bench.tell(None, {"a": 2}, names=(), generation=SECOND, error=ErrorCode.FLAG_NOT_FOUND)
    assert bench.last({"a": 1}) is None
    assert bench.ask({"a": 3}) is ErrorCode.FLAG_NOT_FOUND
    assert bench.cache.statistics().size == 1


def test_about_the_least_recently_used_answer_goes_first() -> None:
    bench = Bench(3)
    for number in (1, 2, 3):
        bench.tell(number, {"a": number})
    assert bench.ask({"a": 1}) == 1
    bench.tell(4, {"a": 4})
    assert [bench.ask({"a": number}) for number in (1, 2, 3, 4)] == [1, None, 3, 4]
    assert bench.cache.statistics() == CacheStatistics(hits=4, misses=1, evictions=1, size=3)


def test_the_bound_holds_where_every_answer_is_used_all_the_time() -> None:
    bench = Bench(200)
    for number in range(1, 501):
        bench.tell(number, {"a": number})
        assert bench.ask({"a": number}) == number
    assert bench.cache.statistics().size == 200
    assert bench.cache.statistics().evictions == 300


def test_a_large_answer_takes_several_slots_and_one_too_large_is_not_kept() -> None:
    bench = Bench(4)
    bench.tell(1, {"a": 1})
    bench.tell(2, {"a": 2}, size=2 * UNIT)
    assert bench.cache.statistics().size == 2
    bench.tell(3, {"a": 3})
    assert [bench.last({"a": number}) for number in (1, 2, 3)] == [None, 2, 3]
    assert not bench.tell(9, {"a": 2}, size=4 * UNIT)
    assert (bench.last({"a": 2}), bench.cache.statistics().size) == (None, 1)


def test_a_long_attribute_counts_as_what_it_takes() -> None:
    bench = Bench(4)
    assert bench.tell(1, {"a": "x" * (3 * UNIT - 10)})
    assert not bench.tell(1, {"a": "x" * 4 * UNIT})


def test_nothing_is_kept_where_nothing_shall_be() -> None:
    bench = Bench(0)
    assert not bench.tell(1)
    assert (bench.ask(), bench.last(), bench.cache.question("flag", {}, b"{}")) == (None, None, None)


def test_a_flag_without_answers_leaves_nothing_behind() -> None:
    bench = Bench(2)
    for number in range(50):
        bench.tell(number + 1, flag=f"flag-{number}")
    bench.tell(None, flag="flag-49", error=ErrorCode.GENERAL)
    assert list(bench.cache._flags) == ["flag-48"]


def test_what_is_cleared_is_gone_and_the_counts_go_on() -> None:
    bench = Bench()
    bench.tell(1)
    assert bench.ask() == 1
    bench.cache.clear()
    assert (bench.ask(), bench.last()) == (None, None)
    assert bench.cache.statistics() == CacheStatistics(hits=1, misses=1, evictions=0, size=0)


def test_a_child_goes_on_with_what_was_kept_even_where_a_lock_was_held() -> None:
    bench = Bench()
    bench.tell(1)
    bench.cache.after_fork()
    assert bench.ask() == 1
    bench.cache._lock.acquire()
    bench.cache.after_fork()
    assert bench.tell(2)
    assert bench.ask() == 2


def test_64_threads_get_no_wrong_answer_out_of_a_cache_that_is_too_small() -> None:
    bench = Bench(50)
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            for step in range(150):
                asked = (number * step) % 97 + 1
                generation = FIRST if step % 2 else SECOND
                value = asked * 10 + generation.number
                bench.tell(value, {"a": asked}, flag=f"flag-{asked % 3}", generation=generation)
                bench.served.now = generation
                found = bench.last({"a": asked}, f"flag-{asked % 3}")
                if found not in (None, asked * 10 + 1, asked * 10 + 2):
                    wrong.append(found)
                exact = bench.ask({"a": asked}, f"flag-{asked % 3}")
                if exact not in (None, asked * 10 + 1, asked * 10 + 2):
                    wrong.append(exact)
                if step % 10 == 0:
                    bench.cache.end(frozenset({"flag-0"}))
                if step % 50 == 0:
                    bench.cache.clear()
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert bench.cache.statistics().size <= 50
