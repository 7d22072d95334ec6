"""How the provider starts in the real SDK: with a daemon, without, and with one that says nothing of use."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.provider import ProviderStatus

from tests.provider.conftest import eventually
from tests.provider.lifecycle.telling import listen, names, status
from tests.support import fake_daemon
from tests.support.daemon import running_daemon
from tests.support.fake_daemon import FakeDaemon, Handler, hang, http, raw

pytestmark = pytest.mark.usefixtures("openfeature_api")


def test_a_provider_is_ready_as_soon_as_the_daemon_spoke(daemon: FakeDaemon) -> None:
    told = listen()
    began = time.monotonic()
    api.set_provider_and_wait(BurgeeProvider(daemon.address))
    assert time.monotonic() - began < 10
    assert status() is ProviderStatus.READY
    assert api.get_client().get_boolean_value("f", False) is True
    eventually(lambda: names(told) == ["READY"])


def test_initialize_raises_at_its_deadline_and_ready_follows_by_itself(daemon: FakeDaemon) -> None:
    told = listen()
    daemon.stop()
    provider = BurgeeProvider(daemon.address, initialize_deadline=0.2)
    began = time.monotonic()
    with pytest.raises(ProviderNotReadyError) as caught:
        api.set_provider_and_wait(provider)
    assert 0.2 <= time.monotonic() - began < 6
    assert caught.value.error_code is ErrorCode.PROVIDER_NOT_READY
    assert daemon.address in str(caught.value.error_message)
    assert status() is ProviderStatus.ERROR
    details = api.get_client().get_boolean_details("f", False)
    assert (details.value, details.error_code) == (False, ErrorCode.PROVIDER_NOT_READY)
    daemon.start()
    eventually(lambda: status() is ProviderStatus.READY)
    assert api.get_client().get_boolean_value("f", False) is True
    eventually(lambda: names(told) == ["ERROR", "READY"])


def test_a_provider_set_without_waiting_becomes_ready_too(unix_daemon: FakeDaemon) -> None:
    told = listen()
    api.set_provider(BurgeeProvider(unix_daemon.address))
    eventually(lambda: status() is ProviderStatus.READY)
    eventually(lambda: names(told) == ["READY"])


@pytest.mark.parametrize(
    ("events", "says"),
    [
        pytest.param(hang, "connected, and nothing is said there yet", id="hangs"),
        pytest.param(raw(http(503, b"{}")), "not ready yet", id="503"),
        pytest.param(
            raw(http(404, b"nginx")), "no event stream: HTTP 404: is this a Burgee daemon", id="404"
        ),
        pytest.param(raw(http(302, b"", {"Location": "http://x/"})), "redirected to http://x/", id="302"),
        pytest.param(
            raw(http(200, b"{}", {"Content-Type": "application/json"})), "no Burgee daemon", id="json"
        ),
        pytest.param(fake_daemon.cut(b"SSH-2.0-x\r\n"), "no Burgee daemon", id="ssh"),
        pytest.param(
            fake_daemon.cut(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: generation\ndata: []\n\n"
            ),
            "not an object",
            id="garbled-event",
        ),
        pytest.param(
            fake_daemon.cut(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: only comments\n\n"),
            "ended the event stream",
            id="comments",
        ),
    ],
)
def test_a_stream_that_says_nothing_of_use_makes_nothing_ready_and_is_explained(
    unix_daemon: FakeDaemon, events: Handler, says: str
) -> None:
    unix_daemon.events = events
    provider = BurgeeProvider(unix_daemon.address, initialize_deadline=0.2)
    with pytest.raises(ProviderNotReadyError) as caught:
        api.set_provider_and_wait(provider)
    assert re.search(says, str(caught.value.error_message))
    unix_daemon.events = fake_daemon.stream_events
    unix_daemon.cut_connections()
    eventually(lambda: status() is ProviderStatus.READY)


def beat(exchange: fake_daemon.Exchange) -> None:
    """Send heartbeats, as a daemon does that has not read its sources yet."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    while True:
        exchange.send(fake_daemon.HEARTBEAT)
        exchange.wait(0.05)


def test_heartbeats_alone_make_nothing_ready(unix_daemon: FakeDaemon) -> None:
    unix_daemon.events = beat
    with pytest.raises(ProviderNotReadyError) as caught:
        api.set_provider_and_wait(BurgeeProvider(unix_daemon.address, initialize_deadline=0.3))
    assert f"{unix_daemon.address}: it has not said yet what it serves" in str(caught.value.error_message)


def test_heartbeats_alone_of_a_daemon_that_is_back_are_told_as_what_they_are(
    unix_daemon: FakeDaemon,
) -> None:
    told = listen()
    api.set_provider_and_wait(BurgeeProvider(unix_daemon.address))
    unix_daemon.events = beat
    unix_daemon.cut_connections()
    eventually(lambda: names(told) == ["READY", "STALE"])
    assert "it has not said yet what it serves" in (told[1][2].message or "")


def test_a_daemon_that_has_not_read_its_sources_is_named_as_such(tmp_path: Path) -> None:
    with running_daemon(tmp_path, "--source", tmp_path / "missing.yaml") as unready:
        address = f"unix://{unready.socket}"
        with pytest.raises(ProviderNotReadyError) as caught:
            api.set_provider_and_wait(BurgeeProvider(address, initialize_deadline=3.5))
        message = str(caught.value.error_message)
        assert message == (
            f"not ready within 3.5 s; the daemon is tried on: {address}: it has not said yet what it serves; "
            "have its sources been read? `burgee ready` tells"
        )


def test_one_provider_for_several_domains_is_started_once(unix_daemon: FakeDaemon) -> None:
    provider = BurgeeProvider(unix_daemon.address)
    api.set_provider_and_wait(provider)
    api.set_provider_and_wait(provider, domain="a")
    api.set_provider_and_wait(provider, domain="b")
    assert status(api.get_client("b")) is ProviderStatus.READY
    assert unix_daemon.streams == 1
