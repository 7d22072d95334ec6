"""OpenFeature clients of several providers side by side, each in a domain of its own."""

from __future__ import annotations

from typing import NamedTuple

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.provider import FeatureProvider

from harness.documents import ASKED, CONTEXT

TARGETING_KEY = "u-1"


def evaluation_context() -> EvaluationContext:
    """Who asks."""
    return EvaluationContext(TARGETING_KEY, dict(CONTEXT))


class Client(NamedTuple):
    """A client and who answers it."""

    name: str
    client: OpenFeatureClient

    def evaluate(self, context: EvaluationContext) -> bool:
        """Evaluate the flag that all benchmarks ask for."""
        return self.client.get_boolean_value(ASKED, False, context)

    async def evaluate_async(self, context: EvaluationContext) -> bool:
        """The same without blocking."""
        return await self.client.get_boolean_value_async(ASKED, False, context)


def burgee(name: str, address: str, cache_size: int = 10_000) -> Client:
    """A client of BurgeeProvider."""
    return _client(name, BurgeeProvider(address=address, deadline=5.0, cache_size=cache_size))


def ofrep(name: str, address: str) -> Client:
    """A client of PyPI openfeature-provider-ofrep."""
    return _client(name, OFREPProvider(address))


def close() -> None:
    """Shut all providers down."""
    api.shutdown()


def _client(name: str, provider: FeatureProvider) -> Client:
    api.set_provider_and_wait(provider, name)
    return Client(name, api.get_client(name))
