"""The resolvers that are held to the specification, each in the real client, in front of one real daemon."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions
from openfeature.transaction_context import ContextVarsTransactionContextPropagator

from tests.support.daemon import RunningDaemon, running_daemon

FLAGS = Path(__file__).with_name("flags.yaml")

PATIENCE = 20.0
"""Seconds for one call: what is held to account here is what is answered, on machines that are shared."""

MakeProvider = Callable[..., BurgeeProvider]

RESOLVERS: Mapping[str, Callable[[RunningDaemon], Mapping[str, Any]]] = {
    "remote-socket": lambda daemon: {"address": f"unix://{daemon.socket}", "resolver": "remote"},
    "remote-tcp": lambda daemon: {"address": daemon.http, "resolver": "remote"},
}
"""The options of a provider of each kind; a further kind is a further line."""

TYPES = ("boolean", "string", "integer", "float", "object")


def provider_of(kind: str, daemon: RunningDaemon, **options: Any) -> BurgeeProvider:
    """A provider of one kind, not initialized."""
    return BurgeeProvider(**{"deadline": PATIENCE, **RESOLVERS[kind](daemon), **options})


class Asking:
    """Evaluates through the client, blocking or asynchronously, as one thing.

    Attributes:
        way: ``blocking`` or ``asynchronous``.
    """

    def __init__(self, way: str, runner: asyncio.Runner) -> None:
        self.way = way
        self._runner = runner

    def details(
        self,
        flag_type: str,
        flag_key: str,
        default_value: Any,
        context: EvaluationContext | None = None,
        options: FlagEvaluationOptions | None = None,
        client: OpenFeatureClient | None = None,
    ) -> FlagEvaluationDetails[Any]:
        """All that one evaluation answers."""
        client = client or api.get_client()
        arguments = (flag_key, default_value, context, options)
        details: FlagEvaluationDetails[Any] = self._call(client, f"get_{flag_type}_details", *arguments)
        return details

    def value(self, flag_type: str, flag_key: str, default_value: Any) -> Any:
        """The value that one evaluation answers."""
        return self._call(api.get_client(), f"get_{flag_type}_value", flag_key, default_value)

    def _call(self, client: OpenFeatureClient, method: str, *arguments: Any) -> Any:
        if self.way == "blocking":
            return getattr(client, method)(*arguments)
        # The loop keeps a context of its own: it is given the test's, with its transaction context.
        call = getattr(client, f"{method}_async")(*arguments)
        return self._runner.run(call, context=contextvars.copy_context())


def first_reason(details: FlagEvaluationDetails[Any]) -> str | None:
    """The reason that the flag had when it was evaluated: that of a kept answer is in its metadata."""
    reason = details.flag_metadata.get("burgee.reason", details.reason)
    return None if reason is None else str(reason)


def own_metadata(details: FlagEvaluationDetails[Any]) -> dict[str, Any]:
    """The metadata that the definition gave the flag."""
    return {key: value for key, value in details.flag_metadata.items() if not key.startswith("burgee.")}


@pytest.fixture(scope="session")
def specification_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """A daemon on the scenarios' flags."""
    with running_daemon(tmp_path_factory.mktemp("specification"), "--source", FLAGS) as daemon:
        daemon.wait_ready()
        yield daemon


@pytest.fixture(scope="module", params=RESOLVERS)
def provider(request: pytest.FixtureRequest, specification_daemon: RunningDaemon) -> Iterator[BurgeeProvider]:
    """A provider of each kind, set and ready."""
    provider = provider_of(request.param, specification_daemon)
    api.set_provider_and_wait(provider)
    yield provider
    api.shutdown()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """An event loop."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=["blocking", "asynchronous"])
def asking(
    request: pytest.FixtureRequest, provider: BurgeeProvider, runner: asyncio.Runner
) -> Iterator[Asking]:
    """Both ways to ask; no hook and no context is left behind."""
    api.set_transaction_context_propagator(ContextVarsTransactionContextPropagator())
    yield Asking(request.param, runner)
    api.clear_hooks()
    api.set_evaluation_context(EvaluationContext())
    api.set_transaction_context(EvaluationContext())
