"""Starting without the daemon where something else answers in its place."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.exception import ProviderNotReadyError
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from tests.provider.conftest import eventually
from tests.provider.lifecycle.telling import listen, names, status
from tests.support.fake_daemon import FakeDaemon, hang

pytestmark = pytest.mark.usefixtures("openfeature_api")


def with_fallback(address: str, ready: bool = True, **options: float) -> BurgeeProvider:
    """A provider that has something to answer from, or says that it has not."""
    provider = BurgeeProvider(address, **options)  # type: ignore[arg-type]
    provider._lifecycle._subscribe = partial(provider._lifecycle._subscribe, fallback=lambda: ready)
    return provider


def test_a_start_without_the_daemon_is_over_at_once_and_stale_right_after_ready(daemon: FakeDaemon) -> None:
    daemon.stop()
    told = listen()
    began = time.monotonic()
    api.set_provider_and_wait(with_fallback(daemon.address, initialize_deadline=30, grace=0.4))
    assert time.monotonic() - began < 10
    eventually(lambda: names(told)[:2] == ["READY", "STALE"])
    assert daemon.address in (told[1][2].message or "")
    eventually(lambda: status() is ProviderStatus.ERROR)
    daemon.start()
    eventually(lambda: status() is ProviderStatus.READY)
    eventually(lambda: names(told) == ["READY", "STALE", "ERROR", "READY"])


@pytest.mark.parametrize("resolver", ["remote", "in-process"])
def test_an_application_starts_from_its_bootstrap_file_and_goes_on_with_the_daemon(
    unix_daemon: FakeDaemon, tmp_path: Path, resolver: str
) -> None:
    bootstrap = tmp_path / "bootstrap.json"
    bootstrap.write_text('{"flags": {"f": {"variants": {"on": true}, "defaultVariant": "on"}}}')
    unix_daemon.stop()
    told = listen()
    provider = BurgeeProvider(
        unix_daemon.address, bootstrap=bootstrap, resolver=resolver, initialize_deadline=30
    )
    began = time.monotonic()
    api.set_provider_and_wait(provider)
    assert time.monotonic() - began < 10
    details = api.get_client().get_boolean_details("f", False)
    assert (details.value, details.reason) == (True, Reason.STALE)
    eventually(lambda: names(told) == ["READY", "STALE"])
    unix_daemon.start()
    eventually(lambda: names(told) == ["READY", "STALE", "READY"])


def test_a_daemon_that_hangs_is_waited_for_until_the_deadline(unix_daemon: FakeDaemon) -> None:
    unix_daemon.events = hang
    told = listen()
    began = time.monotonic()
    api.set_provider_and_wait(with_fallback(unix_daemon.address, initialize_deadline=0.4))
    assert 0.4 <= time.monotonic() - began < 6
    eventually(lambda: names(told) == ["READY", "STALE"])
    assert status() is ProviderStatus.STALE


def test_a_daemon_that_is_there_is_preferred(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider_and_wait(with_fallback(unix_daemon.address))
    eventually(lambda: told)
    assert (names(told), status()) == (["READY"], ProviderStatus.READY)


def test_without_anything_to_fall_back_on_the_deadline_is_waited_out(unix_daemon: FakeDaemon) -> None:
    unix_daemon.stop()
    began = time.monotonic()
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(with_fallback(unix_daemon.address, ready=False, initialize_deadline=0.4))
    assert time.monotonic() - began >= 0.4
    assert status() is ProviderStatus.ERROR
