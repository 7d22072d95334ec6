"""A server that speaks TLS, and a client that does so with what certificate a test likes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Peer, Serving, Wire, serving
from tests.support.certificates import Authority, Issued

from burgeed.clock import SystemClock
from burgeed.server.tls.files import CertificateFiles
from burgeed.server.tls.following import FollowedCertificate


def trusting(authority: Authority, shown: Issued | None = None, **limits: Any) -> ssl.SSLContext:
    """A client's context.

    Args:
        shown: the client's own certificate.
        limits: attributes to set, such as ``maximum_version``.
    """
    context = ssl.create_default_context(cafile=str(authority.certificate_path))
    context.set_alpn_protocols(["http/1.1"])
    if shown is not None:
        context.load_cert_chain(shown.certificate_path, shown.key_path)
    for name, value in limits.items():
        setattr(context, name, value)
    return context


@dataclass(frozen=True)
class SecurePeer(Peer):
    """A port of 127.0.0.1 under TLS."""

    context: ssl.SSLContext = field(kw_only=True)
    name: str = "localhost"

    @property
    def host(self) -> str:
        return f"{self.name}:{self.where}"

    async def open(self) -> Wire:
        opening = asyncio.open_connection(
            "127.0.0.1", self.where, ssl=self.context, server_hostname=self.name
        )
        async with asyncio.timeout(20):
            return Wire(*await opening)


@dataclass
class Secure:
    """A server under TLS.

    Attributes:
        server: for the Unix socket, the counters and the limits.
    """

    server: Serving
    certificate: FollowedCertificate

    @property
    def port(self) -> int:
        return int(self.server.listeners.addresses.http[0].rpartition(":")[2])

    def peer(self, context: ssl.SSLContext, name: str = "localhost") -> SecurePeer:
        return SecurePeer(self.port, context=context, name=name)


@asynccontextmanager
async def speaking(
    directory: Path,
    issued: Issued,
    *,
    client_ca: Path | None = None,
    clock: SystemClock | None = None,
    **options: Any,
) -> AsyncIterator[Secure]:
    """A server of the tests' definition with this certificate, which it follows."""
    files = CertificateFiles(issued.certificate_path, issued.key_path, client_ca)
    certificate = FollowedCertificate(files, clock or SystemClock())
    await certificate.open()
    async with serving(directory, DEFINITION, clock=clock, certificate=certificate, **options) as server:
        following = asyncio.create_task(certificate.follow())
        try:
            yield Secure(server, certificate)
        finally:
            following.cancel()
