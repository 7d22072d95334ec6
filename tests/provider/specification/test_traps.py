"""What a provider can do wrong in the SDK without any scenario noticing."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from typing import Any

import pytest
from openfeature import api, telemetry
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions, FlagResolutionDetails
from openfeature.hook import Hook, HookContext, HookHints
from openfeature.provider import AbstractProvider
from openfeature.track import TrackingEventDetails

from tests.provider.specification.conftest import TYPES, Asking

DEFAULTS: dict[str, Any] = {
    "boolean": True,
    "string": "mine",
    "integer": 7,
    "float": 7.25,
    "object": {"a": 1},
}
DEEP = {"rows": [{"cells": [1, 2.5, "x", None, False]}], "none": {}}


def resolve(asking: Asking, provider: BurgeeProvider, flag_type: str, *arguments: Any) -> Any:
    """What the provider itself answers, without the client."""
    if asking.way == "blocking":
        return getattr(provider, f"resolve_{flag_type}_details")(*arguments)
    return asyncio.run(getattr(provider, f"resolve_{flag_type}_details_async")(*arguments))


def test_providers_are_keys_and_equal_only_to_themselves(provider: BurgeeProvider) -> None:
    other = BurgeeProvider("unix:///nowhere/burgee.sock")
    assert len({provider, other}) == 2 and provider != other and provider == provider
    assert not dataclasses.is_dataclass(provider)


def test_the_asynchronous_methods_are_its_own_and_not_the_sdks_that_block(provider: BurgeeProvider) -> None:
    for flag_type in TYPES:
        name = f"resolve_{flag_type}_details_async"
        assert getattr(type(provider), name) is not getattr(AbstractProvider, name)


@pytest.mark.parametrize("flag_type", TYPES)
def test_the_provider_checks_types_itself_as_the_asynchronous_client_does_not(
    asking: Asking, provider: BurgeeProvider, flag_type: str
) -> None:
    for flag_key in TYPES:
        details = resolve(asking, provider, flag_type, flag_key, DEFAULTS[flag_type])
        if details.error_code is None:
            assert isinstance(details.value, type(DEFAULTS[flag_type]))
            assert isinstance(details.value, bool) is (flag_type == "boolean")
        else:
            assert (details.value, details.error_code) == (DEFAULTS[flag_type], ErrorCode.TYPE_MISMATCH)


@pytest.mark.parametrize("flag_type", ["integer", "float"])
def test_true_is_no_number(asking: Asking, flag_type: str) -> None:
    details = asking.details(flag_type, "boolean", DEFAULTS[flag_type])
    assert (details.value, details.error_code) == (DEFAULTS[flag_type], ErrorCode.TYPE_MISMATCH)


def test_a_direct_caller_may_give_no_context(asking: Asking, provider: BurgeeProvider) -> None:
    for arguments in (("string", "mine"), ("string", "mine", None)):
        details = resolve(asking, provider, "string", *arguments)
        assert isinstance(details, FlagResolutionDetails)
        assert (details.value, details.error_code) == ("hi", None)


@pytest.mark.parametrize(
    ("flag_key", "default"),
    [("object-deep", {}), ("no-such-flag", {"a": 1}), ("object-disabled", {"a": 1}), ("string", {"a": 1})],
)
def test_what_the_caller_does_to_an_answer_reaches_no_later_answer(
    asking: Asking, flag_key: str, default: dict[str, Any]
) -> None:
    first = asking.details("object", flag_key, dict(default))
    value = dict(first.value)
    code = first.error_code
    for _ in range(2):
        spoilt = asking.details("object", flag_key, dict(default))
        spoilt.value.clear()
        spoilt.value["spoilt"] = True
        assert isinstance(spoilt.flag_metadata, dict)
        spoilt.flag_metadata.clear()
    again = asking.details("object", flag_key, dict(default))
    assert (again.value, again.error_code) == (value, code)
    assert again.flag_metadata.keys() >= first.flag_metadata.keys() - {"burgee.reason"}


def test_what_is_deep_within_an_answer_is_the_callers_own_too(asking: Asking) -> None:
    asking.details("object", "object-deep", {}).value["rows"][0]["cells"].append("spoilt")
    assert asking.details("object", "object-deep", {}).value == DEEP


def test_the_sdks_own_telemetry_can_be_made_of_every_answer(asking: Asking) -> None:
    made: list[telemetry.EvaluationEvent] = []

    class Telemetry(Hook):
        def finally_after(
            self, hook_context: HookContext, details: FlagEvaluationDetails[Any], hints: HookHints
        ) -> None:
            made.append(telemetry.create_evaluation_event(hook_context, details))

    options = FlagEvaluationOptions(hooks=[Telemetry()])
    for flag_type, flag_key in [
        ("boolean", "boolean"),
        ("boolean", "no-such-flag"),
        ("boolean", "string"),
        ("string", "string-disabled"),
        ("string", "split"),
    ]:
        asking.details(flag_type, flag_key, DEFAULTS[flag_type], None, options)
    assert [event.attributes["feature_flag.key"] for event in made] == [
        "boolean",
        "no-such-flag",
        "string",
        "string-disabled",
        "split",
    ]


def test_an_evaluation_logs_nothing_whatever_it_answers(
    asking: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for flag_key in ("boolean", "string", "no-such-flag", "boolean-disabled", ""):
            asking.details("boolean", flag_key, True)
        asking.details("boolean", "boolean", True, EvaluationContext("anna", {"bad": object()}))  # type: ignore[dict-item]
        asking.details("boolean", "boolean", True, EvaluationContext(5))  # type: ignore[arg-type]
    assert caplog.records == []


@pytest.mark.parametrize("flag_key", [None, 5, b"boolean", ("boolean",)])
def test_a_key_that_is_no_text_is_an_error_and_nothing_raised(
    asking: Asking, provider: BurgeeProvider, flag_key: Any
) -> None:
    details = resolve(asking, provider, "boolean", flag_key, True)
    assert details.value is True and details.error_code is not None


@pytest.mark.parametrize(
    "arguments",
    [
        ("bought",),
        ("bought", EvaluationContext("anna", {"bad": object()})),  # type: ignore[dict-item]
        ("bought", None, TrackingEventDetails(value=9.5, attributes={"currency": "EUR"})),
        ("", EvaluationContext(), None),
    ],
)
def test_tracking_never_raises(provider: BurgeeProvider, arguments: tuple[Any, ...]) -> None:
    assert provider.track(*arguments) is None  # type: ignore[func-returns-value]
    api.get_client().track(*arguments)


def test_a_provider_that_nothing_was_done_with_tells_its_name_and_ends() -> None:
    provider = BurgeeProvider("unix:///nowhere/burgee.sock")
    for _ in range(2):
        assert (provider.get_metadata().name, list(provider.get_provider_hooks())) == ("burgee", [])
        provider.track("bought")
        provider.detach()
        provider.shutdown()


def test_a_cancelled_evaluation_is_cancelled_and_what_the_client_makes_of_it_is_the_sdks(
    provider: BurgeeProvider,
) -> None:
    """The client of SDK 0.10.0 raises UnboundLocalError for CancelledError; no provider can help it."""

    async def cancelled(call: Any) -> BaseException | None:
        task = asyncio.ensure_future(call)
        task.cancel()
        try:
            await task
        except BaseException as error:
            return error
        return None

    async def both() -> None:
        direct = await cancelled(provider.resolve_boolean_details_async("boolean", False))
        assert isinstance(direct, asyncio.CancelledError)
        assert await api.get_client().get_boolean_value_async("boolean", False) is True

    asyncio.run(both())


def test_default_values_that_the_sdk_would_refuse_are_served_in_a_form_that_it_takes(asking: Asking) -> None:
    client_details = asking.details("object", "object-disabled", ("a", "b"))
    assert (client_details.value, client_details.error_code) == (["a", "b"], None)
    whole = asking.details("float", "float-disabled", 3)
    assert (whole.value, type(whole.value), whole.error_code) == (3.0, float, None)
