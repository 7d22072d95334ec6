"""What the daemon says is passed on; where it fails, the last known answer is given, or it says why."""

from __future__ import annotations

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from tests.provider.conftest import Caller
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, Handler, answer, answer_bytes, cut, http, raw

USER = EvaluationContext("u", {"a": 1})


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (fake_daemon.error(404, errorCode="FLAG_NOT_FOUND", errorDetails="no such flag"), "FLAG_NOT_FOUND"),
        (
            fake_daemon.error(400, errorCode="TARGETING_KEY_MISSING", errorDetails="x"),
            "TARGETING_KEY_MISSING",
        ),
        (fake_daemon.error(400, errorCode="INVALID_CONTEXT", errorDetails="x"), "INVALID_CONTEXT"),
        (fake_daemon.error(400, errorCode="GENERAL", errorDetails="ambiguous"), "GENERAL"),
        (fake_daemon.error(413, errorCode="GENERAL", errorDetails="large"), "GENERAL"),
        (answer("text"), "TYPE_MISMATCH"),
    ],
)
def test_an_error_that_is_the_daemons_answer_is_not_papered_over(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller, handler: Handler, code: str
) -> None:
    assert caller.resolve(provider).value is True
    daemon.evaluation = handler
    for _ in range(2):
        details = caller.resolve(provider)
        assert (details.value, details.error_code, details.reason) == (False, ErrorCode(code), Reason.ERROR)
        assert details.error_message
    daemon.stop()
    assert caller.resolve(provider).error_code is ErrorCode.PROVIDER_NOT_READY


def close_at_once(exchange: fake_daemon.Exchange) -> None:
    exchange.close()


FAILURES = [
    pytest.param(close_at_once, "PROVIDER_NOT_READY", "without an answer", id="closes"),
    pytest.param(cut(answer_bytes(True)[:30]), "GENERAL", "in the middle", id="cut-in-head"),
    pytest.param(cut(answer_bytes(True)[:-3]), "GENERAL", "in the middle", id="cut-in-body"),
    pytest.param(cut(b"SSH-2.0-OpenSSH_9.6\r\n"), "PARSE_ERROR", "is no Burgee daemon", id="ssh"),
    pytest.param(cut(b"\x15\x03\x01\x00\x02\x02\x46"), "PARSE_ERROR", "that is a TLS port", id="tls"),
    pytest.param(raw(http(200, b"<html></html>")), "PARSE_ERROR", "not a JSON object", id="html"),
    pytest.param(raw(http(200, b'{"value": true')), "PARSE_ERROR", "not a JSON object", id="half-json"),
    pytest.param(raw(http(200, b"{}")), "PARSE_ERROR", "neither value nor reason", id="other-service"),
    pytest.param(raw(http(404, b"nginx")), "GENERAL", "404", id="other-404"),
    pytest.param(raw(http(200, b"x" * 10_000_000)), "GENERAL", "over the limit of 1048576 bytes", id="10-MB"),
    pytest.param(
        cut(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000_000),
        "GENERAL",
        "over the limit",
        id="10-MB-unannounced",
    ),
    pytest.param(cut(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 99_999), "GENERAL", "headers over", id="long-head"),
    pytest.param(
        raw(http(301, b"", {"Location": "https://flags.example"})),
        "GENERAL",
        "redirected to https://flags.example",
        id="redirect",
    ),
    pytest.param(raw(http(500, b"")), "GENERAL", "HTTP 500", id="500"),
    pytest.param(raw(http(502, b"Bad Gateway")), "GENERAL", "502", id="502"),
    pytest.param(raw(http(429, b"", {"Retry-After": "1"})), "GENERAL", "429", id="429"),
    pytest.param(
        fake_daemon.error(503, errorCode="PROVIDER_NOT_READY", errorDetails="loading"),
        "PROVIDER_NOT_READY",
        "loading",
        id="not-ready",
    ),
]


@pytest.mark.parametrize(("handler", "code", "says"), FAILURES)
def test_a_failure_without_a_last_known_answer_is_the_default_value_and_says_why(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller, handler: Handler, code: str, says: str
) -> None:
    daemon.evaluation = handler
    default = object()
    details = caller.resolve(provider, default_value=default)
    assert details.value is default
    assert (details.error_code, details.reason) == (ErrorCode(code), Reason.ERROR)
    assert says in (details.error_message or "")


@pytest.mark.parametrize(("handler", "code", "says"), FAILURES)
def test_a_failure_after_an_answer_is_the_last_known_one_as_stale(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller, handler: Handler, code: str, says: str
) -> None:
    daemon.evaluation = answer(True, variant="v", metadata={"owner": "x"})
    caller.resolve(provider, evaluation_context=USER)
    daemon.evaluation = handler
    for _ in range(2):
        details = caller.resolve(provider, evaluation_context=USER)
        assert (details.value, details.reason, details.variant) == (True, Reason.STALE, "v")
        assert details.error_code is None
        assert details.flag_metadata == {"owner": "x", "burgee.reason": "STATIC"}
    daemon.evaluation = answer(False)
    assert caller.resolve(provider, default_value=True, evaluation_context=USER).reason is Reason.STATIC


def test_the_last_known_answer_is_for_the_same_flag_and_context_only(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    daemon.evaluation = answer(1)
    caller.resolve(provider, "integer", "flag", 7, EvaluationContext("u", {"a": 1}))
    daemon.stop()
    assert caller.resolve(provider, "integer", "flag", 7, EvaluationContext("u", {"a": 1})).value == 1
    as_float = caller.resolve(provider, "float", "flag", 7.5, EvaluationContext("u", {"a": 1}))
    assert (as_float.value, type(as_float.value)) == (1.0, float)
    for flag_type, key, context in [
        ("string", "flag", EvaluationContext("u", {"a": 1})),
        ("integer", "other", EvaluationContext("u", {"a": 1})),
        ("integer", "flag", EvaluationContext("u", {"a": True})),
        ("integer", "flag", EvaluationContext("u", {"a": "1"})),
        ("integer", "flag", EvaluationContext("v", {"a": 1})),
        ("integer", "flag", None),
    ]:
        details = caller.resolve(provider, flag_type, key, 7, context)
        assert (details.value, details.error_code) == (7, ErrorCode.PROVIDER_NOT_READY)


def test_the_order_of_a_contexts_attributes_does_not_matter(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    caller.resolve(provider, evaluation_context=EvaluationContext("u", {"a": 1, "b": 2}))
    daemon.stop()
    assert caller.resolve(provider, evaluation_context=EvaluationContext("u", {"b": 2, "a": 1})).value is True


def test_a_code_default_is_a_last_known_answer_too(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    daemon.evaluation = answer(reason="DISABLED")
    caller.resolve(provider)
    daemon.stop()
    details = caller.resolve(provider, default_value=True)
    assert (details.value, details.reason, details.error_code) == (True, Reason.STALE, None)


def test_a_daemon_that_came_back_is_asked_at_once_although_all_idle_connections_are_dead(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    assert caller.resolve(provider).reason is Reason.STATIC
    daemon.stop()
    daemon.start()
    details = caller.resolve(provider)
    assert (details.reason, len(daemon.requests)) == (Reason.STATIC, 2)


def test_an_answer_that_had_begun_is_not_asked_for_again(
    provider: BurgeeProvider, daemon: FakeDaemon, caller: Caller
) -> None:
    caller.resolve(provider)
    daemon.evaluation = cut(answer_bytes(True)[:20])
    caller.resolve(provider)
    assert len(daemon.requests) == 2
