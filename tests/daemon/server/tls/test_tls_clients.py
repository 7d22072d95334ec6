"""Mutual TLS: who is let in, who they are to the application, and for how long."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.daemon.server.serving import SetWall, eventually
from tests.daemon.server.tls.speaking import Secure, speaking, trusting
from tests.support.certificates import Authority, Issued

from burgeed.authority.principal import Principal, Scope
from burgeed.server.authorization import Authorization
from burgeed.server.route import Route

TOKEN = {"Authorization": "Bearer of-ann"}
TLS_1_2 = ssl.TLSVersion.TLSv1_2


class OneToken:
    """Knows one token, which has this scope."""

    is_open = True

    def __init__(self, scope: Scope) -> None:
        self._principal = Principal("ann's", "token", frozenset({scope}), token_id="t1", person="ann")

    def authenticate(self, text: bytes) -> Principal | None:
        return self._principal if text == b"of-ann" else None

    def independent(self, one: Principal, other: Principal) -> str | None:
        raise AssertionError


def afar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server take this machine's loopback for the network."""
    monkeypatch.setattr("burgeed.server.peer._is_loopback", lambda host: False)


async def who(secure: Secure, context: ssl.SSLContext) -> str:
    """Whom the daemon takes the client for, by its certificate."""
    reply = await secure.peer(context).send("GET", "/admin/v1/whoami", headers=TOKEN)
    assert reply.status == 200, reply.body
    return str(reply.json["certificate"])


@pytest.mark.parametrize("version", [None, TLS_1_2], ids=["TLS 1.3", "TLS 1.2"])
async def test_who_shows_a_certificate_of_the_authority_is_known_by_its_subject(
    tmp_path: Path, authority: Authority, server_certificate: Issued, ann: Issued, version: Any
) -> None:
    beneath = authority.subordinate("beneath").issue("", hosts=("a.test",), uris=("spiffe://acme/app",))
    limits = {} if version is None else {"maximum_version": version}
    authorization = Authorization(OneToken(Scope.EVALUATE))
    async with speaking(
        tmp_path,
        server_certificate,
        client_ca=authority.certificate_path,
        authorization=authorization,
    ) as secure:
        assert await who(secure, trusting(authority, ann, **limits)) == "CN=ann,O=acme"
        assert await who(secure, trusting(authority, beneath, **limits)) == "URI:spiffe://acme/app"
        assert secure.certificate.report()["mutual"] is True


async def test_who_shows_none_or_that_of_a_stranger_or_one_that_has_ended_is_told_so_by_an_alert(
    tmp_path: Path, authority: Authority, stranger: Authority, server_certificate: Issued
) -> None:
    wrong = {
        "CERTIFICATE_REQUIRED": None,
        "UNKNOWN_CA": stranger.issue("mallory"),
        "CERTIFICATE_EXPIRED": authority.issue("former", days=-1),
    }
    async with speaking(tmp_path, server_certificate, client_ca=authority.certificate_path) as secure:
        for said, shown in wrong.items():
            with pytest.raises(ssl.SSLError, match=said):
                await secure.peer(trusting(authority, shown)).evaluate("static")
        await eventually(lambda: secure.server.state.handshakes_failed == 3)
        assert secure.server.state.requests == 0


async def test_who_is_on_a_revocation_list_beside_the_authority_is_refused_once_it_is_there(
    tmp_path: Path, authority: Authority, server_certificate: Issued
) -> None:
    good, bad = authority.issue("good"), authority.issue("bad")
    trusted = tmp_path / "clients.pem"
    trusted.write_bytes(authority.certificate_path.read_bytes())
    async with speaking(tmp_path, server_certificate, client_ca=trusted) as secure:
        assert (await secure.peer(trusting(authority, bad)).evaluate("static")).status == 200
        trusted.write_bytes(authority.certificate_path.read_bytes() + authority.revoke(bad))
        before = secure.certificate.current
        secure.certificate.reload()
        await eventually(lambda: secure.certificate.current is not before)
        assert (await secure.peer(trusting(authority, good)).evaluate("static")).status == 200
        with pytest.raises(ssl.SSLError, match="CERTIFICATE_REVOKED"):
            await secure.peer(trusting(authority, bad)).evaluate("static")


async def test_who_has_a_certificate_of_an_authority_that_was_revoked_is_refused(
    tmp_path: Path, authority: Authority, server_certificate: Issued
) -> None:
    kept, stolen = authority.subordinate("kept"), authority.subordinate("stolen")
    trusted = tmp_path / "clients.pem"
    lists = authority.revoke(stolen) + kept.revoke() + stolen.revoke()
    trusted.write_bytes(authority.certificate_path.read_bytes() + lists)
    async with speaking(tmp_path, server_certificate, client_ca=trusted) as secure:
        assert (await secure.peer(trusting(authority, kept.issue("good"))).evaluate("static")).status == 200
        with pytest.raises(ssl.SSLError, match="CERTIFICATE_REVOKED"):
            await secure.peer(trusting(authority, stolen.issue("forged"))).evaluate("static")


async def test_from_afar_a_certificate_lets_evaluate_and_nothing_more(
    tmp_path: Path,
    authority: Authority,
    server_certificate: Issued,
    ann: Issued,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    afar(monkeypatch)
    denied: list[tuple[str, str]] = []

    def tell(request: web.Request, route: Route, principal: Principal, why: str) -> None:
        denied.append((principal.name, principal.certificate))

    authorization = Authorization(OneToken(Scope.AUDIT), on_denied=tell)
    async with speaking(
        tmp_path, server_certificate, client_ca=authority.certificate_path, authorization=authorization
    ) as secure:
        peer = secure.peer(trusting(authority, ann))
        assert (await peer.evaluate("static")).status == 200
        assert (await peer.evaluate_all(TOKEN)).status == 200
        for path in ("/sync/v1/snapshot", "/admin/v1/flags"):
            assert (await peer.send("GET", path)).status == 401
        status = (await peer.send("GET", "/status")).json
        assert status["detail"] == "reduced" and status["tls"]["subject"] == "CN=server"
    assert denied == [("anonymous", "CN=ann,O=acme")] * 2
    async with speaking(
        tmp_path, server_certificate, authorization=Authorization(OneToken(Scope.EVALUATE))
    ) as secure:
        assert (await secure.peer(trusting(authority)).evaluate("static")).status == 401


@pytest.mark.parametrize("version", [None, TLS_1_2], ids=["TLS 1.3", "TLS 1.2"])
async def test_a_connection_ends_with_the_clients_certificate_and_no_ticket_replaces_it(
    tmp_path: Path, authority: Authority, server_certificate: Issued, ann: Issued, version: Any
) -> None:
    limits = {} if version is None else {"maximum_version": version}
    clock = SetWall(ann.not_after.timestamp() - 0.6)
    async with speaking(
        tmp_path, server_certificate, client_ca=authority.certificate_path, clock=clock
    ) as secure:
        peer = secure.peer(trusting(authority, ann, **limits))
        async with await peer.open() as wire:
            wire.write(peer.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
            assert (await wire.reply()).status == 200
            session = wire.writer.get_extra_info("ssl_object").session
            assert not (session and session.has_ticket)
            assert await wire.closed(within=5)
        await eventually(lambda: secure.server.state.connections == 0)


async def test_nobody_waits_for_a_handshake_that_is_under_way_when_the_server_ends(
    tmp_path: Path, authority: Authority, server_certificate: Issued
) -> None:
    async with speaking(tmp_path, server_certificate, client_ca=authority.certificate_path) as secure:
        reader, writer = await asyncio.open_connection("127.0.0.1", secure.port)
        await eventually(lambda: len(asyncio.all_tasks()) > 3)
        await secure.server.listeners.stop_accepting()
        async with asyncio.timeout(5):
            assert await reader.read(1) == b""
        writer.close()
