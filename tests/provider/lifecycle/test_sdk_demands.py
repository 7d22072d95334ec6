"""What the SDK asks of every provider, outside its guard too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode

from tests.provider.conftest import eventually
from tests.support.fake_daemon import FakeDaemon, answer, hang

pytestmark = pytest.mark.usefixtures("openfeature_api")


def test_providers_are_told_apart_and_usable_as_keys(unix_daemon: FakeDaemon) -> None:
    first, second = BurgeeProvider(unix_daemon.address), BurgeeProvider(unix_daemon.address)
    assert first != second
    assert {first: 1, second: 2}[first] == 1


def test_what_the_sdk_calls_outside_its_guard_does_not_raise(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    for _ in range(2):
        assert provider.get_metadata().name == "burgee"
        assert provider.get_provider_hooks() == []
        provider.track("bought", EvaluationContext("u"), None)
        provider.shutdown()


def test_an_asynchronous_error_gives_the_default_value(unix_daemon: FakeDaemon) -> None:
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.evaluation = answer("no boolean")

    async def run() -> Any:
        return await api.get_client().get_boolean_details_async("f", True)

    details = asyncio.run(run())
    assert (details.value, details.error_code) == (True, ErrorCode.TYPE_MISMATCH)


def test_a_client_call_that_was_cancelled_leaves_the_next_one_alone(unix_daemon: FakeDaemon) -> None:
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    client = api.get_client()

    async def run() -> bool:
        unix_daemon.evaluation = hang
        task = asyncio.create_task(client.get_boolean_value_async("f", False))
        await asyncio.to_thread(eventually, lambda: unix_daemon.requests)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        unix_daemon.evaluation = answer(True)
        return await client.get_boolean_value_async("f", False)

    assert asyncio.run(run()) is True


def test_nothing_is_logged_for_an_evaluation(
    unix_daemon: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    caplog.clear()
    client = api.get_client()
    client.get_boolean_value("f", False)
    client.get_integer_value("f", 1)
    client.get_boolean_value("f", False, EvaluationContext("u", {"bad": object()}))  # type: ignore[dict-item]
    unix_daemon.stop()
    client.get_boolean_value("unknown", False)
    assert [record for record in caplog.records if "evaluat" in record.message] == []
