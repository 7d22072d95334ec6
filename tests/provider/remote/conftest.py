"""Parts of the remote resolver in front of a daemon that says how far its answers carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from openfeature.contrib.provider.burgee.address import addresses_of
from openfeature.contrib.provider.burgee.clock import SystemClock
from openfeature.contrib.provider.burgee.options import Options
from openfeature.contrib.provider.burgee.remote import RemoteResolver
from openfeature.contrib.provider.burgee.transports.endpoint import Whereabouts

from burgee.generation import Generation
from burgee.snapshot import Snapshot
from tests.provider.remote.asking import Asker
from tests.support.fake_daemon import FakeDaemon, Handler, http, raw, running

FIRST, SECOND = Generation("e", 1), Generation("e", 2)


class HandClock(SystemClock):
    """Time that stands until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Latest(Random):
    """Chance that always says the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


class Served:
    """Knowledge as the test has it."""

    def __init__(self, generation: Generation | None = FIRST) -> None:
        self.now = generation
        self.is_hung = False

    def generation(self) -> Generation | None:
        return self.now

    def hangs(self) -> bool:
        return self.is_hung


def told(
    value: Any = True,
    *,
    vary: str = "",
    generation: object = FIRST,
    until: object = None,
    status: int = 200,
    **fields: Any,
) -> Handler:
    """Answer as the daemon does, with what a cache needs to know."""
    return raw(told_bytes(value, vary=vary, generation=generation, until=until, status=status, **fields))


def told_bytes(
    value: Any = True,
    *,
    vary: str = "",
    generation: object = FIRST,
    until: object = None,
    status: int = 200,
    **fields: Any,
) -> bytes:
    """The same as bytes."""
    body = {"key": "flag", "reason": "STATIC", "variant": "on", "metadata": {}} | fields
    if value is not None:
        body["value"] = value
    headers = {"Content-Type": "application/json", "Burgee-Generation": str(generation), "Burgee-Vary": vary}
    if until is not None:
        headers["Burgee-Until"] = str(until)
    return http(status, orjson.dumps(body), headers)


def item(key: str, value: Any, vary: list[str] | None, until: int | None = None) -> Mapping[str, Any]:
    """One flag of a bulk answer."""
    body = {"key": key, "value": value, "reason": "STATIC", "variant": "on", "metadata": {}}
    return body | {"burgee": {"vary": vary, "until": until}}


def bulk(*items: Mapping[str, Any], generation: object = FIRST) -> bytes:
    """A bulk answer as bytes."""
    body = orjson.dumps({"flags": items, "metadata": {}})
    return http(200, body, {"Burgee-Generation": str(generation)})


@pytest.fixture
def served() -> Served:
    """What the provider knows of the daemon: it serves the first generation."""
    return Served()


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDaemon]:
    """A running daemon on a Unix socket."""
    with running(FakeDaemon(str(tmp_path / "burgee.sock"))) as daemon:
        yield daemon


Make = Callable[..., RemoteResolver]


@pytest.fixture
def make(fake: FakeDaemon, served: Served) -> Iterator[Make]:
    """Makes resolvers of that daemon, with any options."""
    made = []

    def resolver(
        *,
        clock: SystemClock | None = None,
        instead: Callable[[], Snapshot | None] = lambda: None,
        **given: Any,
    ) -> RemoteResolver:
        options = Options(address=given.pop("address", fake.address), **given)
        timed = clock or SystemClock()
        places = tuple(Whereabouts(address, timed) for address in addresses_of(options.address, {}))
        made.append(RemoteResolver(options, places, timed, Random(), served, instead))
        return made[-1]

    yield resolver
    for each in made:
        each.close()


@pytest.fixture(params=["blocking", "asynchronous"])
def asker(request: pytest.FixtureRequest) -> Asker:
    """Both ways to ask."""
    return Asker(request.param)
