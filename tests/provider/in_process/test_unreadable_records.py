"""Records that this reader cannot read, and the daemon beside it can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from burgee.snapshot_bytes import flag_sets
from tests.provider.conftest import Caller
from tests.provider.in_process.conftest import FLAGS, SharingDaemon
from tests.support.fake_daemon import answer


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has all records of one kind, ``flag`` or ``override``, hold what only a later version knows."""

    def make(kind: str) -> None:
        def read(*_: Any) -> None:
            raise ValueError("unknown field `hologram`")

        monkeypatch.setattr(flag_sets, f"read_{kind}_record", read)

    return make


def test_a_flag_whose_record_cannot_be_read_here_is_asked_of_the_daemon_which_can(
    local: BurgeeProvider, sharing: SharingDaemon, caller: Caller, unreadable: Callable[[str], None]
) -> None:
    sharing.shared.publish(FLAGS)
    assert caller.resolve(local, "integer", "whole", 0).value == 10
    unreadable("flag")
    sharing.evaluation = answer("from the daemon")
    for _ in range(2):
        assert caller.resolve(local, "string", "text", "").value == "from the daemon"
        assert caller.resolve(local, "integer", "whole", 0).value == 10
    assert {request.target for request in sharing.requests} == {"/ofrep/v1/evaluate/flags/text"}
    sharing.stop()
    details = caller.resolve(local, "string", "text", "mine")
    assert (details.value, details.reason) == ("from the daemon", Reason.STALE)
    details = caller.resolve(local, "boolean", "flag", True)
    assert (details.value, details.error_code) == (True, ErrorCode.PROVIDER_NOT_READY)


def test_an_override_that_cannot_be_read_here_is_asked_of_the_daemon_for_whom_it_is_and_nobody_else(
    local: BurgeeProvider, sharing: SharingDaemon, caller: Caller, unreadable: Callable[[str], None]
) -> None:
    unreadable("override")
    sharing.evaluation = answer(2.5)
    whom = EvaluationContext("u-1", {"customer": "c-1"})
    for _ in range(2):
        assert caller.resolve(local, "float", "fraction", 0.0).value == 0.5
        assert caller.resolve(local, "float", "fraction", 0.0, whom).value == 2.5
    assert [request.context["customer"] for request in sharing.requests] == ["c-1", "c-1"]


def test_what_the_definition_itself_means_as_an_error_is_not_asked_of_the_daemon(
    local: BurgeeProvider, sharing: SharingDaemon, caller: Caller
) -> None:
    wrong = {"variants": {"a": "alpha"}, "defaultVariant": "a", "targeting": {"var": "plan"}}
    sharing.shared.publish({**FLAGS, "flags": {**FLAGS["flags"], "wrong": wrong}})
    for _ in range(2):
        details = caller.resolve(local, "string", "wrong", "mine", EvaluationContext("u-1", {"plan": "pro"}))
        assert (details.value, details.error_code) == ("mine", ErrorCode.GENERAL)
    assert sharing.accepted == 0
