"""An authority and certificates of it, made once: a key takes longer than a handshake."""

from __future__ import annotations

import pytest
from tests.support.certificates import Authority, Issued


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def stranger() -> Authority:
    """Nobody trusts it."""
    return Authority(name="a stranger")


@pytest.fixture(scope="session")
def server_certificate(authority: Authority) -> Issued:
    return authority.issue("server", hosts=("localhost", "flags.test", "*.wild.test"))


@pytest.fixture(scope="session")
def ann(authority: Authority) -> Issued:
    """A client's."""
    return authority.issue("ann", organization="acme", hosts=(), ips=())
