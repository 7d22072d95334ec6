"""The life of a provider from start to end, outages included: what it tells, and what it answers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.event import EventDetails, ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from tests.provider.conftest import eventually
from tests.provider.specification.conftest import RESOLVERS, provider_of
from tests.support.daemon import RunningDaemon, running_daemon
from tests.support.ports import reserved_port

pytestmark = pytest.mark.usefixtures("openfeature_api")

DEFINITION = (
    "flags: {changing: {variants: {foo: foo, bar: bar}, defaultVariant: %s}, other: {defaultVariant: on}}\n"
)

Told = list[tuple[str, EventDetails]]


@pytest.fixture(params=RESOLVERS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of resolver."""
    return str(request.param)


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    path = tmp_path / "flags.yaml"
    path.write_text(DEFINITION % "foo")
    return path


@pytest.fixture
def daemon(tmp_path: Path, definition: Path) -> Iterator[RunningDaemon]:
    """A daemon of the test's own."""
    with running_daemon(tmp_path, "--source", definition) as running:
        running.wait_ready()
        yield running


def hear(domain: str | None = None) -> Told:
    """Every event that a client of the domain hears from now on, by name."""
    told: Told = []

    def teller(event: ProviderEvent) -> Callable[[EventDetails], None]:
        return lambda details: told.append((event.name.removeprefix("PROVIDER_"), details))

    client = api.get_client(domain)
    for event in ProviderEvent:
        client.add_handler(event, teller(event))
    return told


def names(told: Told) -> list[str]:
    return [name for name, _ in told]


def status(domain: str | None = None) -> ProviderStatus:
    return api.get_client(domain).get_provider_status()


def changing(default: str = "mine") -> Any:
    return api.get_client().get_string_details("changing", default)


def greeting() -> Any:
    return api.get_client().get_string_details("string", "mine")


def test_ready_is_told_once_and_to_late_listeners_too(kind: str, specification_daemon: RunningDaemon) -> None:
    api.set_provider(BurgeeProvider("unix:///nowhere/burgee.sock", initialize_deadline=0.1), "told")
    told = hear("told")
    eventually(lambda: names(told) == ["ERROR"])
    told.clear()
    provider = provider_of(kind, specification_daemon)
    api.set_provider_and_wait(provider, "told")
    eventually(lambda: names(told) == ["READY"])
    late = hear("told")
    eventually(lambda: names(late) == ["READY"])
    assert late[0][1].provider_name == "burgee"
    assert status("told") is ProviderStatus.READY
    # Whatever else there was to tell would have been told by now.
    provider.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=["last"]))
    eventually(lambda: "CONFIGURATION_CHANGED" in names(told))
    assert names(told) == ["READY", "CONFIGURATION_CHANGED"]


def test_a_daemon_that_cannot_be_reached_is_an_error_within_seconds_and_default_values(kind: str) -> None:
    class Nowhere:
        socket = "/nowhere/burgee.sock"
        http = "http://127.0.0.1:9"

    told = hear()
    eventually(lambda: names(told) == ["READY"])
    told.clear()
    began = time.monotonic()
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(provider_of(kind, Nowhere(), initialize_deadline=0.3))  # type: ignore[arg-type]
    eventually(lambda: names(told) == ["ERROR"])
    assert time.monotonic() - began < 15
    assert (told[0][1].error_code, bool(told[0][1].message)) == (ErrorCode.PROVIDER_NOT_READY, True)
    assert status() is ProviderStatus.ERROR
    details = changing()
    assert (details.value, details.error_code) == ("mine", ErrorCode.PROVIDER_NOT_READY)


def test_a_changed_definition_is_told_with_its_flags_and_answered(
    kind: str, daemon: RunningDaemon, definition: Path
) -> None:
    api.set_provider_and_wait(provider_of(kind, daemon))
    told = hear()
    eventually(lambda: names(told) == ["READY"])
    assert changing().value == "foo"
    aside = definition.with_suffix(".new")
    aside.write_text(DEFINITION % "bar")
    aside.rename(definition)
    eventually(lambda: len(told) > 1)
    # Whoever is told of a change and asks gets the new value.
    assert changing().value == "bar"
    name, details = told[1]
    assert (name, details.flags_changed) == ("CONFIGURATION_CHANGED", ["changing"])
    assert status() is ProviderStatus.READY


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as reserved:
        yield reserved


def test_an_outage_is_stale_then_an_error_then_ready_and_the_last_known_answer_all_the_while(
    kind: str, tmp_path: Path, definition: Path, port: int
) -> None:
    arguments = ["--source", definition, "--listen", f"127.0.0.1:{port}"]
    with running_daemon(tmp_path, *arguments) as first:
        first.wait_ready()
        api.set_provider_and_wait(provider_of(kind, first, grace=0.5))
        told = hear()
        eventually(lambda: names(told) == ["READY"])
        before = changing()
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    eventually(lambda: status() is ProviderStatus.STALE)
    eventually(lambda: changing().reason == Reason.STALE)
    stale = changing()
    assert (stale.value, stale.variant, stale.reason, stale.error_code) == ("foo", "foo", Reason.STALE, None)
    assert stale.flag_metadata["burgee.source"] == before.flag_metadata["burgee.source"]
    eventually(lambda: status() is ProviderStatus.ERROR)
    assert (changing().value, changing().reason) == ("foo", Reason.STALE)
    definition.write_text(DEFINITION % "bar")
    with running_daemon(tmp_path, *arguments) as second:
        second.wait_ready()
        eventually(lambda: status() is ProviderStatus.READY)
        eventually(lambda: changing().value == "bar")
        eventually(lambda: "CONFIGURATION_CHANGED" in names(told))
    transitions = [name for name in names(told) if name != "CONFIGURATION_CHANGED"]
    assert transitions == ["READY", "STALE", "ERROR", "READY"]
    codes = [details.error_code for name, details in told if name == "ERROR"]
    assert codes == [ErrorCode.PROVIDER_NOT_READY]


def test_shutdown_is_prompt_may_be_repeated_and_ends_every_event(
    kind: str, specification_daemon: RunningDaemon
) -> None:
    provider = provider_of(kind, specification_daemon)
    api.set_provider_and_wait(provider)
    assert greeting().value == "hi"
    began = time.monotonic()
    api.shutdown()
    assert time.monotonic() - began < 6
    told = hear()
    eventually(lambda: names(told) == ["READY"])
    for _ in range(3):
        provider.shutdown()
    provider.emit_provider_ready(ProviderEventDetails())
    assert greeting().value == "mine"
    assert [details.provider_name for _, details in told] == ["No-op Provider"]


def test_a_provider_may_be_set_again_after_another(kind: str, specification_daemon: RunningDaemon) -> None:
    first, second = (provider_of(kind, specification_daemon) for _ in range(2))
    for provider in (first, second, first, second, first):
        api.set_provider_and_wait(provider)
        assert (status(), greeting().value) == (ProviderStatus.READY, "hi")
    # A replaced provider is shut down late, by another thread.
    eventually(lambda: not [one for one in threading.enumerate() if "_shutdown_provider" in one.name])
    assert (status(), greeting().value, greeting().error_code) == (ProviderStatus.READY, "hi", None)


def test_a_provider_that_was_shut_down_may_be_set_again(
    kind: str, specification_daemon: RunningDaemon
) -> None:
    provider = provider_of(kind, specification_daemon)
    for _ in range(3):
        api.set_provider_and_wait(provider)
        assert greeting().value == "hi"
        api.shutdown()
        assert greeting().value == "mine"


def test_each_domain_has_its_own_provider_and_one_may_serve_several(
    kind: str, daemon: RunningDaemon, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "flags.yaml").write_text(DEFINITION % "bar")
    with running_daemon(other, "--source", other / "flags.yaml") as second:
        second.wait_ready()
        shared = provider_of(kind, daemon)
        api.set_provider_and_wait(shared)
        api.set_provider_and_wait(shared, "a")
        api.set_provider_and_wait(provider_of(kind, second), "b")
        got = [
            api.get_client(domain).get_string_value("changing", "mine") for domain in (None, "a", "b", "c")
        ]
        assert got == ["foo", "foo", "bar", "foo"]
        api.set_provider_and_wait(provider_of(kind, second))
        assert api.get_client("a").get_string_value("changing", "mine") == "foo"
        assert api.get_client().get_string_value("changing", "mine") == "bar"
        api.shutdown()
