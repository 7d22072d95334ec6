"""A scriptable daemon that speaks TLS, and providers that trust it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider

from tests.support.certificates import Authority, Issued
from tests.support.fake_daemon import FakeDaemon, running

PATIENCE = 20.0
"""Seconds for a call whose duration is not the question."""

MakeProvider = Callable[..., BurgeeProvider]


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Whom the providers trust."""
    return Authority()


@pytest.fixture(scope="session")
def issued(authority: Authority) -> Issued:
    """The daemon's certificate."""
    return authority.issue("daemon")


def server_context(issued: Issued, client_ca: Path | None = None) -> ssl.SSLContext:
    """What a daemon speaks TLS with; with authorities of clients' certificates it wants one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate_path, issued.key_path)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def daemon(issued: Issued) -> Iterator[FakeDaemon]:
    """One that shows its certificate and wants none."""
    with running(FakeDaemon(tls=server_context(issued))) as fake:
        yield fake


@pytest.fixture
def provider_of(authority: Authority) -> Iterator[MakeProvider]:
    """Makes providers that trust the authority, and shuts them down."""
    made: list[BurgeeProvider] = []

    def make(address: str, **options: Any) -> BurgeeProvider:
        provider = BurgeeProvider(
            address, **{"ca": authority.certificate_path, "deadline": PATIENCE, **options}
        )
        made.append(provider)
        return provider

    yield make
    for provider in made:
        provider.shutdown()
