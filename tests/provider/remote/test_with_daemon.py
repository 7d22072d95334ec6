"""The cache in front of the real daemon: never a different answer, only a quicker one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from tests.provider.conftest import eventually
from tests.support.daemon import RunningDaemon, running_daemon

pytestmark = pytest.mark.usefixtures("openfeature_api")

TEXTS = {"a": "a", "b": "b", "c": "c"}


def flags(edge: str = "2001-01-01T00:00:00Z", served: str = "b") -> dict[str, Any]:
    """A definition whose flags depend on this and that."""
    equal = {"if": [{"===": [{"var": "plan"}, 1]}, "b", {"===": [{"var": "plan"}, True]}, "c", "a"]}
    return {
        "flags": {
            "plain": {"variants": TEXTS, "defaultVariant": served},
            "typed": {"variants": TEXTS, "defaultVariant": "a", "targeting": equal},
            "levels": {"variants": TEXTS, "defaultVariant": "a"},
            "split": {
                "variants": TEXTS,
                "defaultVariant": "a",
                "rules": [{"when": {"plan": "pro"}, "split": {"b": 50, "c": 50}}],
            },
            "nested": {
                "variants": TEXTS,
                "defaultVariant": "a",
                "targeting": {"if": [{"in": ["x", {"var": "tags"}]}, "b", "a"]},
            },
            "timed": {
                "variants": TEXTS,
                "defaultVariant": "a",
                "rules": [{"when": {"plan": {"exists": True}}, "serve": "b", "until": edge}],
            },
        },
        "overrides": {"customer": {"c-1": {"levels": "b"}}, "organization": {"acme": {"levels": "c"}}},
    }


def save(folder: Path, document: Any) -> Path:
    """Save as an editor does."""
    beside, path = folder / "flags.new", folder / "flags.json"
    beside.write_text(json.dumps(document))
    beside.rename(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cached")


@pytest.fixture(scope="module")
def sidecar(folder: Path) -> Iterator[RunningDaemon]:
    path = save(folder, flags())
    with running_daemon(folder, "--source", path) as running:
        running.wait_ready()
        yield running


@pytest.fixture(params=["unix", "tcp"])
def address(request: pytest.FixtureRequest, sidecar: RunningDaemon, folder: Path) -> str:
    save(folder, flags())
    assert sidecar.http is not None
    sidecar.wait_until(lambda: sidecar.evaluate("plain")["value"] == "b")
    return f"unix://{sidecar.socket}" if request.param == "unix" else sidecar.http


def connected(address: str, **options: Any) -> BurgeeProvider:
    """A provider that knows what the daemon serves."""
    provider = BurgeeProvider(address, deadline=10.0, **options)
    api.set_provider_and_wait(provider)
    return provider


def test_an_answer_is_cached_and_a_save_ends_it(address: str, folder: Path) -> None:
    connected(address)
    client = api.get_client()
    eventually(lambda: client.get_string_details("plain", "").reason is Reason.CACHED)
    save(folder, flags(served="c"))
    eventually(lambda: client.get_string_value("plain", "") == "c")
    eventually(lambda: client.get_string_details("plain", "").reason is Reason.CACHED)
    assert client.get_string_value("plain", "") == "c"


def test_ten_questions_of_an_event_loop_are_answered_without_the_daemon(address: str) -> None:
    provider = connected(address)

    async def run() -> None:
        client = api.get_client()
        context = EvaluationContext("u", {"customer": "c-1", "organization": "acme"})
        first = await client.get_string_details_async("levels", "", context)
        while (await client.get_string_details_async("levels", "", context)).reason is not Reason.CACHED:
            await asyncio.sleep(0.01)
        before = provider.cache_statistics()
        for _ in range(10):
            details = await client.get_string_details_async("levels", "", context)
            assert (details.value, details.reason, details.variant) == ("b", Reason.CACHED, first.variant)
            assert details.flag_metadata == {**first.flag_metadata, "burgee.reason": "TARGETING_MATCH"}
        after = provider.cache_statistics()
        assert (after.hits - before.hits, after.misses - before.misses) == (10, 0)

    asyncio.run(run())


def test_what_is_cached_is_what_the_daemon_would_say(address: str) -> None:
    cached, asking = connected(address), BurgeeProvider(address, deadline=10.0, cache_size=0)
    random = Random(4)
    values: list[Any] = [None, 1, True, 1.0, "1", "pro", 0, False, 0.0, -0.0, "", [], ["x"], {"x": 1}]
    for _ in range(600):
        attributes = {
            name: random.choice(values)
            for name in random.sample(["plan", "tags", "rest"], random.randrange(4))
        }
        attributes |= {
            name: random.choice(["c-1", "acme", "x", 1])
            for name in random.sample(["customer", "organization"], random.randrange(3))
        }
        key = random.choice(["plain", "typed", "levels", "split", "nested", "timed", "unknown"])
        context = EvaluationContext(random.choice([None, "u-1", "u-2"]), attributes)
        kept = cached.resolve_string_details(key, "default", context)
        fresh = asking.resolve_string_details(key, "default", context)
        assert (kept.value, kept.variant, kept.error_code) == (fresh.value, fresh.variant, fresh.error_code)
        if kept.reason is Reason.CACHED:
            assert kept.flag_metadata == {**fresh.flag_metadata, "burgee.reason": str(fresh.reason)}
        else:
            assert kept.reason == fresh.reason
    asking.shutdown()
    statistics = cached.cache_statistics()
    assert statistics.hits > 100
    assert statistics.misses > 50


def test_an_edge_in_time_ends_an_answer_by_itself(address: str, folder: Path) -> None:
    connected(address)
    edge = datetime.now(UTC) + timedelta(seconds=4)
    save(folder, flags(edge.isoformat()))
    client = api.get_client()
    context = EvaluationContext("u", {"plan": "x"})

    def ask() -> tuple[str, Reason | str | None]:
        details = client.get_string_details("timed", "", context)
        return details.value, details.reason

    eventually(lambda: ask() == ("b", Reason.CACHED))
    while datetime.now(UTC) < edge - timedelta(seconds=0.1):
        value, _ = ask()
        assert value == "b" or datetime.now(UTC) > edge - timedelta(seconds=0.1)
        time.sleep(0.01)
    eventually(lambda: ask() == ("a", Reason.CACHED))
    assert datetime.now(UTC) - edge < timedelta(seconds=5)


@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
def test_all_flags_of_a_context_can_be_had_beforehand(address: str, way: str) -> None:
    provider = connected(address)
    context = EvaluationContext("u", {"plan": "pro", "customer": "c-1"})

    def fetch() -> bool:
        kept = (
            provider.prefetch(context) if way == "blocking" else asyncio.run(provider.prefetch_async(context))
        )
        assert kept == 6
        return all(
            api.get_client().get_string_details(key, "", context).reason is Reason.CACHED
            for key in flags()["flags"]
        )

    eventually(fetch)


def test_the_first_question_can_fetch_all(address: str) -> None:
    provider = connected(address, prefetch=True)
    client = api.get_client()

    def fetched() -> bool:
        context = EvaluationContext(f"u-{time.monotonic_ns()}", {"plan": "pro"})
        client.get_string_value("plain", "", context)
        return client.get_string_details("split", "", context).reason is Reason.CACHED

    eventually(fetched)
    assert provider.cache_statistics().size >= 6


def test_a_context_that_cannot_be_sent_fetches_nothing(address: str) -> None:
    provider = connected(address)
    odd = EvaluationContext("u", {"a": object()})  # type: ignore[dict-item]
    assert provider.prefetch(odd) == 0
    assert asyncio.run(provider.prefetch_async(odd)) == 0
    assert provider.resolve_string_details("plain", "", odd).error_code is ErrorCode.INVALID_CONTEXT
