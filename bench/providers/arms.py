"""Clients of every provider that is compared, each in a domain of its own, each seen to answer right."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from harness.documents import ASKED, CONTEXT
from harness.rounds import Arm
from harness.servers import Server
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.provider import FeatureProvider
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

ATTRIBUTES = ("customer", "organization", "environment")
"""What of the context the comparison sends: who asks."""

FLOOR = "InMemoryProvider"
FLOOR_ASYNC = "InMemoryProvider, asynchronous"
CONTROL = "InMemoryProvider again"

FLAGD_DOCUMENT: dict[str, Any] = {
    "flags": {
        ASKED: {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": {"if": [{"==": [{"var": "organization"}, "acme"]}, "on", "off"]},
        }
    }
}


class Provider(NamedTuple):
    """One provider in its domain.

    Attributes:
        name: of its row.
        client: asks it.
        waits: whether a call crosses a socket, and the clock of the wall counts.
    """

    name: str
    client: OpenFeatureClient
    waits: bool


def evaluation_context() -> EvaluationContext:
    """Who asks."""
    return EvaluationContext("u-1", {name: CONTEXT[name] for name in ATTRIBUTES})


def providers(daemon: Server, folder: Path) -> list[Provider]:
    """All of them, ready and asked once."""
    unix, http = daemon.unix, daemon.http
    switch = InMemoryFlag("on", {"on": True, "off": False})
    every = [
        _provider(FLOOR, InMemoryProvider({ASKED: switch}), "STATIC"),
        _provider(CONTROL, InMemoryProvider({ASKED: switch}), "STATIC"),
        _provider(
            "Burgee in-process", BurgeeProvider(unix, resolver="in-process", deadline=5.0), "TARGETING_MATCH"
        ),
        _provider("Burgee remote, warm cache, socket", BurgeeProvider(unix, deadline=5.0), "CACHED"),
        _provider("Burgee remote, warm cache, TCP", BurgeeProvider(http, deadline=5.0), "CACHED"),
        _provider("Burgee remote, uncached, socket", _uncached(unix), "TARGETING_MATCH", waits=True),
        _provider("Burgee remote, uncached, TCP", _uncached(http), "TARGETING_MATCH", waits=True),
        _provider("openfeature-provider-ofrep, TCP", OFREPProvider(http), "TARGETING_MATCH", waits=True),
    ]
    flagd = _flagd(folder)
    return every if flagd is None else [*every, _provider("flagd, file", flagd, "TARGETING_MATCH")]


def _uncached(address: str) -> BurgeeProvider:
    return BurgeeProvider(address, deadline=5.0, cache_size=0)


def _flagd(folder: Path) -> FeatureProvider | None:
    try:
        from openfeature.contrib.provider.flagd import FlagdProvider
        from openfeature.contrib.provider.flagd.config import ResolverType
    except ImportError:
        return None
    document = folder / "flagd.json"
    document.write_text(json.dumps(FLAGD_DOCUMENT), encoding="utf-8")
    return FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=str(document))


def _provider(name: str, provider: FeatureProvider, reason: str, *, waits: bool = False) -> Provider:
    api.set_provider_and_wait(provider, name)
    client = api.get_client(name)
    until = time.monotonic() + 10
    while True:
        details = client.get_boolean_details(ASKED, False, evaluation_context())
        if details.value is True and str(details.reason) == reason:
            return Provider(name, client, waits)
        if time.monotonic() > until:
            raise RuntimeError(f"{name} answers {details}, not {reason}")
        time.sleep(0.01)


def blocking(provider: Provider, calls: int) -> Arm[float]:
    """Microseconds a call from this thread: of its core where nothing is waited for."""
    client, context = provider.client, evaluation_context()
    clock = time.perf_counter if provider.waits else time.thread_time

    def measure() -> float:
        began = clock()
        right = [client.get_boolean_value(ASKED, False, context) for _ in range(calls)]
        took = clock() - began
        return _judged(took, right, provider.name)

    return Arm(provider.name, measure)


def asynchronous(provider: Provider, calls: int, runner: asyncio.Runner) -> Arm[float]:
    """The same, awaited one after another in one task."""
    client, context = provider.client, evaluation_context()
    clock = time.perf_counter if provider.waits else time.thread_time

    async def ask() -> float:
        began = clock()
        right = [await client.get_boolean_value_async(ASKED, False, context) for _ in range(calls)]
        took = clock() - began
        return _judged(took, right, provider.name)

    def measure() -> float:
        return runner.run(ask())

    return Arm(f"{provider.name}, asynchronous", measure)


def timed(call: Callable[[], bool], calls: int, name: str) -> Arm[float]:
    """Microseconds of the wall that a call takes which does not go through the client."""

    def measure() -> float:
        began = time.perf_counter()
        right = [call() for _ in range(calls)]
        return _judged(time.perf_counter() - began, right, name)

    return Arm(name, measure)


def _judged(seconds: float, right: list[bool], who: str) -> float:
    if not all(right):
        raise RuntimeError(f"{who}: a wrong answer; nothing that was measured counts")
    return seconds / len(right) * 1e6
