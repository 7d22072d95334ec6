"""A real daemon, a proxy before it that does anything to bytes, and resolvers that have to survive it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from openfeature.contrib.provider.burgee.address import addresses_of
from openfeature.contrib.provider.burgee.clock import SystemClock
from openfeature.contrib.provider.burgee.options import Options
from openfeature.contrib.provider.burgee.remote import RemoteResolver
from openfeature.contrib.provider.burgee.transports.endpoint import Whereabouts

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.resolution import Resolution
from burgee.snapshot import Snapshot
from tests.provider.remote.asking import Asker
from tests.support.daemon import RunningDaemon, running_daemon
from tests.support.fault_proxy import FaultProxy

DEADLINE = 0.2
"""Seconds."""
SCHEDULING = 3.0
"""Seconds that a busy machine may add to a wait."""

FLAGS = """{"flags": {
  "known": {"variants": {"v": "fresh"}, "defaultVariant": "v"},
  "kept": {"variants": {"v": "never served"}, "defaultVariant": "v"},
  "layout": {"variants": {"v": {"columns": [1, 2]}}, "defaultVariant": "v"}
}}"""


@pytest.fixture(scope="session")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """The daemon, one for all."""
    folder = tmp_path_factory.mktemp("sidecar")
    flags = folder / "flags.json"
    flags.write_text(FLAGS)
    with running_daemon(folder, "--source", flags) as running:
        running.wait_ready()
        yield running


@pytest.fixture(params=["unix", "tcp"])
def proxy(request: pytest.FixtureRequest, sidecar: RunningDaemon, tmp_path: Path) -> Iterator[FaultProxy]:
    """Listens on either transport."""
    path = str(tmp_path / "proxy.sock") if request.param == "unix" else None
    with FaultProxy(f"unix://{sidecar.socket}", path) as running:
        yield running


@pytest.fixture(params=["blocking", "asynchronous"])
def asker(request: pytest.FixtureRequest) -> Asker:
    """Both ways to ask."""
    return Asker(request.param)


def kept_snapshot() -> Snapshot:
    """What answers where the daemon does not."""
    flags = {"kept": {"variants": {"v": "kept"}, "defaultVariant": "v"}}
    layer, _ = read_layer("kept", [SourceDocument({"flags": flags}, "kept.json")])
    return compose([layer])


class Soon(Random):
    """Chance that has pauses end soon, though not at once."""

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * 0.2


Make = Callable[..., RemoteResolver]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes resolvers for one or more addresses."""
    made = []

    def resolver(*addresses: str, random: Random | None = None, **given: Any) -> RemoteResolver:
        options = Options(address=addresses[0], deadline=given.pop("deadline", DEADLINE), **given)
        clock = SystemClock()
        places = tuple(
            Whereabouts(address, clock) for each in addresses for address in addresses_of(each, {})
        )
        snapshot = kept_snapshot()
        made.append(RemoteResolver(options, places, clock, random or Soon(), None, lambda: snapshot))
        return made[-1]

    yield resolver
    for each in made:
        each.close()


def timed(asker: Asker, resolver: RemoteResolver, flag_key: str, deadline: float = DEADLINE) -> Resolution:
    """Ask for a text flag; it must not take longer than the deadline."""
    began = time.monotonic()
    resolution = asker.ask(resolver, {}, flag_key, "string")
    elapsed = time.monotonic() - began
    assert elapsed < deadline + SCHEDULING, f"{flag_key} took {elapsed:.3f} s"
    return resolution
