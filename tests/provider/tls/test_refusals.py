"""What is said where the two do not agree on TLS: what is wrong, and what to do."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from openfeature.exception import ErrorCode

from tests.provider.conftest import Caller
from tests.provider.tls.conftest import MakeProvider, server_context
from tests.support.certificates import Authority, Issued
from tests.support.fake_daemon import FakeDaemon, http, raw, running

BLOCKING = Caller("blocking")
"""For what no driver has a part in."""


@pytest.fixture(scope="module")
def stranger() -> Authority:
    """An authority that nobody trusts."""
    return Authority(name="stranger")


@pytest.fixture
def serve() -> Iterator[Any]:
    """Runs daemons on TLS contexts, or on None."""
    with ExitStack() as stack:
        yield lambda tls: stack.enter_context(running(FakeDaemon(tls=tls))).address


def said(caller: Caller, provider: Any, code: ErrorCode = ErrorCode.PROVIDER_NOT_READY) -> str:
    details = caller.resolve(provider)
    assert (details.value, details.error_code) == (False, code), details
    return str(details.error_message)


def test_a_certificate_of_another_authority_is_refused(
    stranger: Authority, serve: Any, provider_of: MakeProvider, caller: Caller
) -> None:
    address = serve(server_context(stranger.issue("daemon")))
    assert "of an authority that is not trusted here" in said(caller, provider_of(address))
    systems = said(caller, provider_of(address, ca=None))
    assert "name the authority's certificate as ca (BURGEE_CA)" in systems
    assert systems.startswith(f"{address}: ")


@pytest.mark.parametrize(
    ("hosts", "ips", "asked"),
    [
        (["other.example"], [], "127.0.0.1"),
        ([], ["127.0.0.2"], "127.0.0.1"),
        (["127.0.0.1"], [], "127.0.0.1"),
        ([], ["127.0.0.1"], "localhost"),
    ],
    ids=["name-for-address", "another-address", "address-as-a-name", "address-for-name"],
)
def test_a_certificate_for_another_name_is_refused(
    authority: Authority,
    serve: Any,
    provider_of: MakeProvider,
    hosts: list[str],
    ips: list[str],
    asked: str,
) -> None:
    address = serve(server_context(authority.issue("elsewhere", hosts=hosts, ips=ips)))
    provider = provider_of(address.replace("127.0.0.1", asked))
    assert f"its certificate is not for '{asked}': ask by a name that is in it" in said(BLOCKING, provider)


@pytest.mark.parametrize(
    ("days", "says"), [(-1, "has expired"), (400, "is not valid yet")], ids=["expired", "not-yet"]
)
def test_a_certificate_out_of_its_time_is_refused(
    authority: Authority, serve: Any, provider_of: MakeProvider, days: int, says: str
) -> None:
    address = serve(server_context(authority.issue("untimely", days=days)))
    assert f"its certificate {says}" in said(BLOCKING, provider_of(address))


def test_who_trusts_the_daemons_very_certificate_needs_no_authority(
    stranger: Authority, serve: Any, provider_of: MakeProvider
) -> None:
    pinned = stranger.issue("pinned")
    address = serve(server_context(pinned))
    assert BLOCKING.resolve(provider_of(address, ca=pinned.certificate_path)).value is True


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_daemon_that_wants_a_certificate_says_so_until_it_gets_the_right_one(
    authority: Authority,
    stranger: Authority,
    issued: Issued,
    serve: Any,
    provider_of: MakeProvider,
    caller: Caller,
    version: ssl.TLSVersion,
) -> None:
    tls = server_context(issued, authority.certificate_path)
    tls.minimum_version = tls.maximum_version = version
    address = serve(tls)
    without = said(caller, provider_of(address))
    assert "a client's certificate" in without
    assert "give one as certificate (BURGEE_CERTIFICATE)" in without
    wrong = stranger.issue("client").in_one_file()
    refused = said(caller, provider_of(address, certificate=wrong))
    assert "it does not trust the authority of this client's certificate" in refused
    right = authority.issue("client")
    shown = {"certificate": right.certificate_path, "certificate_key": right.key_path}
    assert caller.resolve(provider_of(address, **shown)).value is True
    old = authority.issue("old", days=-1).in_one_file()
    assert "this client's certificate has expired" in said(caller, provider_of(address, certificate=old))


def test_a_daemon_that_ends_the_connection_without_a_word_may_want_a_certificate(
    daemon: FakeDaemon, provider_of: MakeProvider, caller: Caller
) -> None:
    daemon.evaluation = lambda exchange: exchange.close()
    assert "it may want a client's certificate" in said(caller, provider_of(daemon.address))


def test_a_port_without_tls_is_told_for_what_it_is(
    serve: Any, provider_of: MakeProvider, caller: Caller
) -> None:
    address = serve(None).replace("http:", "https:")
    assert "is that a TLS port?" in said(caller, provider_of(address))


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.6\r\n", http(400, b"")], ids=["ssh", "http"])
def test_a_port_that_speaks_something_else_is_told_for_what_it_is(
    provider_of: MakeProvider, greeting: bytes
) -> None:
    class Greeting(FakeDaemon):
        def _serve(self, peer: Any) -> None:
            peer.sendall(greeting)
            super()._serve(peer)

    with running(Greeting()) as plain:
        address = plain.address.replace("http:", "https:")
        assert "that is no TLS port" in said(BLOCKING, provider_of(address))


def test_a_tls_port_that_is_asked_without_tls_is_told_for_what_it_is(provider_of: MakeProvider) -> None:
    with running(FakeDaemon(evaluation=raw(b"\x15\x03\x03\x00\x02\x02\x0a"))) as plain:
        message = said(BLOCKING, provider_of(plain.address, ca=None), ErrorCode.PARSE_ERROR)
    assert message == f"{plain.address}: that is a TLS port: write https://"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda files: files["ca"].unlink(), r"the ca file .*ca.pem cannot be read: No such file"),
        (lambda files: files["ca"].write_text("none"), r"the ca file .*ca.pem holds no certificate in PEM"),
        (lambda files: files["certificate"].unlink(), r"the certificate .*client.pem cannot be read"),
        (
            lambda files: files["certificate_key"].unlink(),
            r"the key .*client.key cannot be read: No such file",
        ),
        (lambda files: files["certificate_key"].chmod(0o604), r"open to every user: chmod o= .*client.key"),
        (
            lambda files: files["certificate_key"].write_text("none"),
            r"hold no certificate and its key in PEM",
        ),
        (lambda files: _give_another_key(files), r"the key .* is not the one of the certificate"),
        (lambda files: _encrypt(files["certificate_key"]), r"the key .* is encrypted: store it without"),
    ],
    ids=[
        "no-ca",
        "ca-is-none",
        "no-certificate",
        "no-key",
        "open-key",
        "key-is-none",
        "other-key",
        "encrypted",
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    daemon: FakeDaemon, provider_of: MakeProvider, tmp_path: Path, spoil: Any, says: str
) -> None:
    client = Authority(tmp_path, "ca").issue("client")
    files = {
        "ca": tmp_path / "ca.pem",
        "certificate": client.certificate_path,
        "certificate_key": client.key_path,
    }
    spoil(files)
    message = said(BLOCKING, provider_of(daemon.address, **files))
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(message)
    assert daemon.accepted == 0


def _give_another_key(files: dict[str, Path]) -> None:
    other = Authority(files["ca"].parent, "other").issue("other")
    files["certificate_key"].write_bytes(other.key_path.read_bytes())


def _encrypt(path: Path) -> None:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
