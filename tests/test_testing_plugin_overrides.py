"""Overriding flags: which values are answered, to whom, for how long, and what is noted of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderFatalError, TargetingKeyMissingError
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.hook import Hook
from openfeature.provider import AbstractProvider, Metadata, ProviderStatus
from openfeature.provider._registry import provider_registry
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from burgee.testing import Overrides, UnknownFlagError, override_flags
from tests.provider.conftest import eventually
from tests.support.daemon import running_daemon


@pytest.fixture(autouse=True)
def _registry_as_found() -> Iterator[None]:
    """Nothing of an override is left in the SDK."""
    yield
    assert not {"get_provider", "get_provider_status"} & vars(provider_registry).keys()
    api.shutdown()


def on(flag_key: str = "f", domain: str | None = None) -> bool:
    """A boolean flag, whose default value is False."""
    return api.get_client(domain).get_boolean_value(flag_key, False)


def beneath(**values: bool) -> InMemoryProvider:
    """Another provider that knows these boolean flags."""
    return InMemoryProvider(
        {key: InMemoryFlag(str(value), {"True": True, "False": False}) for key, value in values.items()}
    )


# Values.


@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
@pytest.mark.parametrize(
    ("flag_type", "override", "default", "expected"),
    [
        ("boolean", True, False, True),
        ("boolean", False, True, False),
        ("string", "", "x", ""),
        ("string", "blue", "x", "blue"),
        ("integer", 0, 7, 0),
        ("integer", 10.0, 7, 10),
        ("float", 0.5, 7.0, 0.5),
        ("float", 10, 7.0, 10.0),
        ("object", {}, {"a": 1}, {}),
        ("object", {"a": [1, None, {"b": 2}]}, {}, {"a": [1, None, {"b": 2}]}),
        ("object", (1, 2), [], [1, 2]),
        ("object", MappingProxyType({"a": (1,)}), {}, {"a": [1]}),
    ],
)
def test_a_value_is_answered_as_its_type(
    way: str, flag_type: str, override: Any, default: Any, expected: Any
) -> None:
    with override_flags({"f": override}):
        details = details_of(way, flag_type, default)
    assert (details.value, type(details.value)) == (expected, type(expected))
    assert (details.reason, details.variant, details.error_code) == (Reason.STATIC, "override", None)
    assert details.flag_metadata == {"burgee.source": "test"}


def details_of(way: str, flag_type: str, default: Any, flag_key: str = "f") -> Any:
    client = api.get_client()
    if way == "blocking":
        return getattr(client, f"get_{flag_type}_details")(flag_key, default)
    return asyncio.run(getattr(client, f"get_{flag_type}_details_async")(flag_key, default))


@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
@pytest.mark.parametrize(
    ("flag_type", "override", "default"),
    [
        ("boolean", 1, False),
        ("boolean", "true", False),
        ("string", True, "x"),
        ("integer", True, 7),
        ("integer", 0.5, 7),
        ("float", "0.5", 7.0),
        ("object", "{}", {}),
    ],
)
def test_a_value_of_another_type_is_a_mismatch_with_the_default_value(
    way: str, flag_type: str, override: Any, default: Any
) -> None:
    with override_flags({"f": override}):
        details = details_of(way, flag_type, default)
    assert (details.value, details.error_code) == (default, ErrorCode.TYPE_MISMATCH)
    assert (details.reason, details.variant) == (Reason.ERROR, None)
    assert "the override of 'f'" in (details.error_message or "")


@pytest.mark.parametrize("value", [None, object(), b"x", {1, 2}, {"a": {3}}, [object()]])
def test_what_no_flag_can_serve_is_refused_where_it_is_written(value: Any) -> None:
    with pytest.raises(TypeError, match="the flag 'f': the value of a flag is a boolean"):
        override_flags({"f": value})
    with override_flags({}) as flags, pytest.raises(TypeError, match="the flag 'f'"):
        flags["f"] = value


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="the key of a flag is a text, not 5"):
        override_flags({5: True})  # type: ignore[dict-item]


def test_neither_the_test_nor_the_application_can_change_a_value_by_accident() -> None:
    mine = {"columns": [1]}
    with override_flags({"f": mine}):
        mine["columns"].append(2)
        got = api.get_client().get_object_value("f", {})
        got["columns"].append(3)  # type: ignore[call-overload,index]
        assert api.get_client().get_object_value("f", {}) == {"columns": [1]}


@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
def test_a_function_is_given_the_context_and_has_the_reason_of_a_rule(way: str) -> None:
    def of_acme(context: EvaluationContext) -> bool:
        return context.attributes.get("organization") == "acme" and context.targeting_key == "anna"

    api.set_evaluation_context(EvaluationContext("anna", {"organization": "acme"}))
    with override_flags({"f": of_acme}):
        details = details_of(way, "boolean", False)
        assert (details.value, details.reason) == (True, Reason.TARGETING_MATCH)
        api.set_evaluation_context(EvaluationContext("boris", {"organization": "acme"}))
        assert details_of(way, "boolean", True).value is False


def test_a_function_that_fails_is_a_failing_evaluation() -> None:
    def fails(context: EvaluationContext) -> bool:
        raise TargetingKeyMissingError("who?")

    with override_flags({"f": fails, "g": lambda context: object()}):  # type: ignore[dict-item]
        details = api.get_client().get_boolean_details("f", True)
        assert (details.value, details.error_code) == (True, ErrorCode.TARGETING_KEY_MISSING)
        details = api.get_client().get_boolean_details("g", True)
        assert (details.value, details.error_code) == (True, ErrorCode.GENERAL)
        assert "the flag 'g'" in str(details.error_message)


def test_details_of_ones_own_are_answered_with_the_value_of_the_type_asked_for() -> None:
    treatment = FlagResolutionDetails(
        value=10, variant="treatment", reason=Reason.SPLIT, flag_metadata={"owner": "shop"}
    )
    with override_flags({"f": treatment, "g": lambda context: treatment}):
        for key in ("f", "g"):
            details = api.get_client().get_float_details(key, 0.0)
            assert (details.value, type(details.value)) == (10.0, float)
            assert (details.variant, details.reason) == ("treatment", Reason.SPLIT)
            assert details.flag_metadata == {"burgee.source": "test", "owner": "shop"}


@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
def test_an_error_of_ones_own_comes_with_the_default_value(way: str) -> None:
    down = FlagResolutionDetails(value=None, error_code=ErrorCode.PROVIDER_NOT_READY, error_message="down")
    with override_flags({"f": down}):
        details = details_of(way, "integer", 7)
    assert (details.value, details.error_code, details.error_message) == (
        7,
        ErrorCode.PROVIDER_NOT_READY,
        "down",
    )


# What is beneath.


def test_without_a_provider_other_flags_are_the_callers_default_values() -> None:
    with override_flags({"f": True}):
        assert (on("f"), on("other")) == (True, False)
        assert api.get_client().get_string_value("other", "mine") == "mine"
    assert on("f") is False


def test_other_flags_are_the_real_daemons(tmp_path: Path) -> None:
    definition = tmp_path / "flags.yaml"
    definition.write_text("flags: {real: {defaultVariant: on}, both: {defaultVariant: on}}\n")
    with running_daemon(tmp_path, "--source", definition) as daemon:
        daemon.wait_ready()
        api.set_provider_and_wait(BurgeeProvider(f"unix://{daemon.socket}"))
        for way in ("blocking", "asynchronous"):
            with override_flags({"both": False}):
                assert details_of(way, "boolean", False, "real").value is True
                assert details_of(way, "boolean", True, "both").value is False
                assert details_of(way, "boolean", True, "none").error_code is ErrorCode.FLAG_NOT_FOUND
            assert details_of(way, "boolean", False, "both").value is True
        api.shutdown()


def test_overrides_are_answered_although_the_provider_is_not_ready_and_nothing_else_is() -> None:
    class Broken(AbstractProvider):
        def initialize(self, evaluation_context: EvaluationContext) -> None:
            raise ProviderFatalError

        def get_metadata(self) -> Metadata:
            return Metadata("broken")

        def _never(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("the SDK asks no provider that is not ready")

        resolve_boolean_details = resolve_string_details = resolve_integer_details = _never
        resolve_float_details = resolve_object_details = _never

    with pytest.raises(ProviderFatalError):
        api.set_provider_and_wait(Broken())
    client = api.get_client()
    with override_flags({"f": True}):
        assert on("f") is True
        assert client.get_provider_status() is ProviderStatus.READY
        details = client.get_boolean_details("other", True)
        assert (details.value, details.error_code) == (True, ErrorCode.PROVIDER_FATAL)
    assert client.get_provider_status() is ProviderStatus.FATAL


def test_a_provider_set_while_flags_are_overridden_is_beneath_them_and_stays() -> None:
    with override_flags({"f": True}):
        api.set_provider_and_wait(beneath(f=False, g=True))
        assert (on("f"), on("g")) == (True, True)
    assert (on("f"), on("g")) == (False, True)


def test_the_provider_beneath_is_neither_shut_down_nor_started_again_and_keeps_its_name_and_hooks() -> None:
    calls: list[str] = []

    class Watched(InMemoryProvider):
        def initialize(self, evaluation_context: EvaluationContext) -> None:
            calls.append("initialize")

        def shutdown(self) -> None:
            calls.append("shutdown")

        def get_provider_hooks(self) -> list[Hook]:
            calls.append("hooks")
            return []

        def track(self, *arguments: Any) -> None:
            calls.append(f"track {arguments[0]}")

    api.set_provider_and_wait(Watched({}))
    with override_flags({"f": True}):
        assert api.get_provider_metadata().name == "In-Memory Provider"
        assert on("f")
        api.get_client().track("bought")
    assert calls == ["initialize", "hooks", "track bought"]


def test_a_clients_handlers_go_on_hearing_the_provider_beneath() -> None:
    provider = beneath(f=False)
    api.set_provider_and_wait(provider)
    heard: list[EventDetails] = []
    client = api.get_client()
    client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, heard.append)
    with override_flags({"f": True}):
        provider.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=["f"]))
        eventually(lambda: heard)
    assert heard[0].flags_changed == ["f"]


# Domains.


def test_overrides_of_the_default_provider_hold_where_a_domain_has_none_of_its_own() -> None:
    api.set_provider_and_wait(beneath(f=False), "own")
    with override_flags({"f": True}):
        assert (on(), on(domain="unbound"), on(domain="own")) == (True, True, False)


@pytest.mark.parametrize("bound", [True, False])
def test_overrides_of_a_domain_hold_for_its_clients_only(bound: bool) -> None:
    if bound:
        api.set_provider_and_wait(beneath(f=False, g=True), "billing")
    with override_flags({"f": True}, domain="billing"):
        assert (on(domain="billing"), on(), on(domain="other")) == (True, False, False)
        assert on("g", "billing") is bound
    assert on(domain="billing") is False
    api.set_provider_and_wait(beneath(f=True))
    assert on(domain="billing") is (not bound)


# Nesting, and the end of it.


def test_inner_overrides_lie_over_outer_ones_and_end_first() -> None:
    with override_flags({"f": True, "g": True}):
        with override_flags({"f": False}):
            assert (on("f"), on("g")) == (False, True)
        assert (on("f"), on("g")) == (True, True)
    assert (on("f"), on("g")) == (False, False)


def test_overrides_that_end_out_of_order_end_each_by_itself() -> None:
    first, second = override_flags({"f": True}), override_flags({"g": True})
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert (on("f"), on("g")) == (False, True)
    second.__exit__(None, None, None)
    assert (on("f"), on("g")) == (False, False)


@pytest.mark.parametrize("error", [AssertionError, KeyboardInterrupt])
def test_overrides_end_although_the_test_fails(error: type[BaseException]) -> None:
    with pytest.raises(error), override_flags({"f": True}):
        assert on()
        raise error
    assert not on()


def test_overrides_may_change_while_they_hold() -> None:
    with override_flags({"f": True}) as flags:
        flags["g"] = True
        flags.update(f=False)
        assert (on("f"), on("g")) == (False, True)
        del flags["g"]
        assert (on("g"), dict(flags)) == (False, {"f": False})
    with override_flags({"f": True}) as again:
        assert dict(again) == {"f": True}


def test_one_object_may_be_used_again_and_within_itself() -> None:
    overriding = override_flags({"f": True})
    for _ in range(2):
        with overriding, overriding:
            assert on()
        assert not on()


def test_what_somebody_else_put_over_the_look_up_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = provider_registry.get_provider
    with monkeypatch.context() as patch:
        patch.setattr(provider_registry, "get_provider", mine)
        with override_flags({"f": True}):
            assert on()
        assert vars(provider_registry)["get_provider"] is mine


# Decorating.


def test_a_function_may_be_decorated() -> None:
    @override_flags({"f": True})
    def decorated(wanted: bool, *, also: bool) -> bool:
        """Its own words."""
        return on() is wanted is also

    assert decorated(True, also=True) is True
    assert (decorated.__name__, decorated.__doc__) == ("decorated", "Its own words.")
    assert not on()


async def test_an_async_function_may_be_decorated_and_called_many_times_at_once() -> None:
    all_are_in = asyncio.Barrier(20)

    @override_flags({"f": True})
    async def decorated() -> bool:
        await all_are_in.wait()
        return await api.get_client().get_boolean_value_async("f", False)

    assert asyncio.iscoroutinefunction(decorated)
    assert await asyncio.gather(*(decorated() for _ in range(20))) == [True] * 20
    assert not on()


async def test_a_block_may_be_asynchronous() -> None:
    async with override_flags({"f": True}, strict=True) as flags:
        assert await api.get_client().get_boolean_value_async("f", False)
    assert flags.evaluated == {"f": 1}
    with pytest.raises(UnknownFlagError):
        async with override_flags(strict=True):
            on("g")


def test_what_would_not_run_within_the_overrides_is_not_decorated() -> None:
    def generator() -> Iterator[int]:
        yield 1

    async def asynchronous_generator() -> Any:
        yield 1

    for wrong in (generator, asynchronous_generator, Overrides):
        with pytest.raises(TypeError, match=f"{wrong.__name__} is a class or a generator"):
            override_flags({"f": True})(wrong)


@override_flags({"f": True}, strict=True)
@pytest.mark.parametrize("again", [1, 2])
def test_a_decorated_test_still_gets_its_parameters(again: int, tmp_path: Path) -> None:
    assert on() and again in (1, 2) and tmp_path.is_dir()


# Threads and tasks.


def test_threads_started_in_the_test_see_the_overrides() -> None:
    with override_flags({"f": True}) as flags:
        with ThreadPoolExecutor(16) as threads:
            assert all(threads.map(lambda _: on(), range(800)))
        assert flags.evaluated == {"f": 800}


def test_overrides_that_come_and_go_in_many_threads_leave_nothing_behind() -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(100):
            with override_flags({f"f{number}": True}):
                if not on(f"f{number}"):
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, on("f1")) == ([], False)


# What is noted.


def test_evaluated_flags_are_noted_and_those_that_nobody_asked_for() -> None:
    with override_flags({"f": True, "g": True}) as flags:
        on("f")
        on("other")
        with override_flags({"f": False}) as inner:
            on("f")
        assert inner.evaluated == {"f": 1}
    assert list(flags.evaluated.items()) == [("f", 2), ("other", 1)]
    assert "g" not in flags.evaluated
    assert flags.unused == {"g"}


@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
def test_a_strict_test_fails_for_a_flag_that_it_does_not_override(way: str) -> None:
    api.set_provider_and_wait(beneath(new_checkuot=True))
    with (
        pytest.raises(UnknownFlagError) as caught,
        override_flags({"new_checkout": True}, strict=True) as flags,
    ):
        for _ in range(2):
            details = details_of(way, "boolean", False, "new_checkuot")
            assert (details.value, details.error_code) == (False, ErrorCode.FLAG_NOT_FOUND)
        details_of(way, "boolean", False, "xyz")
        with pytest.raises(UnknownFlagError):
            flags.check()
    assert str(caught.value) == (
        "not overridden, but evaluated: 'new_checkuot' (did you mean 'new_checkout'?), 'xyz'"
    )
    assert flags.unknown == ("new_checkuot", "xyz")


def test_a_strict_test_does_not_fail_for_what_any_override_names() -> None:
    with pytest.raises(UnknownFlagError, match=r"evaluated: 'h'$"), override_flags({"f": True}, strict=True):
        with override_flags({"g": True}) as inner:
            assert (on("f"), on("g"), on("h")) == (True, True, False)
        assert inner.unknown == ()


def test_a_strict_test_that_fails_already_keeps_its_own_failure() -> None:
    with pytest.raises(ZeroDivisionError) as caught, override_flags(strict=True):
        on("typo")
        raise ZeroDivisionError
    assert "('typo',)" in caught.value.__notes__[0]
