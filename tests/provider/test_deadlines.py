"""A call ends within its deadline, whatever the daemon does; one that hangs does not cost it each time."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from tests.provider.conftest import Caller, eventually, fastest
from tests.support.fake_daemon import FakeDaemon, Handler, after, answer, answer_bytes, drip, hang, http

DEADLINE = 0.2
BOUND = DEADLINE + 1.0

BIG = http(200, b"x" * 100_000)
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000
HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000

SLOW = [
    pytest.param(hang, id="hangs"),
    pytest.param(after(5, answer(True)), id="answers-late"),
    pytest.param(drip(answer_bytes(True)), id="drips"),
    pytest.param(drip(BIG, 0.01), id="drips-much"),
    pytest.param(drip(CHUNKS, 0.001), id="drips-chunks"),
    pytest.param(drip(HINTS, 0.001), id="drips-hints"),
]


@pytest.mark.parametrize("handler", SLOW)
def test_a_call_ends_within_its_deadline(daemon: FakeDaemon, caller: Caller, handler: Handler) -> None:
    daemon.evaluation = handler
    results = []

    def call() -> None:
        provider = BurgeeProvider(daemon.address, deadline=DEADLINE)
        results.append(caller.resolve(provider, default_value=True))
        provider.shutdown()

    elapsed = fastest(call, BOUND)
    assert DEADLINE * 0.9 <= elapsed <= BOUND
    for details in results:
        assert (details.value, details.error_code) == (True, ErrorCode.PROVIDER_NOT_READY)
        assert "within 0.2 s" in (details.error_message or "")


def test_a_call_over_a_used_connection_ends_within_its_deadline_too(
    daemon: FakeDaemon, caller: Caller
) -> None:
    def call() -> None:
        daemon.evaluation = answer(True)
        provider = BurgeeProvider(daemon.address, deadline=DEADLINE)
        caller.resolve(provider)
        daemon.evaluation = drip(answer_bytes(False), 0.05)
        assert caller.resolve(provider).reason is Reason.STALE
        provider.shutdown()

    assert DEADLINE * 0.9 <= fastest(call, BOUND) <= BOUND


@pytest.fixture
def full_queue(tmp_path: Path) -> Iterator[str]:
    """The address of a Unix socket whose daemon accepts nobody, its queue of connections full."""
    path = str(tmp_path / "burgee.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for peer in waiting:
            peer.setblocking(False)
            try:
                peer.connect(path)
            except BlockingIOError:
                break
        yield f"unix://{path}"
        for peer in waiting:
            peer.close()


def test_a_full_queue_of_connections_holds_a_call_for_its_deadline_only(
    full_queue: str, caller: Caller
) -> None:
    def call() -> None:
        provider = BurgeeProvider(full_queue, deadline=DEADLINE)
        details = caller.resolve(provider)
        assert details.error_code is ErrorCode.PROVIDER_NOT_READY
        provider.shutdown()

    assert DEADLINE * 0.9 <= fastest(call, BOUND) <= BOUND


def test_a_name_server_that_hangs_holds_a_call_for_its_deadline_only(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def look_up(*arguments: object, **options: object) -> list[object]:
        release.wait(20)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    def call() -> None:
        provider = BurgeeProvider("http://burgee.pod:8016", deadline=DEADLINE)
        assert caller.resolve(provider).error_code is ErrorCode.PROVIDER_NOT_READY
        provider.shutdown()

    try:
        assert DEADLINE * 0.9 <= fastest(call, BOUND) <= BOUND
    finally:
        release.set()


def test_a_daemon_that_hangs_does_not_cost_every_call_its_deadline(
    unix_daemon: FakeDaemon, caller: Caller
) -> None:
    context = EvaluationContext("u")
    provider = BurgeeProvider(unix_daemon.address, deadline=DEADLINE)
    eventually(lambda: caller.resolve(provider, evaluation_context=context).error_code is None)
    unix_daemon.evaluation = hang
    began = time.monotonic()
    reasons = {caller.resolve(provider, evaluation_context=context).reason for _ in range(100)}
    assert reasons == {Reason.STALE}
    assert time.monotonic() - began < 100 * DEADLINE / 2
    unknown = caller.resolve(provider, flag_key="never asked before")
    assert (unknown.value, unknown.error_code) == (False, ErrorCode.PROVIDER_NOT_READY)
    provider.shutdown()


def test_a_daemon_that_hung_is_tried_again_by_itself(unix_daemon: FakeDaemon, caller: Caller) -> None:
    provider = BurgeeProvider(unix_daemon.address, deadline=0.05)
    unix_daemon.evaluation = hang
    caller.resolve(provider)
    unix_daemon.evaluation = answer(True)
    details = eventually(lambda: (found := caller.resolve(provider)).error_code is None and found)
    assert details.value is True
    provider.shutdown()


def test_a_dead_daemon_costs_next_to_nothing(unix_daemon: FakeDaemon, caller: Caller) -> None:
    provider = BurgeeProvider(unix_daemon.address, deadline=5)
    caller.resolve(provider)
    unix_daemon.stop()

    def calls() -> None:
        for _ in range(20):
            assert caller.resolve(provider).reason is Reason.STALE

    assert fastest(calls, 0.5) <= 3
    provider.shutdown()


def test_a_slow_call_of_one_task_leaves_the_others_alone(unix_daemon: FakeDaemon) -> None:
    def by_key(exchange: object) -> None:
        assert hasattr(exchange, "request")
        (hang if exchange.request.target.endswith("slow") else answer(True))(exchange)  # type: ignore[arg-type]

    unix_daemon.evaluation = by_key
    provider = BurgeeProvider(unix_daemon.address, deadline=2)

    async def run() -> None:
        slow = asyncio.create_task(provider.resolve_boolean_details_async("slow", False))
        quick = [await provider.resolve_boolean_details_async("quick", False) for _ in range(20)]
        assert not slow.done()
        assert all(details.value for details in quick)
        assert (await slow).error_code is ErrorCode.PROVIDER_NOT_READY

    asyncio.run(run())
    provider.shutdown()
