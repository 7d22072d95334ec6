"""The in-process resolver beside its daemon: nothing is asked that can be known here."""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson
import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from burgee.errors import SnapshotError, SnapshotFault
from burgee.wire.sync import GenerationEvent
from tests.provider.conftest import Caller, eventually
from tests.provider.in_process.conftest import FLAGS, SharingDaemon, flags, settle
from tests.support.fake_daemon import answer, error, hang
from tests.support.runtime_directory import snapshot_bytes

PRO = EvaluationContext("u-1", {"plan": "pro"})


def test_answers_come_without_a_thread_and_without_a_connection(
    local: BurgeeProvider, sharing: SharingDaemon, caller: Caller
) -> None:
    threads = set(threading.enumerate())
    details = caller.resolve(local, "boolean", "flag", False, PRO)
    assert (details.value, details.variant, details.reason) == (True, "on", Reason.TARGETING_MATCH)
    assert details.flag_metadata == {
        "flagSetId": "shop",
        "version": "7",
        "burgee.source": "default",
        "burgee.rule": "rules[0]",
    }
    assert (sharing.accepted, sharing.requests) == (0, [])
    # Those of tests before may end meanwhile.
    assert set(threading.enumerate()) <= threads


@pytest.mark.parametrize(
    ("flag_type", "key", "default", "value"),
    [
        ("boolean", "flag", True, False),
        ("string", "text", "", "alpha"),
        ("integer", "whole", 0, 10),
        ("float", "whole", 0.0, 10.0),
        ("float", "fraction", 0.0, 0.5),
        ("integer", "large", 0, 9007199254740993),
        ("object", "layout", {}, {"columns": [1, {"wide": True}]}),
        ("boolean", "resting", True, True),
    ],
)
def test_each_type_is_answered_as_itself(
    local: BurgeeProvider, caller: Caller, flag_type: str, key: str, default: Any, value: Any
) -> None:
    for _ in range(2):
        details = caller.resolve(local, flag_type, key, default)
        assert (details.value, type(details.value), details.error_code) == (value, type(value), None)


@pytest.mark.parametrize(
    ("flag_type", "key", "code"),
    [
        ("boolean", "text", ErrorCode.TYPE_MISMATCH),
        ("string", "flag", ErrorCode.TYPE_MISMATCH),
        ("integer", "flag", ErrorCode.TYPE_MISMATCH),
        ("integer", "fraction", ErrorCode.TYPE_MISMATCH),
        ("float", "large", ErrorCode.TYPE_MISMATCH),
        ("object", "text", ErrorCode.TYPE_MISMATCH),
        ("boolean", "unknown", ErrorCode.FLAG_NOT_FOUND),
        ("boolean", "", ErrorCode.FLAG_NOT_FOUND),
        ("boolean", "divided", ErrorCode.TARGETING_KEY_MISSING),
    ],
)
def test_an_error_is_told_with_its_code_and_the_default(
    local: BurgeeProvider, caller: Caller, flag_type: str, key: str, code: ErrorCode
) -> None:
    for _ in range(2):
        details = caller.resolve(local, flag_type, key, "mine")
        assert (details.value, details.error_code, details.reason) == ("mine", code, Reason.ERROR)
        assert details.error_message


def test_what_is_handed_out_is_the_callers_to_change(local: BurgeeProvider, caller: Caller) -> None:
    first = caller.resolve(local, "object", "layout", {})
    first.value["columns"][1]["wide"] = "spoilt"
    first.value["more"] = 1
    first.flag_metadata["spoilt"] = True  # type: ignore[index]
    again = caller.resolve(local, "object", "layout", {})
    assert again.value == {"columns": [1, {"wide": True}]}
    assert "spoilt" not in again.flag_metadata


def test_a_publication_is_seen_by_the_next_call(
    local: BurgeeProvider, sharing: SharingDaemon, caller: Caller
) -> None:
    for default in ("b", "a", "b"):
        sharing.shared.publish(flags(text=default))
        details = caller.resolve(local, "string", "text", "")
        assert (details.variant, details.reason) == (default, Reason.STATIC)
    assert sharing.accepted == 0


def test_asynchronous_evaluations_never_suspend(local: BurgeeProvider) -> None:
    coroutine = local.resolve_boolean_details_async("flag", False, PRO)
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    assert ended.value.value.value is True


def test_a_selector_shows_one_flag_set(sharing: SharingDaemon) -> None:
    for selector, code in [("flagSetId=shop", None), ("flagSetId=other", ErrorCode.FLAG_NOT_FOUND)]:
        provider = BurgeeProvider(sharing.address, resolver="in-process", selector=selector)
        for _ in range(2):
            assert provider.resolve_string_details("text", "").error_code is code


def test_while_the_heart_stands_still_answers_are_stale_and_keep_their_reason(
    local: BurgeeProvider, sharing: SharingDaemon, caller: Caller
) -> None:
    assert caller.resolve(local, "string", "text", "").reason is Reason.STATIC
    stale = eventually(
        lambda: (found := caller.resolve(local, "string", "text", "")).reason is Reason.STALE and found
    )
    assert (stale.value, stale.flag_metadata["burgee.reason"]) == ("alpha", "STATIC")
    code_default = caller.resolve(local, "boolean", "resting", True)
    assert (code_default.value, code_default.reason) == (True, Reason.STALE)
    unknown = caller.resolve(local, "string", "unknown", "")
    assert (unknown.reason, unknown.error_code) == (Reason.ERROR, ErrorCode.FLAG_NOT_FOUND)
    sharing.shared.beat()
    eventually(lambda: caller.resolve(local, "string", "text", "").reason is Reason.STATIC)
    assert "burgee.reason" not in caller.resolve(local, "string", "text", "").flag_metadata


def test_a_flag_that_needs_the_daemon_is_asked_of_it_and_no_other(
    local: BurgeeProvider, sharing: SharingDaemon, caller: Caller
) -> None:
    sharing.shared.publish(FLAGS, needs_daemon=frozenset({"text"}))
    sharing.evaluation = answer("from the daemon")
    for _ in range(2):
        assert caller.resolve(local, "string", "text", "").value == "from the daemon"
        assert caller.resolve(local, "integer", "whole", 0).value == 10
    assert {request.target for request in sharing.requests} == {"/ofrep/v1/evaluate/flags/text"}


def test_a_flag_that_needs_a_daemon_which_is_gone_is_not_guessed(
    local: BurgeeProvider, sharing: SharingDaemon, caller: Caller
) -> None:
    sharing.shared.publish(FLAGS, needs_daemon=frozenset({"text"}))
    sharing.stop()
    details = caller.resolve(local, "string", "text", "mine")
    assert (details.value, details.error_code) == ("mine", ErrorCode.PROVIDER_NOT_READY)


@pytest.mark.parametrize("how", ["damaged", "withdrawn", "writable"])
def test_a_snapshot_that_cannot_be_used_is_made_up_for_by_asking_the_daemon(
    local: BurgeeProvider,
    sharing: SharingDaemon,
    caller: Caller,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert caller.resolve(local, "string", "text", "").value == "alpha"
    sharing.evaluation = answer("from the daemon")
    if how == "damaged":
        sharing.shared.publish_bytes(snapshot_bytes(flags(text="b"), 2)[:-5])
    elif how == "writable":
        sharing.shared.publish_bytes(snapshot_bytes(flags(text="b"), 2), mode=0o666)
    else:
        sharing.shared.withdraw()
    for _ in range(3):
        assert caller.resolve(local, "string", "text", "").value == "from the daemon"
    told = [record.getMessage() for record in caplog.records if "not used" in record.getMessage()]
    assert len(told) == (0 if how == "withdrawn" else 1), told
    assert all(str(sharing.shared.current) in line for line in told)
    sharing.shared.publish(flags(text="b"))
    requests = len(sharing.requests)
    assert caller.resolve(local, "string", "text", "").value == "beta"
    assert len(sharing.requests) == requests


@pytest.mark.parametrize("failing", [error(500), hang])
def test_where_the_daemon_says_nothing_either_the_snapshot_before_answers_as_stale(
    sharing: SharingDaemon, caller: Caller, failing: Any
) -> None:
    provider = BurgeeProvider(sharing.address, resolver="in-process", deadline=0.1)
    assert caller.resolve(provider, "string", "text", "").value == "alpha"
    sharing.evaluation = failing
    sharing.shared.withdraw()
    details = caller.resolve(provider, "string", "text", "mine")
    assert (details.value, details.reason, details.error_code) == ("alpha", Reason.STALE, None)
    unknown = caller.resolve(provider, "string", "unknown", "mine")
    assert unknown.value == "mine" and unknown.error_code is not None
    provider.shutdown()


@pytest.mark.parametrize("fault", ["features", "version"])
def test_a_snapshot_of_a_later_daemon_has_every_flag_asked_and_is_not_downloaded(
    sharing: SharingDaemon,
    caller: Caller,
    fault: SnapshotFault,
    openfeature_api: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from openfeature.contrib.provider.burgee import evaluator

    def beyond(*_: Any, **__: Any) -> None:
        raise SnapshotError(fault, "the snapshot needs `telepathy`", ["telepathy"])

    sharing.evaluation = answer("from the daemon")
    monkeypatch.setattr(evaluator, "read", beyond)
    provider = BurgeeProvider(sharing.address, resolver="in-process")
    openfeature_api.set_provider_and_wait(provider)
    assert caller.resolve(provider, "string", "text", "").value == "from the daemon"
    assert {request.method for request in sharing.requests} == {"POST"}


def test_no_answer_mixes_two_generations_while_many_threads_evaluate(
    local: BurgeeProvider, sharing: SharingDaemon
) -> None:
    ended = threading.Event()
    problems: list[object] = []

    def evaluate() -> None:
        while not ended.is_set():
            details = local.resolve_string_details("text", "mine")
            if (details.value, details.variant) not in (("alpha", "a"), ("beta", "b")):
                problems.append(details)
            time.sleep(0.0005)

    threads = [threading.Thread(target=evaluate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(16):
        sharing.shared.publish(flags(text="ab"[number % 2]))
    time.sleep(0.05)
    ended.set()
    for thread in threads:
        thread.join(20)
    assert not problems
    assert local.resolve_string_details("text", "").value == "beta"


def test_a_provider_that_was_shut_down_answers_again(
    sharing: SharingDaemon, openfeature_api: Any, caller: Caller
) -> None:
    provider = BurgeeProvider(sharing.address, resolver="in-process")
    for _ in range(2):
        openfeature_api.set_provider_and_wait(provider)
        assert caller.resolve(provider, "string", "text", "").reason is Reason.STATIC
        provider.shutdown()
        provider.shutdown()


def test_the_event_makes_the_head_believed_at_once(sharing: SharingDaemon, openfeature_api: Any) -> None:
    provider = BurgeeProvider(sharing.address, resolver="in-process")
    openfeature_api.set_provider_and_wait(provider)
    assert provider.resolve_string_details("text", "").reason is Reason.STATIC


def test_an_edge_in_time_reads_nothing_anew(
    local: BurgeeProvider, sharing: SharingDaemon, openfeature_api: Any
) -> None:
    openfeature_api.set_provider_and_wait(local)
    settle(local)
    before = local.resolve_string_details("text", "")
    held = local._resolver._newest.held  # type: ignore[attr-defined]
    told = sharing.generation
    sharing.publish(GenerationEvent(told.epoch, told.number, told.etag, frozenset({"text"}), "time"))
    eventually(lambda: sharing.open_streams)
    time.sleep(0.1)
    assert local.resolve_string_details("text", "").value == before.value
    assert local._resolver._newest.held is held  # type: ignore[attr-defined]
    assert orjson.dumps(sharing.requests) == b"[]"
