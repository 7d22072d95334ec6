"""Evaluations over TLS: the same answers, over connections that are used again, within the deadline."""

from __future__ import annotations

import socket
import time

import pytest
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode

from tests.provider.conftest import Caller, eventually
from tests.provider.tls.conftest import PATIENCE, MakeProvider
from tests.support.fake_daemon import FakeDaemon, Handler, answer, answer_bytes, cut, drip, hang

UNCOUNTED = answer_bytes(True).replace(b"Content-Length", b"Ignored")
"""A response whose body ends with the connection."""


def test_both_drivers_use_one_connection_again(daemon: FakeDaemon, provider_of: MakeProvider) -> None:
    provider = provider_of(daemon.address)
    for way in ("blocking", "asynchronous", "blocking", "asynchronous"):
        assert Caller(way).resolve(provider).value is True
    assert daemon.accepted == 1


def test_an_answer_of_many_records_is_put_together(
    daemon: FakeDaemon, provider_of: MakeProvider, caller: Caller
) -> None:
    text = "long " * 60_000
    daemon.evaluation = answer(text)
    assert caller.resolve(provider_of(daemon.address), "string", default_value="").value == text


def test_a_question_of_many_records_is_sent_whole(daemon: FakeDaemon, provider_of: MakeProvider) -> None:
    context = EvaluationContext("u-1", {"long": "x" * 200_000})
    assert Caller("blocking").resolve(provider_of(daemon.address), evaluation_context=context).value is True
    assert daemon.requests[0].context["long"] == "x" * 200_000


def test_a_connection_that_ended_at_rest_is_replaced(
    daemon: FakeDaemon, provider_of: MakeProvider, caller: Caller
) -> None:
    provider = provider_of(daemon.address)
    assert caller.resolve(provider).value is True
    daemon.cut_connections()
    eventually(lambda: not daemon.open_connections)
    assert caller.resolve(provider).value is True
    assert daemon.accepted == 2


@pytest.mark.parametrize("handler", [hang, drip(answer_bytes(True), 0.05)], ids=["hangs", "drips"])
def test_a_call_ends_within_its_deadline(
    daemon: FakeDaemon, provider_of: MakeProvider, caller: Caller, handler: Handler
) -> None:
    provider = provider_of(daemon.address)
    assert caller.resolve(provider).value is True  # what is read once, is
    daemon.evaluation = handler
    provider = provider_of(daemon.address, deadline=0.5)
    began = time.monotonic()
    details = caller.resolve(provider)
    assert time.monotonic() - began < 3
    assert details.error_code is ErrorCode.PROVIDER_NOT_READY
    assert "in time" in str(details.error_message) or "within 0.5 s" in str(details.error_message)


def test_a_handshake_that_is_not_answered_ends_within_the_deadline_and_holds_the_next_calls_off(
    provider_of: MakeProvider, caller: Caller
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        provider = provider_of(f"https://127.0.0.1:{silent.getsockname()[1]}", deadline=0.3)
        began = time.monotonic()
        first = caller.resolve(provider)
        assert 0.25 < time.monotonic() - began < 3
        assert first.error_code is ErrorCode.PROVIDER_NOT_READY
        held = [caller.resolve(provider).error_message for _ in range(3)]
    assert any("did not answer a moment ago" in str(message) for message in held)


def test_an_answer_that_is_cut_off_is_no_answer(
    daemon: FakeDaemon, provider_of: MakeProvider, caller: Caller
) -> None:
    # Anybody on the way can end a connection, and so shorten a body that no length is stated of.
    daemon.evaluation = cut(UNCOUNTED)
    details = caller.resolve(provider_of(daemon.address))
    assert (details.value, details.error_code) == (False, ErrorCode.GENERAL)
    assert details.error_message == f"{daemon.address}: the connection was cut off"


def test_an_answer_that_ends_with_the_daemons_goodbye_is_one(
    daemon: FakeDaemon, provider_of: MakeProvider, caller: Caller
) -> None:
    def say_goodbye(exchange: object) -> None:
        peer = exchange._peer  # type: ignore[attr-defined]
        peer.sendall(UNCOUNTED)
        peer.settimeout(PATIENCE)
        peer.unwrap()

    daemon.evaluation = say_goodbye
    assert caller.resolve(provider_of(daemon.address)).value is True
