"""Commands that ask a daemon over TLS: whom they trust, what they show, and what they say where it fails."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from burgeed.cli.tls_files import TlsFiles
from tests.daemon.cli.running import Ended
from tests.support.certificates import Authority
from tests.support.fake_daemon import FakeDaemon, cut, http, raw, running

Burgee = Callable[..., Ended]

READY = raw(http(200, b'{"status": "ok"}'))

KILL = ("kill", "legacy-export", "off", "--reason", "test", "--yes")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def daemon(authority: Authority) -> Iterator[FakeDaemon]:
    issued = authority.issue("daemon")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(issued.certificate_path, issued.key_path)
    with running(FakeDaemon(tls=tls, evaluation=READY)) as fake:
        yield fake


def test_the_daemon_is_asked_by_an_authority_of_an_option_or_of_the_environment(
    daemon: FakeDaemon, authority: Authority, burgee: Burgee, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (daemon.address, daemon.address.replace("127.0.0.1", "localhost")):
        assert burgee("ready", "--address", address, "--ca", authority.certificate_path).returncode == 0
    monkeypatch.setenv("BURGEE_CA", str(authority.certificate_path))
    monkeypatch.setenv("BURGEE_ADDRESS", daemon.address)
    assert burgee("ready").returncode == 0
    assert [request.target for request in daemon.requests] == ["/readyz"] * 3


def test_a_daemon_that_is_not_proved_is_not_asked(
    daemon: FakeDaemon, authority: Authority, burgee: Burgee
) -> None:
    ended = burgee("ready", "--address", daemon.address)
    assert ended.returncode == 3
    assert f"no daemon at {daemon.address} (its certificate is of an authority that is not" in ended.stderr
    with running(FakeDaemon(tls=_context(authority, "elsewhere", ips=["127.0.0.2"]))) as elsewhere:
        ended = burgee("ready", "--address", elsewhere.address, "--ca", authority.certificate_path)
        assert ended.returncode == 3 and "its certificate is not for '127.0.0.1'" in ended.stderr
        assert elsewhere.requests == daemon.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_is_shown_to_a_daemon_that_wants_one(
    daemon: FakeDaemon, authority: Authority, burgee: Burgee, version: ssl.TLSVersion
) -> None:
    assert daemon.tls is not None
    daemon.tls.load_verify_locations(authority.certificate_path)
    daemon.tls.verify_mode = ssl.CERT_REQUIRED
    daemon.tls.maximum_version = version
    asked = ("--address", daemon.address, "--ca", authority.certificate_path)
    refused = burgee(*KILL, *asked)
    assert refused.returncode == 3 and "give one as certificate (BURGEE_CERTIFICATE)" in refused.stderr
    # The daemon heard nothing of it: that is known.
    assert "is not known" not in refused.stderr
    client = authority.issue("client")
    shown = ("--certificate", client.certificate_path, "--certificate-key", client.key_path)
    assert burgee("ready", *asked, *shown).returncode == 0
    assert burgee("ready", *asked, "--certificate", client.in_one_file()).returncode == 0


def test_an_answer_that_is_cut_off_is_none_and_what_was_written_is_not_known(
    daemon: FakeDaemon, authority: Authority, burgee: Burgee
) -> None:
    daemon.evaluation = cut(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}")
    ended = burgee(*KILL, "--address", daemon.address, "--ca", authority.certificate_path)
    assert ended.returncode == 3 and "whether it was written is not known" in ended.stderr


def test_a_port_without_tls_and_one_that_is_silent_are_told_in_time(burgee: Burgee) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, running(FakeDaemon()) as plain:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        ended = burgee("ready", "--address", address, "--deadline", "0.3")
        assert time.monotonic() - began < 3
        assert ended.returncode == 3 and "timed out" in ended.stderr
        ended = burgee("ready", "--address", plain.address.replace("http", "https"))
        assert ended.returncode == 3 and "TLS port" in ended.stderr


def test_files_that_cannot_be_used_are_named(
    daemon: FakeDaemon, authority: Authority, burgee: Burgee, tmp_path: Path
) -> None:
    (tmp_path / "none.pem").write_text("none")
    client = authority.issue("client")
    client.key_path.chmod(0o644)
    asked = ("ready", "--address", daemon.address)
    trusted = (*asked, "--ca", authority.certificate_path)
    for arguments, says in (
        ((*asked, "--ca", tmp_path / "absent.pem"), "absent.pem cannot be read: No such file"),
        ((*asked, "--ca", tmp_path / "none.pem"), "none.pem holds no certificate in PEM"),
        ((*trusted, "--certificate", client.certificate_path), "hold no certificate and its key"),
        (
            (*trusted, "--certificate", client.certificate_path, "--certificate-key", client.key_path),
            "is open to every user: chmod 600 it",
        ),
    ):
        ended = burgee(*arguments)
        assert ended.returncode == 3 and says in ended.stderr
    ended = burgee(*trusted, "--certificate-key", client.key_path)
    assert ended.returncode == 2 and "name that with --certificate" in ended.stderr
    assert not daemon.requests


def test_the_way_back_that_is_told_names_the_files_of_the_command_line_alone() -> None:
    files = TlsFiles(Path("/etc/a b/ca.pem"), Path("/c.pem"))
    assert files.options({"BURGEE_CERTIFICATE": "/c.pem"}) == " --ca '/etc/a b/ca.pem'"
    assert files.options({}) == " --ca '/etc/a b/ca.pem' --certificate /c.pem"


def _context(authority: Authority, name: str, *, ips: list[str]) -> ssl.SSLContext:
    issued = authority.issue(name, hosts=[], ips=ips)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate_path, issued.key_path)
    return context
