"""Files that change while the application runs: the next connection goes by what they say then."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from openfeature.contrib.provider.burgee.tls_files import TlsFiles
from openfeature.contrib.provider.burgee.transports.tls_failure import TlsFailure
from openfeature.contrib.provider.burgee.transports.tls_terms import FollowedTerms

from tests.provider.conftest import Caller
from tests.provider.tls.conftest import MakeProvider, server_context
from tests.support.certificates import Authority, Issued
from tests.support.fake_daemon import FakeDaemon, running


def test_another_authority_is_trusted_from_the_next_connection_on(
    authority: Authority, provider_of: MakeProvider, caller: Caller, tmp_path: Path
) -> None:
    successor = Authority(tmp_path, "successor")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.certificate_path.read_bytes())
    with running(FakeDaemon(tls=server_context(authority.issue("old")))) as daemon:
        provider = provider_of(daemon.address, ca=ca)
        assert caller.resolve(provider).value is True
        daemon.tls = server_context(successor.issue("new"))
        daemon.cut_connections()
        assert caller.resolve(provider).reason == "STALE"
        ca.write_bytes(successor.certificate_path.read_bytes())
        assert caller.resolve(provider).reason == "STATIC"


def test_another_certificate_is_shown_from_the_next_connection_on(
    authority: Authority, issued: Issued, provider_of: MakeProvider, caller: Caller, tmp_path: Path
) -> None:
    client = Authority(tmp_path, "client authority")
    with running(FakeDaemon(tls=server_context(issued, client.certificate_path))) as daemon:
        shown = client.issue("client", days=-1)
        provider = provider_of(
            daemon.address, certificate=shown.certificate_path, certificate_key=shown.key_path
        )
        assert "has expired" in str(caller.resolve(provider).error_message)
        client.issue("client")
        assert caller.resolve(provider).value is True


def test_files_that_turn_bad_are_told_once_and_what_was_read_before_holds_until_they_are_good(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.certificate_path.read_bytes())
    followed = FollowedTerms(TlsFiles(str(ca)))
    first = followed.current().result(10)
    assert followed.current().result(10) is first
    ca.write_text("half of a certificate")
    with caplog.at_level(logging.WARNING):
        assert [followed.current().result(10) for _ in range(2)] == [first, first]
    assert len(caplog.records) == 1
    assert f"the ca file {ca} holds no certificate in PEM" in caplog.text
    assert "what was read before is used on" in caplog.text
    ca.write_bytes(authority.certificate_path.read_bytes())
    assert followed.current().result(10) is not first


def test_files_that_come_late_are_found(authority: Authority, tmp_path: Path) -> None:
    followed = FollowedTerms(TlsFiles(str(tmp_path / "ca.pem")))
    with pytest.raises(TlsFailure, match="cannot be read"):
        followed.current().result(10)
    (tmp_path / "ca.pem").write_bytes(authority.certificate_path.read_bytes())
    assert followed.current().result(10).certified is False
