"""A provider's life over TLS: as over TCP, and its failures say what is wrong with TLS."""

from __future__ import annotations

from typing import Any

import pytest
from openfeature import api
from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.exception import ProviderNotReadyError

from tests.provider.conftest import eventually
from tests.provider.tls.conftest import MakeProvider, server_context
from tests.support.certificates import Authority, Issued
from tests.support.fake_daemon import FakeDaemon


def test_a_provider_becomes_ready_stale_and_ready_again(
    daemon: FakeDaemon, provider_of: MakeProvider, openfeature_api: Any
) -> None:
    told: list[tuple[ProviderEvent, str]] = []
    provider = provider_of(daemon.address)
    api.set_provider_and_wait(provider)
    client = api.get_client()
    for event in (ProviderEvent.PROVIDER_STALE, ProviderEvent.PROVIDER_READY):

        def hear(details: ProviderEventDetails, event: ProviderEvent = event) -> None:
            told.append((event, str(details.message)))

        client.add_handler(event, hear)
    assert client.get_boolean_value("flag", False) is True
    daemon.stop()
    eventually(lambda: [event for event, _ in told if event is ProviderEvent.PROVIDER_STALE], 20)
    assert client.get_boolean_details("flag", False).reason == "STALE"
    daemon.start()
    eventually(lambda: told[-1][0] is ProviderEvent.PROVIDER_READY, 20)
    assert client.get_boolean_details("flag", False).reason != "STALE"


def test_a_start_that_fails_says_what_is_wrong_and_ends_well_once_it_is_mended(
    authority: Authority, issued: Issued, daemon: FakeDaemon, provider_of: MakeProvider
) -> None:
    daemon.tls = server_context(issued, authority.certificate_path)
    shown = authority.issue("late")
    shown.certificate_path.rename(shown.certificate_path.with_suffix(".hidden"))
    provider = provider_of(
        daemon.address,
        certificate=shown.certificate_path,
        certificate_key=shown.key_path,
        initialize_deadline=0.3,
    )
    with pytest.raises(ProviderNotReadyError, match=r"the certificate .*late.pem cannot be read"):
        provider.initialize(None)  # type: ignore[arg-type]
    shown.certificate_path.with_suffix(".hidden").rename(shown.certificate_path)
    eventually(lambda: str(provider._lifecycle._subscription.status) == "READY", 20)  # type: ignore[union-attr]
