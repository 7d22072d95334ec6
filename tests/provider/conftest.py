"""Providers of every kind, in front of a scriptable daemon."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails

from tests.support.fake_daemon import FakeDaemon, running


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline that a busy machine meets, of every provider that a test states none for."""
    monkeypatch.setenv("BURGEE_DEADLINE", "20")


class Caller:
    """Calls a provider's methods, blocking or asynchronously, as one thing.

    Attributes:
        way: ``blocking`` or ``asynchronous``.
    """

    def __init__(self, way: str) -> None:
        self.way = way

    def resolve(
        self,
        provider: BurgeeProvider,
        flag_type: str = "boolean",
        flag_key: str = "flag",
        default_value: Any = False,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Any]:
        """One call."""
        if self.way == "blocking":
            method = getattr(provider, f"resolve_{flag_type}_details")
            details: FlagResolutionDetails[Any] = method(flag_key, default_value, evaluation_context)
            return details
        method = getattr(provider, f"resolve_{flag_type}_details_async")
        return asyncio.run(method(flag_key, default_value, evaluation_context))


@pytest.fixture(params=["blocking", "asynchronous"])
def caller(request: pytest.FixtureRequest) -> Caller:
    """Both ways to call."""
    return Caller(request.param)


@pytest.fixture(params=["unix", "tcp"])
def daemon(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeDaemon]:
    """A running daemon on either transport."""
    path = str(tmp_path / "burgee.sock") if request.param == "unix" else None
    with running(FakeDaemon(path)) as fake:
        yield fake


@pytest.fixture
def unix_daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    """A running daemon on a Unix socket."""
    with running(FakeDaemon(str(tmp_path / "burgee.sock"))) as fake:
        yield fake


@pytest.fixture
def provider(daemon: FakeDaemon, patience: None) -> Iterator[BurgeeProvider]:
    """A provider of that daemon, not initialized."""
    provider = BurgeeProvider(daemon.address)
    yield provider
    provider.shutdown()


@pytest.fixture
def openfeature_api() -> Iterator[Any]:
    """The SDK's global API, left as it was found, and no thread of ours behind."""
    yield api
    api.shutdown()
    eventually(lambda: not threads_named("burgee-subscription"))


def threads_named(name: str) -> list[threading.Thread]:
    """The living threads of that name."""
    return [thread for thread in threading.enumerate() if thread.name == name]


def eventually(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for a condition to hold and return what it returned; fail where it does not in time, which is
    generous, since tests share two cores.
    """
    until = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < until, f"did not come within {seconds} s"
        time.sleep(0.002)
    return result


def fastest(action: Callable[[], Any], bound: float, attempts: int = 4) -> float:
    """The seconds that an action takes, the best of a few, as other work disturbs measurements."""
    best = float("inf")
    for _ in range(attempts):
        began = time.monotonic()
        action()
        best = min(best, time.monotonic() - began)
        if best <= bound:
            break
    return best
