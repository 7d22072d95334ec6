"""What every resolver keeps to, over every transport, in front of the real daemon."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason
from openfeature.provider import ProviderStatus

from tests.provider.conftest import eventually
from tests.support.country_database import GERMAN, SWEDISH, write_database
from tests.support.daemon import RunningDaemon, running_daemon
from tests.support.ports import reserved_port
from tests.support.ways import WAYS, Way, token_options

DOCUMENT: dict[str, Any] = {
    "metadata": {"flagSetId": "shop", "version": "3"},
    "flags": {
        "switch": {"defaultVariant": "off", "rules": [{"when": {"plan": "pro"}, "serve": "on"}]},
        "text": {"variants": {"a": "alpha", "b": "beta", "none": ""}, "defaultVariant": "a"},
        "whole": {"variants": {"ten": 10, "zero": 0}, "defaultVariant": "ten"},
        "fraction": {"variants": {"half": 0.5, "one": 1.0}, "defaultVariant": "half"},
        "round": {"variants": {"one": 1.0, "half": 0.5}, "defaultVariant": "one"},
        "layout": {
            "variants": {"a": {"columns": [1, {"wide": True}], "rows": 3}},
            "defaultVariant": "a",
            "leaves": True,
        },
        "resting": {"state": "DISABLED", "defaultVariant": "on"},
        "killed": {"defaultVariant": "on"},
        "divided": {"defaultVariant": "off", "rules": [{"split": {"on": 1, "off": 1}}]},
        "needy": {"defaultVariant": "off", "rules": [{"when": {"country": "SE"}, "serve": "on"}]},
        "old/wäy.x": {"defaultVariant": "on"},
    },
    "overrides": {
        "environment": {"production": {"text": "b"}},
        "organization": {"acme": {"switch": "on", "layout": {"patch": {"columns": [2], "rows": 4}}}},
        "customer": {"c-1": {"switch": "off"}},
    },
    "kill": {"killed": "off"},
}
ACME = EvaluationContext("u-1", {"organization": "acme"})
PATIENCE = 20.0
"""Seconds for one call that is answered: machines are shared."""


def changed(**defaults: str) -> dict[str, Any]:
    """The definition with other default variants."""
    flags = {key: {**flag, "defaultVariant": defaults.get(key, flag["defaultVariant"])}
             for key, flag in DOCUMENT["flags"].items()}  # fmt: skip
    return {**DOCUMENT, "flags": flags}


class Sidecar:
    """A daemon that may end and come back at the same place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack, self._reserved = ExitStack(), ExitStack()
        self._flags = folder / "flags.json"
        self._database = write_database(folder / "countries.mmdb")
        self._port = f"127.0.0.1:{self._reserved.enter_context(reserved_port())}"
        self.daemon: RunningDaemon
        self.save(DOCUMENT)
        self.start()

    def save(self, document: dict[str, Any]) -> None:
        """Save as an editor does: beside, then renamed."""
        beside = self._flags.with_suffix(".new")
        beside.write_text(json.dumps(document))
        beside.rename(self._flags)

    def start(self) -> None:
        """Run, and be ready."""
        arguments = ["--source", self._flags, "--geoip", self._database, "--listen", self._port]
        running = running_daemon(self._folder, *arguments, *token_options(self._folder))
        self.daemon = self._stack.enter_context(running)
        self.daemon.wait_ready()

    def shares_what_it_serves(self) -> bool:
        """Whether the snapshot, which comes a bit later than the daemon's answers, is of the same state."""
        status = self.daemon.status()
        return bool(status["snapshot"]["generation"] == status["generation"])

    def stop(self, number: int = signal.SIGKILL) -> None:
        """Be gone."""
        self.daemon.signal(number)
        self.daemon.wait()
        self._stack.close()

    def close(self) -> None:
        """Be gone for good."""
        self._stack.close()
        self._reserved.close()


@pytest.fixture(scope="module")
def one_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    running = Sidecar(tmp_path_factory.mktemp("sidecar"))
    yield running
    running.close()


@pytest.fixture
def sidecar(one_for_all: Sidecar) -> Sidecar:
    """A daemon that answers by :data:`DOCUMENT` and shares its snapshot, whatever the test before did."""
    one_for_all.save(DOCUMENT)
    served = one_for_all.daemon.evaluate
    one_for_all.daemon.wait_until(
        lambda: (
            served("text").get("value") == "alpha"
            and served("switch", {"organization": "acme"}).get("value") is True
            and one_for_all.shares_what_it_serves()
        )
    )
    return one_for_all


@pytest.fixture(params=WAYS, ids=str)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    found: Way = request.param
    yield found
    api.shutdown()


Ask = Callable[..., FlagEvaluationDetails[Any]]
"""Evaluates with details: type, key, default, context."""

ASKING = ("blocking", "asynchronous")


def asked(client: OpenFeatureClient, how: str) -> Ask:
    """A client's evaluation, called either way."""

    def ask(
        flag_type: str, key: str, default: Any, context: EvaluationContext | None = None
    ) -> FlagEvaluationDetails[Any]:
        if how == "blocking":
            found = getattr(client, f"get_{flag_type}_details")(key, default, context)
        else:
            found = asyncio.run(getattr(client, f"get_{flag_type}_details_async")(key, default, context))
        assert isinstance(found, FlagEvaluationDetails)
        return found

    return ask


@pytest.fixture(params=ASKING)
def ask(request: pytest.FixtureRequest) -> Ask:
    """Of the process's client."""
    return asked(api.get_client(), request.param)


def connect(way: Way, sidecar: Sidecar, **options: Any) -> OpenFeatureClient:
    """Set a provider that goes this way for the whole process."""
    options = {"deadline": PATIENCE, "initialize_deadline": PATIENCE, **options}
    provider = way.provider(sidecar.daemon, **options)
    api.set_provider_and_wait(provider)
    assert way.goes_there(provider)
    return api.get_client()


def reason_of(details: FlagEvaluationDetails[Any]) -> object:
    """The reason that the answer had when it was given first."""
    return details.flag_metadata.get("burgee.reason", details.reason)


def test_each_type_each_level_and_each_lossless_number_is_answered(
    way: Way, sidecar: Sidecar, ask: Ask
) -> None:
    connect(way, sidecar)
    pro = EvaluationContext("u-1", {"plan": "pro"})
    customer = EvaluationContext("u-1", {"organization": "acme", "customer": "c-1"})
    production = EvaluationContext(None, {"environment": "production"})
    for flag_type, key, default, context, expected, variant, reason in [
        ("boolean", "switch", True, None, False, "off", "DEFAULT"),
        ("boolean", "switch", False, pro, True, "on", "TARGETING_MATCH"),
        ("boolean", "switch", False, ACME, True, "on", "TARGETING_MATCH"),
        ("boolean", "switch", True, customer, False, "off", "TARGETING_MATCH"),
        ("string", "text", "", None, "alpha", "a", "DEFAULT"),
        ("string", "text", "", production, "beta", "b", "TARGETING_MATCH"),
        ("integer", "whole", 0, None, 10, "ten", "STATIC"),
        ("float", "whole", 0.0, None, 10.0, "ten", "STATIC"),
        ("float", "fraction", 0.0, None, 0.5, "half", "STATIC"),
        ("integer", "round", 0, None, 1, "one", "STATIC"),
        ("object", "layout", {}, None, {"columns": [1, {"wide": True}], "rows": 3}, "a", "DEFAULT"),
        ("object", "layout", {}, ACME, {"columns": [2], "rows": 4}, "a", "TARGETING_MATCH"),
        ("integer", "layout.rows", 0, ACME, 4, "a", "TARGETING_MATCH"),
        ("boolean", "resting", True, None, True, None, "DISABLED"),
        ("boolean", "killed", True, None, False, "off", "STATIC"),
        ("boolean", "old/wäy.x", False, None, True, "on", "STATIC"),
    ]:  # fmt: skip
        for _ in range(2):
            found = ask(flag_type, key, default, context)
            assert (key, found.value, type(found.value)) == (key, expected, type(expected))
            assert (key, found.variant, reason_of(found)) == (key, variant, reason)
            assert found.error_code is None


def test_metadata_says_who_decided(way: Way, sidecar: Sidecar, ask: Ask) -> None:
    connect(way, sidecar)
    metadata = dict(ask("boolean", "switch", False, ACME).flag_metadata)
    metadata.pop("burgee.reason", None)
    assert metadata == {
        "flagSetId": "shop", "version": "3", "burgee.source": "organization", "burgee.scope": "acme",
    }  # fmt: skip


def test_an_error_has_its_code_and_the_default(way: Way, sidecar: Sidecar, ask: Ask) -> None:
    connect(way, sidecar)
    for flag_type, key, default, context, code in [
        ("boolean", "unknown", True, None, ErrorCode.FLAG_NOT_FOUND),
        ("boolean", "", True, None, ErrorCode.FLAG_NOT_FOUND),
        ("boolean", "x" * 257, True, None, ErrorCode.FLAG_NOT_FOUND),
        ("boolean", "text", True, None, ErrorCode.TYPE_MISMATCH),
        ("integer", "fraction", 7, None, ErrorCode.TYPE_MISMATCH),
        ("integer", "switch", 7, None, ErrorCode.TYPE_MISMATCH),
        ("object", "text", {"mine": 1}, None, ErrorCode.TYPE_MISMATCH),
        ("boolean", "divided", True, None, ErrorCode.TARGETING_KEY_MISSING),
        ("boolean", "switch", True, EvaluationContext("u", {"x": object()}), ErrorCode.INVALID_CONTEXT),  # type: ignore[dict-item]
        ("boolean", "switch", True, EvaluationContext("u", {"x": float("nan")}), ErrorCode.INVALID_CONTEXT),
    ]:  # fmt: skip
        for _ in range(2):
            found = ask(flag_type, key, default, context)
            assert (key, found.value, found.error_code, found.reason) == (key, default, code, Reason.ERROR)
            assert found.error_message


def test_what_is_handed_out_is_the_callers_to_change(way: Way, sidecar: Sidecar, ask: Ask) -> None:
    connect(way, sidecar)
    for _ in range(3):
        found = ask("object", "layout", {})
        assert found.value == {"columns": [1, {"wide": True}], "rows": 3}
        found.value["columns"][1]["wide"] = "spoilt"
        found.value["more"] = 1


def test_a_flag_that_needs_the_daemons_database_is_answered_right(
    way: Way, sidecar: Sidecar, ask: Ask
) -> None:
    connect(way, sidecar)
    for address, expected in [(SWEDISH, True), (GERMAN, False), (SWEDISH, True)]:
        found = ask("boolean", "needy", not expected, EvaluationContext("u", {"ip": address}))
        assert (found.value, found.error_code) == (expected, None)


def test_a_selector_shows_its_flag_set_only(way: Way, sidecar: Sidecar, ask: Ask) -> None:
    for selector, code in [("flagSetId=shop", None), ("flagSetId=other", ErrorCode.FLAG_NOT_FOUND)]:
        connect(way, sidecar, selector=selector)
        for _ in range(2):
            assert ask("string", "text", "").error_code is code


def test_a_saved_file_is_seen_and_the_handler_of_the_change_sees_the_new_value(
    way: Way, sidecar: Sidecar, ask: Ask
) -> None:
    client = connect(way, sidecar)
    seen: list[tuple[str, list[str] | None]] = []

    def on_change(details: EventDetails) -> None:
        seen.append((client.get_string_value("text", ""), details.flags_changed))

    api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, on_change)
    eventually(lambda: ask("string", "text", "").value == "alpha")
    for variant, value in [("b", "beta"), ("a", "alpha"), ("none", "")]:
        sidecar.save(changed(text=variant))
        eventually(lambda expected=value: ask("string", "text", "?").value == expected)  # type: ignore[misc]
        eventually(lambda expected=value: seen and seen[-1] == (expected, ["text"]))  # type: ignore[misc]
    # What the test before this one saved may still be announced first.
    assert [value for value, _ in seen][-3:] == ["beta", "alpha", ""] and len(seen) <= 4


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_while_the_daemon_is_gone_the_last_known_answers_and_after_its_return_the_right_ones(
    way: Way, sidecar: Sidecar, end: signal.Signals
) -> None:
    client = connect(way, sidecar, deadline=0.5)
    asking = [asked(client, each) for each in ASKING]
    for ask in asking:
        eventually(lambda ask=ask: ask("boolean", "switch", False, ACME).value)  # type: ignore[misc]
    sidecar.stop(end)
    gone = time.monotonic()
    eventually(lambda: client.get_provider_status() is ProviderStatus.STALE)
    assert time.monotonic() - gone < 8
    for ask in asking:
        eventually(lambda ask=ask: ask("boolean", "switch", False, ACME).reason == Reason.STALE)  # type: ignore[misc]
        stale = ask("boolean", "switch", False, ACME)
        assert (stale.value, stale.variant, stale.error_code) == (True, "on", None)
        assert stale.flag_metadata["burgee.reason"] == "TARGETING_MATCH"
        assert stale.flag_metadata["burgee.scope"] == "acme"
        began = time.monotonic()
        assert ask("boolean", "never asked before", True).value is True
        assert time.monotonic() - began < 4
    document = changed()
    document["overrides"] = {"organization": {"acme": {"switch": "off"}}}
    sidecar.save(document)
    sidecar.start()
    eventually(lambda: client.get_provider_status() is ProviderStatus.READY)
    for ask in asking:
        after = ask("boolean", "switch", True, ACME)
        assert (after.value, reason_of(after)) == (False, "TARGETING_MATCH")
        eventually(lambda ask=ask: ask("boolean", "switch", True, ACME).reason != Reason.STALE)  # type: ignore[misc]


def test_64_threads_are_answered_right_while_the_file_changes(way: Way, sidecar: Sidecar) -> None:
    client = connect(way, sidecar)
    problems: list[object] = []
    ended = threading.Event()

    def evaluate(number: int) -> None:
        organization = "acme" if number % 2 else "other"
        context = EvaluationContext(f"u-{number}", {"organization": organization})
        while not ended.wait(0.005):
            switch = client.get_boolean_details("switch", False, context)
            text = client.get_string_details("text", "", context)
            if switch.value is not (number % 2 == 1) or switch.error_code is not None:
                problems.append(switch)
            if (text.value, text.variant) not in (("alpha", "a"), ("beta", "b")):
                problems.append(text)

    threads = [threading.Thread(target=evaluate, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for variant in "bab":
        sidecar.save(changed(text=variant))
        expected = {"a": "alpha", "b": "beta"}[variant]
        eventually(lambda wanted=expected: client.get_string_value("text", "") == wanted)  # type: ignore[misc]
    ended.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert not problems, problems[:3]


def test_parent_and_forked_child_both_see_the_next_change(way: Way, sidecar: Sidecar) -> None:
    client = connect(way, sidecar)
    eventually(lambda: client.get_string_value("text", "") == "alpha")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            before = client.get_string_value("text", "")
            os.write(writing, b"x")
            eventually(lambda: client.get_string_value("text", "") == "beta")
            status = 0 if before == "alpha" else 3
        finally:
            os._exit(status)
    assert os.read(reading, 1) == b"x"
    sidecar.save(changed(text="b"))
    eventually(lambda: client.get_string_value("text", "") == "beta")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(reading)
    os.close(writing)


def test_a_provider_that_is_not_initialized_answers_too(way: Way, sidecar: Sidecar) -> None:
    provider: BurgeeProvider = way.provider(sidecar.daemon, deadline=PATIENCE)
    assert provider.resolve_string_details("text", "").value == "alpha"
    provider.shutdown()
