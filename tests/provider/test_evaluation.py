"""Evaluations against a scriptable daemon, over both transports, blocking and asynchronously."""

from __future__ import annotations

import os
import threading
from typing import Any

import orjson
import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from tests.provider.conftest import Caller, eventually
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, answer, answer_bytes


@pytest.mark.parametrize(
    ("flag_type", "served", "default", "expected"),
    [
        ("boolean", False, True, False),
        ("string", "", "x", ""),
        ("integer", 0, 1, 0),
        ("integer", 10.0, 1, 10),
        ("integer", 2**53 + 1, 1, 2**53 + 1),
        ("float", 0.0, 1.0, 0.0),
        ("float", 10, 1.0, 10.0),
        ("object", {"a": [1, {"b": None}]}, {}, {"a": [1, {"b": None}]}),
        ("object", [1], {}, [1]),
    ],
)
def test_a_value_of_each_type_comes_with_all_that_was_said_of_it(
    provider: BurgeeProvider,
    daemon: FakeDaemon,
    caller: Caller,
    flag_type: str,
    served: Any,
    default: Any,
    expected: Any,
) -> None:
    daemon.evaluation = answer(
        served, reason="TARGETING_MATCH", variant="v", metadata={"burgee.source": "customer", "n": 1.5}
    )
    details = caller.resolve(provider, flag_type, default_value=default)
    assert (details.value, type(details.value)) == (expected, type(expected))
    assert (details.reason, details.variant) == (Reason.TARGETING_MATCH, "v")
    assert details.flag_metadata == {"burgee.source": "customer", "n": 1.5}
    assert (details.error_code, details.error_message) == (None, None)


@pytest.mark.parametrize(
    ("flag_type", "served", "default"),
    [
        ("boolean", "true", True),
        ("boolean", 1, True),
        ("string", 1, "x"),
        ("integer", True, 7),
        ("integer", 0.5, 7),
        ("float", True, 7.5),
        ("float", "1", 7.5),
        ("object", "{}", {"mine": 1}),
    ],
)
def test_another_type_is_a_mismatch_with_the_default_value(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller, flag_type: str, served: Any, default: Any
) -> None:
    daemon.evaluation = answer(served, metadata={"owner": "x"})
    details = caller.resolve(provider, flag_type, default_value=default)
    assert details.value is default
    assert (details.error_code, details.reason) == (ErrorCode.TYPE_MISMATCH, Reason.ERROR)
    assert flag_type in (details.error_message or "")
    assert details.flag_metadata == {"owner": "x"}


def test_the_daemon_is_sent_the_key_the_context_and_the_selector(daemon: FakeDaemon, caller: Caller) -> None:
    provider = BurgeeProvider(daemon.address, selector="flagSetId=shop")
    caller.resolve(
        provider, flag_key="a/b?", evaluation_context=EvaluationContext("u", {"x": [1, True], "y": "é"})
    )
    (request,) = daemon.requests
    assert request.target == "/ofrep/v1/evaluate/flags/a%2Fb%3F"
    assert request.context == {"targetingKey": "u", "x": [1, True], "y": "é"}
    assert request.headers["flagd-selector"] == "flagSetId=shop"
    assert request.headers["content-type"] == "application/json"
    provider.shutdown()


def test_a_direct_caller_may_leave_the_context_out(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    assert caller.resolve(provider).value is True
    assert daemon.requests[0].context == {}


def test_a_connection_is_used_again_by_both_ways_of_calling(
    provider: BurgeeProvider, daemon: FakeDaemon
) -> None:
    for way in ("blocking", "asynchronous", "blocking", "asynchronous", "asynchronous"):
        assert Caller(way).resolve(provider).value is True
    assert daemon.accepted == 1


def test_a_code_default_is_the_default_value_and_no_error(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    daemon.evaluation = answer(reason="DISABLED", variant="")
    details = caller.resolve(provider, "string", default_value="mine")
    assert (details.value, details.reason, details.variant, details.error_code) == (
        "mine",
        Reason.DISABLED,
        None,
        None,
    )


def test_each_answer_is_the_callers_own(provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller) -> None:
    daemon.evaluation = answer({"list": [1]}, metadata={"m": 1})
    first = caller.resolve(provider, "object", default_value={})
    first.value["list"].append(2)
    first.flag_metadata["m"] = 2  # type: ignore[index]
    daemon.stop()
    for _ in range(2):
        again = caller.resolve(provider, "object", default_value={})
        assert (again.value, again.reason) == ({"list": [1]}, Reason.STALE)
        assert again.flag_metadata == {"m": 1, "burgee.reason": "STATIC"}
        again.value["list"].append(3)


@pytest.mark.parametrize("key", ["", "x" * 257, "\ud800"])
def test_a_key_that_no_flag_can_have_is_not_found_without_asking(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller, key: str
) -> None:
    assert caller.resolve(provider, flag_key=key).error_code is ErrorCode.FLAG_NOT_FOUND
    assert daemon.requests == []


@pytest.mark.parametrize("key", [None, 5, b"flag"])
def test_a_key_that_is_no_text_is_an_error_and_nothing_raised(
    provider: BurgeeProvider, caller: Caller, key: Any
) -> None:
    details = caller.resolve(provider, flag_key=key)
    assert (details.value, details.reason) == (False, Reason.ERROR)
    says = f"a flag's key is text, not a Python {type(key).__name__}"
    assert (details.error_code, details.error_message) == (ErrorCode.GENERAL, says)


def test_a_context_that_cannot_be_sent_is_invalid_without_asking(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    context = EvaluationContext("u", {"bad": object()})  # type: ignore[dict-item]
    details = caller.resolve(provider, evaluation_context=context)
    assert (details.value, details.error_code) == (False, ErrorCode.INVALID_CONTEXT)
    assert "`bad`" in (details.error_message or "")
    assert daemon.requests == []


def test_a_context_over_the_daemons_limit_is_invalid_without_asking(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    context = EvaluationContext("u", {"large": "x" * 1024 * 1024})
    assert caller.resolve(provider, evaluation_context=context).error_code is ErrorCode.INVALID_CONTEXT
    assert daemon.requests == []


def test_a_megabyte_of_context_less_its_frame_gets_through(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    context = EvaluationContext(None, {"large": "x" * (1024 * 1024 - 24)})
    assert caller.resolve(provider, evaluation_context=context).value is True
    assert len(daemon.requests[0].body) == 1024 * 1024


def test_64_threads_each_get_the_answer_to_their_own_question(unix_daemon: FakeDaemon) -> None:
    def echo(exchange: fake_daemon.Exchange) -> None:
        exchange.send(answer_bytes(exchange.request.context["n"]))

    unix_daemon.evaluation = echo
    provider = BurgeeProvider(unix_daemon.address, deadline=20)
    wrong: list[object] = []

    def work(number: int) -> None:
        for step in range(20):
            asked = number * 1000 + step
            context = EvaluationContext(None, {"n": asked})
            got = provider.resolve_integer_details("flag", -1, context)
            if got.value != asked:
                wrong.append((asked, got))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert unix_daemon.accepted <= 64
    provider.shutdown()


def test_a_provider_that_was_shut_down_answers_a_direct_call_and_leaves_nothing_open(
    daemon: FakeDaemon, caller: Caller
) -> None:
    provider = BurgeeProvider(daemon.address)
    caller.resolve(provider)
    provider.shutdown()
    provider.shutdown()
    eventually(lambda: not daemon.open_connections)
    assert caller.resolve(provider).value is True
    provider.shutdown()
    eventually(lambda: not daemon.open_connections)


def test_a_forked_child_does_not_read_its_parents_answers(
    provider: BurgeeProvider, daemon: FakeDaemon
) -> None:
    def echo(exchange: fake_daemon.Exchange) -> None:
        exchange.send(answer_bytes(exchange.request.context["n"]))

    daemon.evaluation = echo
    provider.resolve_integer_details("f", -1, EvaluationContext(None, {"n": 1}))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        got = provider.resolve_integer_details("f", -1, EvaluationContext(None, {"n": 2}))
        os.write(writing, orjson.dumps(got.value))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"2"
    assert provider.resolve_integer_details("f", -1, EvaluationContext(None, {"n": 3})).value == 3
    assert daemon.accepted == 2
    os.close(reading)
    os.close(writing)
