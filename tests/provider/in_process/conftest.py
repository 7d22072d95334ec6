"""A scriptable daemon that shares its files, and a provider that evaluates them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider

from burgee.generation import Generation
from burgee.wire.sync import GenerationEvent
from tests.support.fake_daemon import FakeDaemon, running
from tests.support.runtime_directory import RuntimeDirectory, snapshot_bytes

FLAGS: dict[str, Any] = {
    "metadata": {"flagSetId": "shop", "version": "7"},
    "flags": {
        "flag": {"defaultVariant": "off", "rules": [{"when": {"plan": "pro"}, "serve": "on"}]},
        "text": {"variants": {"a": "alpha", "b": "beta"}, "defaultVariant": "a"},
        "whole": {"variants": {"ten": 10, "eleven": 11}, "defaultVariant": "ten"},
        "fraction": {"variants": {"half": 0.5, "one": 1.0}, "defaultVariant": "half"},
        "large": {"variants": {"x": 9007199254740993}, "defaultVariant": "x"},
        "layout": {"variants": {"a": {"columns": [1, {"wide": True}]}}, "defaultVariant": "a"},
        "resting": {"state": "DISABLED", "defaultVariant": "on"},
        "divided": {"defaultVariant": "off", "rules": [{"split": {"on": 50, "off": 50}}]},
    },
    "overrides": {"customer": {"c-1": {"fraction": "one"}}},
}


def flags(**defaults: str) -> dict[str, Any]:
    """The same with other default variants."""
    changed = {key: {**flag, "defaultVariant": defaults.get(key, flag["defaultVariant"])}
               for key, flag in FLAGS["flags"].items()}  # fmt: skip
    return {**FLAGS, "flags": changed}


class SharingDaemon(FakeDaemon):
    """A daemon on a Unix socket that shares its files beside it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder / "burgee.sock"))
        self.shared = RuntimeDirectory(folder)

    def serve(self, document: Mapping[str, Any], *, needs_daemon: frozenset[str] = frozenset()) -> Generation:
        """Publish a definition in both ways, the files first."""
        generation = self.shared.publish(document, needs_daemon=needs_daemon)
        self.publish(GenerationEvent(*generation, str(generation), None, "change"))
        return generation


@pytest.fixture(autouse=True)
def _patient(patience: None) -> None:
    """Their daemons answer; how soon is not the question."""


@pytest.fixture
def sharing(tmp_path: Path) -> Iterator[SharingDaemon]:
    """Such a daemon, serving :data:`FLAGS`."""
    with running(SharingDaemon(tmp_path / "run")) as daemon:
        assert isinstance(daemon, SharingDaemon)
        daemon.serve(FLAGS)
        yield daemon


@pytest.fixture
def local(sharing: SharingDaemon) -> Iterator[BurgeeProvider]:
    """An in-process provider beside it, not initialized, that saw the heart beat."""
    provider = BurgeeProvider(sharing.address, resolver="in-process")
    provider.resolve_boolean_details("flag", False)
    sharing.shared.beat()
    settle(provider)
    yield provider
    provider.shutdown()


def settle(provider: BurgeeProvider) -> None:
    """Have the next call look at everything."""
    provider._resolver.daemon_is_back()


def the_bytes(document: Mapping[str, Any], number: int) -> bytes:
    """A snapshot to download."""
    return snapshot_bytes(document, number)
