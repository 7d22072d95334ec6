"""While one thread reads a snapshot nobody else is held up, forked children neither."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider, evaluator

from tests.provider.conftest import Caller
from tests.provider.in_process.conftest import SharingDaemon, flags
from tests.support.fake_daemon import answer


def test_reading_a_new_generation_holds_up_only_who_reads_it(
    local: BurgeeProvider, sharing: SharingDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on = threading.Event(), threading.Event()
    real = evaluator.read

    def slow(*arguments: Any, **how: Any) -> Any:
        reading.set()
        assert go_on.wait(10)
        return real(*arguments, **how)

    assert local.resolve_string_details("text", "").value == "alpha"
    monkeypatch.setattr(evaluator, "read", slow)
    sharing.shared.publish(flags(text="b"))
    reader = threading.Thread(target=local.resolve_string_details, args=("text", ""))
    reader.start()
    assert reading.wait(10)
    began = time.monotonic()
    assert local.resolve_string_details("text", "").value == "alpha"
    assert time.monotonic() - began < 5
    go_on.set()
    reader.join(10)
    assert local.resolve_string_details("text", "").value == "beta"


class WatchedLock:
    """A lock that notes who was ready to wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waits: list[threading.Thread] = []

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if blocking:
            self.waits.append(threading.current_thread())
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        self._lock.release()


def test_who_holds_nothing_asks_the_daemon_while_another_thread_reads_the_first_snapshot(
    sharing: SharingDaemon, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on = threading.Event(), threading.Event()
    real = evaluator.read

    def slow(*arguments: Any, **how: Any) -> Any:
        reading.set()
        assert go_on.wait(60)
        return real(*arguments, **how)

    monkeypatch.setattr(evaluator, "read", slow)
    sharing.evaluation = answer("from the daemon")
    provider = BurgeeProvider(sharing.address, resolver="in-process")
    lock = provider._resolver._newest._lock = WatchedLock()  # type: ignore[attr-defined]
    reader = threading.Thread(target=provider.resolve_string_details, args=("text", ""))
    reader.start()
    assert reading.wait(60)
    assert caller.resolve(provider, "string", "text", "").value == "from the daemon"
    assert (reader.is_alive(), lock.waits) == (True, [])
    go_on.set()
    reader.join(60)
    requests = len(sharing.requests)
    sharing.shared.beat()
    assert caller.resolve(provider, "string", "text", "").value == "alpha"
    assert len(sharing.requests) == requests
    provider.shutdown()


def test_parent_and_forked_child_both_see_the_next_change(
    local: BurgeeProvider, sharing: SharingDaemon
) -> None:
    assert local.resolve_string_details("text", "").value == "alpha"
    published, publish = os.pipe()
    has_asked, asked = os.pipe()
    child = os.fork()
    if not child:
        try:
            before = local.resolve_string_details("text", "").value
            os.write(asked, b"x")
            os.read(published, 1)
            after = local.resolve_string_details("text", "").value
            os._exit(0 if (before, after) == ("alpha", "beta") else 1)
        finally:
            os._exit(2)
    os.read(has_asked, 1)
    sharing.shared.publish(flags(text="b"))
    os.write(publish, b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert local.resolve_string_details("text", "").value == "beta"


def test_a_fork_while_another_thread_reads_leaves_the_child_able_to(
    local: BurgeeProvider, sharing: SharingDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, real = os.getpid(), evaluator.read
    reading, go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any, **how: Any) -> Any:
        if os.getpid() == parent:
            reading.set()
            assert go_on.wait(20)
        return real(*arguments, **how)

    monkeypatch.setattr(evaluator, "read", slow)
    sharing.shared.publish(flags(text="b"))
    reader = threading.Thread(target=local.resolve_string_details, args=("text", ""))
    reader.start()
    assert reading.wait(10)
    child = os.fork()
    if not child:
        try:
            os._exit(0 if local.resolve_string_details("text", "").value == "beta" else 1)
        finally:
            os._exit(2)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    go_on.set()
    reader.join(10)
    assert status == 0
