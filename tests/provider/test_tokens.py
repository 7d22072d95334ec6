"""A provider with a token works where the daemon asks for one: over both transports, with both resolvers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ProviderNotReadyError

from burgeed.authority.principal import Scope
from tests.daemon.server.authorizing import EVERYTHING, FILE_TOKEN, Authorized, authorized
from tests.daemon.server.conftest import DEFINITION

EVALUATE = frozenset({Scope.EVALUATE})
BOTH = frozenset({Scope.EVALUATE, Scope.READ})


def address_of(server: Authorized, transport: str) -> str:
    peer = server.peer(transport)
    return f"unix://{peer.where}" if transport == "unix" else f"http://{peer.host}"


def reached(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def used(address: str, resolver: str, token: str) -> list[object]:
    """What a provider answers from its start, blocking and not, for two contexts; it tracks an event too."""
    provider = BurgeeProvider(
        address, resolver=resolver, token=token, deadline=10.0, initialize_deadline=20.0
    )
    try:
        provider.initialize(EvaluationContext())
        found: list[object] = []
        for context in (EvaluationContext("u"), EvaluationContext("u", {"customer": "c-1"})):
            blocking = provider.resolve_boolean_details("static", False, context)
            other = asyncio.run(provider.resolve_boolean_details_async("static", False, context))
            found += [blocking.value, other.value]
        provider.track("bought")
        reached(lambda: provider.tracking.counts.sent == 1)
    finally:
        provider.shutdown()
    return found


@pytest.mark.parametrize("transport", ["unix", "tcp"])
@pytest.mark.parametrize(
    ("resolver", "scopes"), [("remote", EVALUATE), ("remote", BOTH), ("in-process", BOTH), ("remote", None)]
)
async def test_a_token_opens_everything_that_a_provider_asks_for(
    tmp_path: Path, transport: str, resolver: str, scopes: frozenset[Scope] | None
) -> None:
    async with authorized(tmp_path, DEFINITION, evaluation="token") as server:
        token = FILE_TOKEN
        if scopes is not None:
            token, _ = await server.registry.create("application", scopes, by=EVERYTHING)
        found = await asyncio.to_thread(used, address_of(server, transport), resolver, token)
        assert server.state.denied == 0 and server.denials == []
    assert found == [True, True, False, False]


@pytest.mark.parametrize("transport", ["unix", "tcp"])
async def test_without_a_token_a_provider_is_not_ready_and_never_raises_from_an_evaluation(
    tmp_path: Path, transport: str
) -> None:
    def unused(address: str, token: str) -> object:
        provider = BurgeeProvider(address, token=token, initialize_deadline=1.0)
        try:
            with pytest.raises(ProviderNotReadyError):
                provider.initialize(EvaluationContext())
            return provider.resolve_boolean_details("static", False).value
        finally:
            provider.shutdown()

    async with authorized(tmp_path, DEFINITION, evaluation="token") as server:
        for token in ("", "nonsense"):
            assert await asyncio.to_thread(unused, address_of(server, transport), token) is False
        assert server.state.denied > 0
