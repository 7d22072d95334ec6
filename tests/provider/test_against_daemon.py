"""The provider in front of the real daemon: a save is seen, a death survived, a return noticed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from tests.provider.conftest import eventually
from tests.support.daemon import RunningDaemon, running_daemon

pytestmark = pytest.mark.usefixtures("openfeature_api")

FLAGS = """
metadata: {flagSetId: shop, version: "1"}
flags:
  new-checkout: {defaultVariant: off}
  greeting: {variants: {plain: hello, warm: welcome}, defaultVariant: plain}
  limit: {variants: {low: 10, high: 100}, defaultVariant: low}
  ratio: {variants: {half: 0.5, whole: 1.0}, defaultVariant: whole}
  layout: {variants: {a: {columns: [1, 2]}}, defaultVariant: a}
  old/way: {state: DISABLED, defaultVariant: on}
overrides:
  environment:
    production: {greeting: warm}
  organization:
    acme: {new-checkout: on, limit: high}
  customer:
    c-42: {new-checkout: off}
"""

ACME = EvaluationContext("u-1", {"organization": "acme"})


def save(path: Path, text: str) -> None:
    """Save as an editor does: beside, then renamed."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.rename(path)


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    path = tmp_path / "flags.yaml"
    path.write_text(FLAGS)
    return path


@pytest.fixture
def sidecar(tmp_path: Path, flags: Path) -> Iterator[RunningDaemon]:
    with running_daemon(tmp_path, "--source", flags) as running:
        running.wait_ready()
        yield running


def address(sidecar: RunningDaemon, transport: str) -> str:
    if transport == "unix":
        return f"unix://{sidecar.socket}"
    assert sidecar.http is not None
    return sidecar.http


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """One daemon for all tests that only ask."""
    folder = tmp_path_factory.mktemp("lasting")
    path = folder / "flags.yaml"
    path.write_text(FLAGS)
    with running_daemon(folder, "--source", path) as running:
        running.wait_ready()
        yield running


TRANSPORTS = pytest.mark.parametrize("transport", ["unix", "tcp"])


@pytest.fixture(params=["unix", "tcp"])
def connected(request: pytest.FixtureRequest, sidecar: RunningDaemon) -> RunningDaemon:
    """A daemon, with the provider set for the whole process over either transport."""
    api.set_provider_and_wait(BurgeeProvider(address(sidecar, request.param)))
    return sidecar


def calling(way: str, method: str, *arguments: Any) -> Any:
    client = api.get_client()
    if way == "blocking":
        return getattr(client, method)(*arguments)
    return asyncio.run(getattr(client, f"{method}_async")(*arguments))


@TRANSPORTS
@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
def test_each_type_and_each_level_is_answered(lasting: RunningDaemon, way: str, transport: str) -> None:
    api.set_provider_and_wait(BurgeeProvider(address(lasting, transport)))
    production = EvaluationContext("u-1", {"environment": "production"})
    customer = EvaluationContext("u-1", {"organization": "acme", "customer": "c-42"})
    for method, key, default, context, expected in [
        ("get_boolean_value", "new-checkout", True, None, False),
        ("get_boolean_value", "new-checkout", False, ACME, True),
        ("get_boolean_value", "new-checkout", True, customer, False),
        ("get_string_value", "greeting", "", None, "hello"),
        ("get_string_value", "greeting", "", production, "welcome"),
        ("get_integer_value", "limit", 0, ACME, 100),
        ("get_float_value", "limit", 0.0, None, 10.0),
        ("get_float_value", "ratio", 0.0, None, 1.0),
        ("get_integer_value", "ratio", 0, None, 1),
        ("get_object_value", "layout", {}, None, {"columns": [1, 2]}),
        ("get_boolean_value", "old/way", True, None, True),
    ]:
        value = calling(way, method, key, default, context)
        assert (key, value, type(value)) == (key, expected, type(expected))


@TRANSPORTS
@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
def test_reason_variant_metadata_and_errors_come_through(
    lasting: RunningDaemon, way: str, transport: str
) -> None:
    api.set_provider_and_wait(BurgeeProvider(address(lasting, transport)))
    details = calling(way, "get_boolean_details", "new-checkout", False, ACME)
    assert (details.reason, details.variant) == (Reason.TARGETING_MATCH, "on")
    assert details.flag_metadata["burgee.source"] == "organization"
    assert details.flag_metadata["flagSetId"] == "shop"
    disabled = calling(way, "get_boolean_details", "old/way", True)
    assert (disabled.value, disabled.reason, disabled.error_code) == (True, Reason.DISABLED, None)
    unknown = calling(way, "get_boolean_details", "unknown", True)
    assert (unknown.value, unknown.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    mismatch = calling(way, "get_boolean_details", "greeting", True)
    assert (mismatch.value, mismatch.error_code) == (True, ErrorCode.TYPE_MISMATCH)


def test_a_saved_file_is_seen_by_the_running_client_and_told_to_its_handlers(
    connected: RunningDaemon, flags: Path
) -> None:
    told: list[EventDetails] = []
    api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, told.append)
    client = api.get_client()
    assert client.get_boolean_value("new-checkout", True) is False
    save(flags, FLAGS.replace("new-checkout: {defaultVariant: off}", "new-checkout: {defaultVariant: on}"))
    saved = time.monotonic()
    eventually(lambda: client.get_boolean_value("new-checkout", False))
    eventually(lambda: told)
    assert time.monotonic() - saved < 10
    assert told[0].flags_changed == ["new-checkout"]


def test_a_faulty_save_changes_nothing_and_tells_nobody(connected: RunningDaemon, flags: Path) -> None:
    told: list[EventDetails] = []
    api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, told.append)
    save(flags, "flags: [")
    eventually(lambda: "flags.yaml" in connected.log)
    assert api.get_client().get_string_value("greeting", "") == "hello"
    save(flags, FLAGS.replace("hello", "hi"))
    eventually(lambda: api.get_client().get_string_value("greeting", "") == "hi")
    eventually(lambda: told)
    assert [details.flags_changed for details in told] == [["greeting"]]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_daemon_that_dies_is_stale_and_ready_when_it_returns(
    tmp_path: Path, flags: Path, end: signal.Signals
) -> None:
    told: list[str] = []

    def teller(name: str) -> Callable[[EventDetails], None]:
        return lambda details: told.append(name) if details.provider_name == "burgee" else None

    with running_daemon(tmp_path, "--source", flags) as first:
        first.wait_ready()
        api.set_provider_and_wait(BurgeeProvider(f"unix://{first.socket}", deadline=20, grace=60))
        for event in ProviderEvent:
            api.add_handler(event, teller(event.value.removeprefix("PROVIDER_")))
        eventually(lambda: told == ["READY"])
        client = api.get_client()
        before = client.get_boolean_details("new-checkout", False, ACME)
        os.kill(first.pid, end)
        died = time.monotonic()
        first.wait()
    eventually(lambda: client.get_provider_status() is ProviderStatus.STALE)
    assert time.monotonic() - died < 8
    for way in ("blocking", "asynchronous"):
        began = time.monotonic()
        stale = calling(way, "get_boolean_details", "new-checkout", False, ACME)
        assert time.monotonic() - began < 10, "the deadline was waited for"
        assert (stale.value, stale.variant, stale.reason) == (before.value, before.variant, Reason.STALE)
        assert stale.flag_metadata == {**before.flag_metadata, "burgee.reason": "TARGETING_MATCH"}
    assert client.get_boolean_details("unknown", True).error_code is ErrorCode.PROVIDER_NOT_READY
    save(flags, FLAGS.replace("acme: {new-checkout: on", "acme: {new-checkout: off"))
    with running_daemon(tmp_path, "--source", flags) as second:
        second.wait_ready()
        eventually(lambda: client.get_provider_status() is ProviderStatus.READY)
        after = client.get_boolean_details("new-checkout", True, ACME)
        assert (after.value, after.reason) == (False, Reason.TARGETING_MATCH)
        eventually(lambda: "CONFIGURATION_CHANGED" in told)
        assert sorted(told) == ["CONFIGURATION_CHANGED", "READY", "READY", "STALE"]


def test_a_provider_waits_for_a_daemon_that_waits_for_its_file(tmp_path: Path, flags: Path) -> None:
    text = flags.read_text()
    flags.unlink()
    with running_daemon(tmp_path, "--source", flags) as waiting:
        api.set_provider(BurgeeProvider(f"unix://{waiting.socket}", initialize_deadline=30))
        client = api.get_client()
        details = client.get_string_details("greeting", "mine")
        assert (details.value, details.error_code) == ("mine", ErrorCode.PROVIDER_NOT_READY)
        save(flags, text)
        eventually(lambda: client.get_provider_status() is ProviderStatus.READY)
        assert client.get_string_value("greeting", "mine") == "hello"


def test_a_selector_shows_its_flag_set_only(lasting: RunningDaemon) -> None:
    for selector, code in [("flagSetId=shop", None), ("flagSetId=other", ErrorCode.FLAG_NOT_FOUND)]:
        api.set_provider_and_wait(BurgeeProvider(f"unix://{lasting.socket}", selector=selector))
        assert api.get_client().get_string_details("greeting", "").error_code is code


def test_a_key_of_any_text_arrives_as_itself(tmp_path: Path) -> None:
    keys = ["..", ".", "a/../b", "ä b", "?x=1#y", "%2e", "a//b", "x" * 256]
    flags = tmp_path / "flags.json"
    found = {key: {"variants": {"its own": key}, "defaultVariant": "its own"} for key in keys}
    flags.write_text(json.dumps({"flags": found}))
    with running_daemon(tmp_path, "--source", flags) as running:
        running.wait_ready()
        api.set_provider_and_wait(BurgeeProvider(f"unix://{running.socket}"))
        for key in keys:
            assert api.get_client().get_string_value(key, "none") == key


@TRANSPORTS
@pytest.mark.parametrize("depth", [1, 32])
def test_a_context_as_deep_as_the_provider_sends_is_taken(
    lasting: RunningDaemon, depth: int, transport: str
) -> None:
    api.set_provider_and_wait(BurgeeProvider(address(lasting, transport)))
    nested: Any = "leaf"
    for _ in range(depth):
        nested = [nested]
    details = api.get_client().get_string_details(
        "greeting", "mine", EvaluationContext("u", {"deep": nested})
    )
    assert (details.value, details.error_code) == ("hello", None)
