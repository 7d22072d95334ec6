"""The fork hooks themselves: they wait for next to nothing, and free what the child could not."""

from __future__ import annotations

import os
import threading
import time
import weakref

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider, forks
from openfeature.evaluation_context import EvaluationContext

from tests.provider.conftest import eventually, fastest
from tests.provider.forks.conftest import Sidecar, application
from tests.support.fake_daemon import FakeDaemon


class Part:
    """Counts the forks that it hears of."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.heard = 0
        self._failure = failure

    def after_fork(self) -> None:
        self.heard += 1
        if self._failure:
            raise self._failure


def test_a_child_can_tell_events_while_the_parent_told_some_all_the_time(sidecar: Sidecar) -> None:
    with application(sidecar, "remote-socket", "emitting") as running:
        assert running.line(lambda line: "worst" in line)["worst"] == 0
        running.ends_well()


def test_a_fork_waits_for_an_event_under_way_but_not_for_one_that_hangs() -> None:
    entered, leave = threading.Event(), threading.Event()

    def emit() -> None:
        with forks.emission():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=emit)
    thread.start()
    assert entered.wait(20)
    began = time.monotonic()
    forks._before()
    assert 0.1 < time.monotonic() - began < 6
    forks._after_in_parent()
    leave.set()
    thread.join()
    forks._before()
    other = threading.Thread(target=lambda: taken.append(forks.emission().acquire(blocking=False)))
    taken: list[bool] = []
    other.start()
    other.join()
    assert taken == [False]
    forks._after_in_parent()
    with forks.emission():
        pass


def test_forks_from_many_threads_leave_the_lock_free() -> None:
    def fork_often() -> None:
        for _ in range(200):
            forks._before()
            forks._after_in_parent()

    threads = [threading.Thread(target=fork_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert forks.emission().acquire(timeout=10)
    forks.emission().release()
    assert not forks._holders


def test_a_part_that_fails_keeps_no_other_from_hearing_of_the_fork() -> None:
    parts = [Part(), Part(RuntimeError("its own fault")), Part()]
    resumed: list[bool] = []
    watch = forks.ForkWatch(*parts, resume=lambda: resumed.append(True))
    watch.after_fork()
    assert ([part.heard for part in parts], watch.forked, resumed) == ([1, 1, 1], True, [])
    watch.postfork()
    watch.postfork()
    assert (watch.forked, resumed) == (False, [True, True])


def test_postfork_notices_a_fork_that_told_python_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Part()
    watch = forks.ForkWatch(part, resume=lambda: None)
    watch.postfork()
    assert part.heard == 0
    actual = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: actual + 1)
    watch.postfork()
    watch.postfork()
    assert part.heard == 1


def test_a_provider_that_is_gone_is_not_told(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    assert provider._forks in forks._watches
    watch = weakref.ref(provider._forks)
    del provider
    eventually(lambda: watch() is None)


def test_a_fork_of_a_provider_that_was_shut_down_starts_nothing_in_the_child(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    provider.initialize(EvaluationContext())
    provider.shutdown()
    child = os.fork()
    if child == 0:
        provider.resolve_boolean_details("f", False)
        following = any(thread.name == "burgee-subscription" for thread in threading.enumerate())
        os._exit(1 if following else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_to_notice_a_fork_costs_next_to_nothing() -> None:
    watch = forks.ForkWatch(resume=lambda: None)

    class User:
        def __init__(self) -> None:
            self._forks = watch

        def look(self) -> None:
            for _ in range(100_000):
                if self._forks.forked:
                    raise AssertionError

    assert fastest(User().look, 0.01, attempts=10) / 100_000 < 3e-6
