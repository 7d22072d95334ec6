"""Signal handlers and finalizers that evaluate flags, or track, amidst a call of the same thread."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext

from tests.provider.conftest import eventually
from tests.provider.remote.conftest import bulk, item, told_bytes
from tests.support.fake_daemon import Exchange, FakeDaemon

GENERATION = "e-1"
TRACED = ("contrib/provider/burgee", "cachetools")


def serve(exchange: Exchange) -> None:
    """Answer with who asks, one flag or all."""
    value = exchange.request.context["targetingKey"]
    if exchange.request.target.endswith("flag"):
        exchange.send(told_bytes(value, vary="targetingKey", generation=GENERATION))
    else:
        exchange.send(bulk(item("flag", value, ["targetingKey"]), generation=GENERATION))


class Interruption:
    """Does something in the middle of what this thread is doing, where a signal's handler might run.

    Args:
        at: after so many of the provider's instructions.
        action: what to do.

    Attributes:
        where: the code that was interrupted; None where it ended before.
    """

    def __init__(self, at: int, action: Callable[[], object]) -> None:
        self._left = at
        self._action = action
        self.where: CodeType | None = None

    def __enter__(self) -> Interruption:
        self._before = sys.gettrace()
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _called(self, frame: FrameType, event: str, argument: object) -> Any:
        if not any(part in frame.f_code.co_filename for part in TRACED):
            return None
        frame.f_trace_opcodes = True
        return self._stepped

    def _stepped(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "opcode":
            self._left -= 1
            if self._left == 0:
                self.where = frame.f_code
                self._action()
        return self._stepped


def in_time(work: Callable[[], None]) -> None:
    """Do it in a thread that may hang."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "a call that was interrupted waits for itself"
    if failures:
        raise failures[0]


@pytest.mark.parametrize("prefetch", [False, True], ids=["one", "all"])
@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
def test_a_call_may_be_interrupted_anywhere_by_another_one(
    unix_daemon: FakeDaemon, openfeature_api: Any, way: str, prefetch: bool
) -> None:
    unix_daemon.evaluation = serve
    provider = BurgeeProvider(unix_daemon.address, deadline=20.0, cache_size=8, prefetch=prefetch)
    openfeature_api.set_provider_and_wait(provider)

    def ask(who: str) -> None:
        details = provider.resolve_string_details("flag", "", EvaluationContext(who))
        assert (details.value, details.error_code) == (who, None)

    def ask_either_way(who: str) -> None:
        if way == "blocking":
            ask(who)
        else:
            call = provider.resolve_string_details_async("flag", "", EvaluationContext(who))
            assert asyncio.run(call).value == who

    def work() -> None:
        at, interrupted = 1, set()
        while True:
            # Another question, and the very same one.
            with Interruption(at, partial(ask, f"u-{at // 2 * 2}")) as interruption:
                ask_either_way(f"u-{at}")
            if interruption.where is None:
                break
            interrupted.add(interruption.where)
            at += 29
        assert len(interrupted) > 20

    in_time(work)
    statistics = provider.cache_statistics()
    assert statistics.size == 8
    assert len(provider._resolver._remote._flights) == 0  # type: ignore[attr-defined]


def test_tracking_may_be_interrupted_anywhere_by_tracking(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    tracked = 0

    def track() -> None:
        nonlocal tracked
        provider.track("event", EvaluationContext("u-1"))
        tracked += 1

    def work() -> None:
        at = 1
        while True:
            with Interruption(at, track) as interruption:
                track()
            if interruption.where is None:
                break
            at += 3

    in_time(work)
    eventually(lambda: sum(provider.tracking.counts) >= tracked)
    provider.shutdown()
    assert sum(provider.tracking.counts) == tracked
    assert provider.tracking.counts.queued == 0
