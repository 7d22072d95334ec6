"""The certificate's files: what is taken, what is refused and how that is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from tests.support.certificates import Authority, Issued

from burgeed.server.tls.certificate import read_certificate
from burgeed.server.tls.files import LARGEST, CertificateFiles, CertificateUnusable

Spoil = Callable[[Issued, Issued], CertificateFiles]


def both(issued: Issued) -> CertificateFiles:
    return CertificateFiles(issued.certificate_path, issued.key_path)


def test_certificate_and_key_may_stand_in_one_file(server_certificate: Issued) -> None:
    path = server_certificate.in_one_file()
    one, two = read_certificate(CertificateFiles(path)), read_certificate(both(server_certificate))
    assert one.fingerprint == two.fingerprint and one.not_after == server_certificate.not_after.timestamp()


def test_the_key_of_a_group_is_taken_as_kubernetes_gives_it(server_certificate: Issued) -> None:
    server_certificate.key_path.chmod(0o440)
    assert read_certificate(both(server_certificate)).names == {
        "localhost",
        "flags.test",
        "*.wild.test",
        "127.0.0.1",
    }
    server_certificate.key_path.chmod(0o600)


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("localhost", True),
        ("Flags.Test", True),
        ("flags.test.", True),
        ("127.0.0.1", True),
        ("[::1]", False),
        ("a.wild.test", True),
        ("wild.test", False),
        ("a.b.wild.test", False),
        ("*.wild.test", True),
        ("test", False),
        ("", False),
    ],
)
def test_a_name_is_covered_as_clients_see_it(server_certificate: Issued, host: str, covered: bool) -> None:
    assert read_certificate(both(server_certificate)).covers(host) is covered


def _open_to_all(issued: Issued, other: Issued) -> CertificateFiles:
    issued.key_path.chmod(0o604)
    return both(issued)


def _encrypted(issued: Issued, other: Issued) -> CertificateFiles:
    key = serialization.load_pem_private_key(issued.key_path.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"a passphrase")
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    issued.key_path.write_bytes(key.private_bytes(*form, secret))
    return both(issued)


def _pipe(issued: Issued, other: Issued) -> CertificateFiles:
    issued.certificate_path.unlink()
    os.mkfifo(issued.certificate_path)
    return both(issued)


def _huge(issued: Issued, other: Issued) -> CertificateFiles:
    issued.certificate_path.write_bytes(bytes(LARGEST + 1))
    return both(issued)


def _gone(issued: Issued, other: Issued) -> CertificateFiles:
    issued.key_path.unlink()
    return both(issued)


def _garbled(issued: Issued, other: Issued) -> CertificateFiles:
    issued.certificate_path.write_bytes(issued.certificate_path.read_bytes()[:300])
    return both(issued)


def _without_key(issued: Issued, other: Issued) -> CertificateFiles:
    return CertificateFiles(issued.certificate_path)


def _foreign_key(issued: Issued, other: Issued) -> CertificateFiles:
    return CertificateFiles(issued.certificate_path, other.key_path)


def _authorities_that_are_none(issued: Issued, other: Issued) -> CertificateFiles:
    return CertificateFiles(issued.certificate_path, issued.key_path, client_ca=issued.key_path)


def _a_server_as_authority(issued: Issued, other: Issued) -> CertificateFiles:
    return CertificateFiles(issued.certificate_path, issued.key_path, client_ca=other.certificate_path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_open_to_all, r"server\.key .* open to every user .* \(mode 0604\): chmod 600"),
        (_encrypted, r"server\.key: the key is encrypted: write it without a passphrase"),
        (_pipe, r"server\.pem is no regular file"),
        (_huge, r"server\.pem is over 1048576 bytes"),
        (_gone, r"server\.key cannot be read: No such file or directory; put it there"),
        (_garbled, r"server\.pem.*: OpenSSL does not take certificate and key"),
        (_without_key, r"server\.pem holds no private key in PEM: name its file with --tls-key"),
        (_foreign_key, r"the key is not that of the first certificate: the server's own has to stand first"),
        (_authorities_that_are_none, r"the clients' authorities are no certificates in PEM"),
        (_a_server_as_authority, r"among the clients' authorities is none that may issue certificates"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place_and_a_remedy(
    authority: Authority, tmp_path: Path, spoil: Spoil, said: str
) -> None:
    own = authority.beside(tmp_path / "issued")
    issued, other = own.issue("server"), own.issue("other")
    with pytest.raises(CertificateUnusable, match=said) as raised:
        read_certificate(spoil(issued, other))
    assert str(tmp_path) in str(raised.value) and "BEGIN" not in str(raised.value)
