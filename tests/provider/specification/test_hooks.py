"""Hooks: each stage in its turn, told the truth, for answers and for errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions, FlagType, Reason
from openfeature.hook import Hook, HookContext, HookHints

from tests.provider.specification.conftest import Asking, first_reason

Calls = list[tuple[str, str]]


class Notes(Hook):
    """A hook that notes what it is told."""

    def __init__(self, name: str = "hook", calls: Calls | None = None) -> None:
        self.name = name
        self.calls: Calls = [] if calls is None else calls
        self.context: HookContext | None = None
        self.after_details: FlagEvaluationDetails[Any] | None = None
        self.finally_details: FlagEvaluationDetails[Any] | None = None
        self.error_told: Exception | None = None
        self.hints: HookHints | None = None

    def before(self, hook_context: HookContext, hints: HookHints) -> EvaluationContext | None:
        self.calls.append((self.name, "before"))
        self.context, self.hints = hook_context, hints
        hook_context.hook_data["began"] = self.name
        return None

    def after(self, hook_context: HookContext, details: FlagEvaluationDetails[Any], hints: HookHints) -> None:
        self.calls.append((self.name, "after"))
        assert hook_context.hook_data == {"began": self.name}
        self.after_details = details

    def error(self, hook_context: HookContext, exception: Exception, hints: HookHints) -> None:
        self.calls.append((self.name, "error"))
        self.error_told = exception

    def finally_after(
        self, hook_context: HookContext, details: FlagEvaluationDetails[Any], hints: HookHints
    ) -> None:
        self.calls.append((self.name, "finally"))
        self.finally_details = details


@pytest.fixture
def hook() -> Iterator[Notes]:
    """A hook for every evaluation."""
    noting = Notes()
    api.add_hooks([noting])
    yield noting


def test_an_answer_passes_before_after_and_finally_and_is_the_same_in_each(
    asking: Asking, hook: Notes
) -> None:
    details = asking.details("string", "string", "mine", EvaluationContext("anna", {"plan": "pro"}))
    assert [stage for _, stage in hook.calls] == ["before", "after", "finally"]
    for told in (hook.after_details, hook.finally_details):
        assert told is not None
        assert (told.flag_key, told.value, told.variant) == ("string", "hi", "greeting")
        assert (told.error_code, first_reason(told)) == (None, Reason.STATIC)
        assert dict(told.flag_metadata) == dict(details.flag_metadata)


def test_a_hook_is_told_of_what_is_asked_and_of_whom(asking: Asking, hook: Notes) -> None:
    client = OpenFeatureClient(domain=None, version=None, context=EvaluationContext(None, {"plan": "pro"}))
    options = FlagEvaluationOptions(hook_hints={"hint": 1})
    asking.details("integer", "integer", 7, EvaluationContext("anna", {"seats": 5}), options, client)
    told = hook.context
    assert told is not None
    assert (told.flag_key, told.flag_type, told.default_value) == ("integer", FlagType.INTEGER, 7)
    assert told.evaluation_context == EvaluationContext("anna", {"plan": "pro", "seats": 5})
    assert told.provider_metadata is not None and told.provider_metadata.name == "burgee"
    assert hook.hints == {"hint": 1}


@pytest.mark.parametrize(
    ("flag_type", "flag_key", "default", "code"),
    [
        ("string", "no-such-flag", "mine", ErrorCode.FLAG_NOT_FOUND),
        ("boolean", "string", False, ErrorCode.TYPE_MISMATCH),
        ("integer", "boolean", 7, ErrorCode.TYPE_MISMATCH),
        ("integer", "float", 7, ErrorCode.TYPE_MISMATCH),
        ("string", "split", "mine", ErrorCode.TARGETING_KEY_MISSING),
    ],
)
def test_an_error_passes_before_error_and_finally_with_its_code_and_the_default_value(
    asking: Asking, hook: Notes, flag_type: str, flag_key: str, default: Any, code: ErrorCode
) -> None:
    details = asking.details(flag_type, flag_key, default)
    assert [stage for _, stage in hook.calls] == ["before", "error", "finally"]
    assert getattr(hook.error_told, "error_code", None) is code
    assert hook.finally_details is not None
    assert (hook.finally_details.value, hook.finally_details.error_code) == (default, code)
    assert (details.value, details.error_code, details.reason) == (default, code, Reason.ERROR)


def test_a_disabled_flag_is_no_error_to_hooks(asking: Asking, hook: Notes) -> None:
    asking.details("string", "string-disabled", "mine")
    assert [stage for _, stage in hook.calls] == ["before", "after", "finally"]
    assert hook.after_details is not None
    assert (hook.after_details.value, first_reason(hook.after_details)) == ("mine", Reason.DISABLED)


def test_hooks_run_from_the_general_to_the_specific_and_back_the_providers_innermost(
    asking: Asking, provider: BurgeeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Calls = []
    of_api, of_client, of_call, of_provider = (
        Notes(name, calls) for name in ("api", "client", "invocation", "provider")
    )
    api.add_hooks([of_api])
    client = api.get_client()
    client.add_hooks([of_client])
    its_own = provider.get_provider_hooks()
    monkeypatch.setattr(provider, "get_provider_hooks", lambda: [*its_own, of_provider])
    asking.details("string", "string", "mine", None, FlagEvaluationOptions(hooks=[of_call]), client)
    inwards = ["api", "client", "invocation", "provider"]
    assert calls == [
        *((name, "before") for name in inwards),
        *((name, "after") for name in reversed(inwards)),
        *((name, "finally") for name in reversed(inwards)),
    ]


@pytest.mark.parametrize("stage", ["before", "after"])
def test_a_hook_that_fails_makes_an_error_with_the_default_value(asking: Asking, stage: str) -> None:
    noting = Notes()

    def fails(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("in a hook")

    setattr(noting, stage, fails)
    details = asking.details("string", "string", "mine", None, FlagEvaluationOptions(hooks=[noting]))
    assert (details.value, details.error_code, details.reason) == ("mine", ErrorCode.GENERAL, Reason.ERROR)
    assert [called for _, called in noting.calls][-2:] == ["error", "finally"]
    assert asking.value("string", "string", "mine") == "hi"


def test_a_hook_that_spoils_what_it_is_told_spoils_no_later_answer(asking: Asking) -> None:
    class Spoils(Hook):
        def after(
            self, hook_context: HookContext, details: FlagEvaluationDetails[Any], hints: HookHints
        ) -> None:
            details.value["rows"].append("spoilt")
            details.flag_metadata.clear()  # type: ignore[attr-defined]

    options = FlagEvaluationOptions(hooks=[Spoils()])
    spoilt = asking.details("object", "object-deep", {}, None, options)
    assert spoilt.value["rows"][-1] == "spoilt"
    again = asking.details("object", "object-deep", {})
    assert again.value == {"rows": [{"cells": [1, 2.5, "x", None, False]}], "none": {}}
    assert again.flag_metadata["flagSetId"] == "specification"
