"""Evaluations against a scriptable daemon, over both transports, blocking and asynchronously."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from tests.provider.conftest import Caller, eventually
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, Handler, answer, answer_bytes, cut, http, raw, running

USER = EvaluationContext("u", {"a": 1})


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
    assert details.error_code in (ErrorCode.GENERAL, ErrorCode.PARSE_ERROR)


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


# What the daemon says is passed on; where it fails, the last known answer stands in.


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


# Where nobody is.


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "burgee.sock"


def says(address: str, caller: Caller, **options: Any) -> str:
    """The message of an evaluation that cannot reach its daemon."""
    provider = BurgeeProvider(address, **options)
    details = caller.resolve(provider, default_value="mine", flag_type="string")
    assert (details.value, details.error_code) == ("mine", ErrorCode.PROVIDER_NOT_READY)
    provider.shutdown()
    return details.error_message or ""


def test_a_missing_socket_is_named(nowhere: Path, caller: Caller) -> None:
    assert (
        says(f"unix://{nowhere}", caller)
        == f"unix://{nowhere}: there is no such socket; is the daemon running?"
    )


def test_a_file_that_is_no_socket_is_named(nowhere: Path, caller: Caller) -> None:
    nowhere.write_text("not a socket")
    assert "not a socket" in says(f"unix://{nowhere}", caller)


def test_a_socket_of_a_dead_daemon_is_named(nowhere: Path, caller: Caller) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(nowhere))
    assert "nobody listens behind the socket" in says(f"unix://{nowhere}", caller)


def test_a_datagram_socket_is_named(nowhere: Path, caller: Caller) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(nowhere))
        assert "not a stream socket" in says(f"unix://{nowhere}", caller)


def test_a_path_through_a_file_is_named(nowhere: Path, caller: Caller) -> None:
    nowhere.write_text("")
    assert "no directory" in says(f"unix://{nowhere}/burgee.sock", caller)


def test_a_port_where_nobody_listens_is_named(caller: Caller) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert "nobody listens there" in says(f"http://127.0.0.1:{port}", caller)


def test_an_unknown_name_is_named(caller: Caller) -> None:
    message = says("http://no-such-host.invalid:8016", caller, deadline=20)
    assert "no-such-host.invalid" in message
    assert "unknown" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_socket_that_one_may_not_use_is_named(unix_daemon: FakeDaemon, tmp_path: Path) -> None:
    assert unix_daemon.path is not None
    os.chmod(unix_daemon.path, 0o600)
    script = (
        "import asyncio, os, sys\n"
        "from openfeature.contrib.provider.burgee import BurgeeProvider\n"
        "provider = BurgeeProvider(sys.argv[1])\n"
        "asyncio\n"
        "os.chdir(sys.argv[2])\n"
        "os.setresuid(65534, 65534, 65534)\n"
        "print(provider.resolve_boolean_details('f', False).error_message)\n"
        "print(asyncio.run(provider.resolve_boolean_details_async('f', False)).error_message)\n"
    )
    for directory in [tmp_path, *tmp_path.parents][:4]:
        if directory != Path("/tmp"):
            os.chmod(directory, 0o755)
    # asynchronous.py is imported late, so the path has to be open to that user as well.
    output = subprocess.run(
        [sys.executable, "-c", script, unix_daemon.address, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout.splitlines()
    assert len(output) == 2
    assert all("permission denied for user 65534" in line and "--socket-mode" in line for line in output)


def test_the_search_takes_the_first_daemon_that_listens(
    tmp_path: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BURGEE_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "burgee").mkdir()
    with running(FakeDaemon(str(tmp_path / "burgee" / "burgee.sock"))) as fake:
        provider = BurgeeProvider()
        assert caller.resolve(provider).value is True
        assert len(fake.requests) == 1
        provider.shutdown()


def test_a_search_in_vain_names_every_place(
    tmp_path: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BURGEE_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    provider = BurgeeProvider()
    details = caller.resolve(provider)
    if details.error_code is None:
        pytest.skip("a daemon runs at the default address of this machine")
    message = details.error_message or ""
    assert message.startswith("no daemon found: ")
    for place in (f"unix://{tmp_path}/burgee/burgee.sock", "unix:///run/burgee", "http://127.0.0.1:8016"):
        assert place in message


def test_localhost_means_this_machine_without_asking_any_name_server(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("looked up")

    with running(FakeDaemon()) as fake:
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        provider = BurgeeProvider(f"http://localhost:{fake.port}")
        assert caller.resolve(provider).value is True
        provider.shutdown()


def test_a_host_name_is_looked_up(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(host: str, port: int, **options: object) -> list[Any]:
        assert host == "burgee.pod"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with running(FakeDaemon()) as fake:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        provider = BurgeeProvider(f"http://burgee.pod:{fake.port}")
        assert caller.resolve(provider).value is True
        assert fake.requests[0].headers["host"] == f"burgee.pod:{fake.port}"
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
