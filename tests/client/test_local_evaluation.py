"""Answers from the last snapshot: kept current while the daemon speaks, and given on without it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from burgee.client import Client, Unreachable
from burgee.resolution import ErrorCode
from burgee.snapshot_bytes import flag_sets
from burgeed.control.event_log import EventLog
from tests.client.conftest import Listener, Quick
from tests.support import faults
from tests.support.daemon import wait_until
from tests.support.event_server import EventServer, control_event
from tests.support.fault_proxy import FaultProxy


def document(variant: str) -> dict[str, Any]:
    return {
        "flags": {
            "f": {
                "defaultVariant": variant,
                "rules": [{"when": {"customer": "c-42"}, "serve": "on"}],
            }
        }
    }


@pytest.fixture
def proxy(server: EventServer) -> Iterator[FaultProxy]:
    with FaultProxy(server.unix) as running:
        yield running


@pytest.fixture
def listener(proxy: FaultProxy, client_kind: Any) -> Iterator[Listener]:
    made = client_kind(proxy.address, random=Quick())
    yield made
    made.close()


def value(listener: Listener, **context: Any) -> Any:
    return listener.client.evaluate("f", context).value


def test_a_snapshot_is_downloaded_and_answers(server: EventServer, listener: Listener) -> None:
    assert listener.client.evaluate("f").error_code is ErrorCode.PROVIDER_NOT_READY
    generation = server.publish(document("off"))
    snapshot = listener.do(listener.client.snapshot())
    assert str(snapshot.generation) == generation
    assert (value(listener), value(listener, customer="c-42")) == (False, True)
    assert listener.client.evaluate("unknown").error_code is ErrorCode.FLAG_NOT_FOUND


def test_a_flag_whose_record_cannot_be_read_here_is_the_daemons_to_evaluate(
    server: EventServer, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.publish(document("off"))
    listener.do(listener.client.snapshot())

    def read(*_: Any) -> None:
        raise ValueError("unknown field `hologram`")

    monkeypatch.setattr(flag_sets, "read_flag_record", read)
    found = listener.client.evaluate("f")
    assert found.error_code is ErrorCode.PROVIDER_NOT_READY
    assert found.error_message.startswith("only the daemon can evaluate this flag: ")
    assert "hologram" in found.error_message


def test_who_follows_while_another_generation_is_downloaded_waits_for_it(
    server: EventServer, listener: Listener, proxy: FaultProxy
) -> None:
    server.publish(document("off"))
    assert listener.do(listener.client.follow(20))
    proxy.fault = faults.Latency(0.3)
    server.publish(document("on"))
    wait_until(lambda: not listener.client._evaluator.is_current)
    assert listener.do(listener.client.follow(20))
    assert value(listener) is True


def test_answers_follow_what_is_published(server: EventServer, listener: Listener) -> None:
    server.publish(document("off"))
    assert listener.do(listener.client.follow(20))
    assert (value(listener), listener.client.connected, listener.client.stale_for) == (False, True, 0.0)
    for variant, answer in (("on", True), ("off", False), ("on", True)):
        server.publish(document(variant))
        wait_until(lambda answer=answer: value(listener) is answer)  # type: ignore[misc]
    assert server.downloads == 4


def test_answers_go_on_without_the_daemon_and_are_right_again_when_it_is_back(
    server: EventServer, proxy: FaultProxy, listener: Listener
) -> None:
    server.publish(document("off"))
    assert listener.do(listener.client.follow(20))
    proxy.refuse()
    proxy.drop()
    wait_until(lambda: not listener.client.connected)
    server.publish(document("on"))
    assert value(listener) is False
    wait_until(lambda: listener.client.stale_for > 0)
    assert "nobody listens" in listener.client.diagnosis or "ended" in listener.client.diagnosis
    proxy.listen()
    wait_until(lambda: value(listener) is True, 20)
    wait_until(lambda: listener.client.stale_for == 0.0)


def test_a_daemon_of_another_life_is_believed(server: EventServer, listener: Listener) -> None:
    server.publish(document("off"))
    assert listener.do(listener.client.follow(20))
    server.restart_log(EventLog("e2"))
    server.publish(document("on"))
    wait_until(lambda: value(listener) is True, 20)


def test_a_snapshot_that_cannot_be_had_is_asked_for_until_it_can(
    server: EventServer, proxy: FaultProxy, listener: Listener
) -> None:
    following = threading.Thread(target=lambda: listener.do(listener.client.follow(20)))
    following.start()
    wait_until(lambda: "snapshot cannot be had" in listener.client.diagnosis)
    assert listener.client.stale_for > 0
    server.publish(document("on"))
    following.join(20)
    wait_until(lambda: value(listener) is True)


def test_the_last_snapshot_answers_after_a_restart_without_a_daemon(
    server: EventServer, client_kind: Any, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.snapshot"
    server.publish(document("on"))
    first = client_kind(server.unix, last_snapshot=kept)
    assert first.do(first.client.follow(20))
    first.close()
    second = client_kind("http://127.0.0.1:1", last_snapshot=str(kept))
    try:
        assert value(second) is True
        assert (second.client.connected, second.client.stale_for) == (False, math.inf)
        assert not second.do(second.client.follow(0.2))
    finally:
        second.close()


def test_following_ends_with_the_client_whatever_it_waits_for(
    server: EventServer, proxy: FaultProxy, client_kind: Any
) -> None:
    proxy.fault = faults.OnAccept(faults.hang)
    listener = client_kind(proxy.address)
    assert not listener.do(listener.client.follow(0.1))
    listener.close()
    assert "burgee-client" not in {thread.name for thread in threading.enumerate()}


def test_a_request_is_asked_once_and_answered_whatever_the_status(
    server: EventServer, proxy: FaultProxy, listener: Listener
) -> None:
    ask = listener.client.request
    answer = listener.do(ask("POST", "/admin/v1/echo", {"a": [1]}, headers={"Idempotency-Key": "k"}))
    assert (answer.status, answer.document) == (200, {"got": {"a": [1]}, "key": "k"})
    assert listener.do(ask("GET", "/admin/v1/nothing")).status == 404
    proxy.fault = faults.After(0, faults.close)
    accepted = proxy.accepted
    with pytest.raises(Unreachable):
        listener.do(ask("POST", "/admin/v1/echo", {}))
    assert proxy.accepted == accepted + 1
    proxy.fault = faults.After(0, faults.hang)
    with pytest.raises(Unreachable) as failure:
        listener.do(ask("POST", "/admin/v1/echo", {}, deadline=0.3))
    assert failure.value.timed_out


def test_threads_share_a_client(server: EventServer) -> None:
    server.publish(document("on"))
    with Client(server.unix) as client:
        assert client.follow(20)
        heard: list[list[str]] = [[] for _ in range(4)]

        def listen(number: int) -> None:
            for event in client.events():
                heard[number].append(str(event.position))
                if len(heard[number]) == 11:
                    return

        threads = [threading.Thread(target=listen, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: server.log.subscribers == 5)
        for _ in range(10):
            server.append(control_event())
        for thread in threads:
            thread.join(20)
        assert heard == [[f"e1-{number}" for number in range(1, 12)]] * 4
