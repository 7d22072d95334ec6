"""An authority of the tests' own and the certificates that it issues, as PEM files."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEAR = timedelta(days=365)

_temporary: list[tempfile.TemporaryDirectory[str]] = []
"""Directories that are removed with the process, since certificates outlive who issued them."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key.

    Attributes:
        certificate_path: PEM, the certificate first and then what leads up to the authority.
        key_path: PEM, PKCS #8, not encrypted, mode 0600.
        not_after: when it ends.
    """

    certificate_path: Path
    key_path: Path
    not_after: datetime

    def in_one_file(self) -> Path:
        """Both in one file beside them, mode 0600, made now."""
        path = self.certificate_path.with_suffix(".both.pem")
        _write(path, self.key_path.read_bytes() + self.certificate_path.read_bytes())
        return path


class Authority:
    """Issues certificates with keys on the curve P-256.

    Args:
        directory: where the files go; one that is removed with the process where none is given.
        name: its common name; two authorities in one directory need two.
        days: from now until it ends.

    Attributes:
        certificate_path: its own certificate, PEM: what who trusts it is given.
    """

    def __init__(
        self, directory: Path | None = None, name: str = "test authority", *, days: int = 30
    ) -> None:
        if directory is None:
            _temporary.append(tempfile.TemporaryDirectory(prefix="burgee-ca-"))
            directory = Path(_temporary[-1].name)
        self._directory = directory
        self._above: tuple[x509.Certificate, ...] = ()
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(name, "")
        self._certificate = _authority(subject, subject, self._key, self._key, days)
        self.certificate_path = self._path(name, "pem")
        _write(self.certificate_path, _pem(self._certificate))

    def subordinate(self, name: str) -> Authority:
        """An authority beneath this one, whose certificates bring its own along."""
        made = Authority(self._directory, name)
        made._certificate = _authority(
            _subject(name, ""), self._certificate.subject, made._key, self._key, 365
        )
        made._above = (made._certificate, *self._above)
        _write(made.certificate_path, _pem(made._certificate))
        return made

    def beside(self, directory: Path) -> Authority:
        """The same authority, whose files go to another directory, which is made."""
        directory.mkdir()
        same = copy.copy(self)
        same._directory = directory
        return same

    def revoke(self, *revoked: Issued | Authority) -> bytes:
        """A list of the certificates that are not good any more, PEM; good for a day."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - timedelta(hours=1))
            .next_update(now + timedelta(days=1))
        )
        for each in revoked:
            number = x509.load_pem_x509_certificate(each.certificate_path.read_bytes()).serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        name: str,
        *,
        hosts: Iterable[str] = ("localhost",),
        ips: Iterable[str] = ("127.0.0.1",),
        uris: Iterable[str] = (),
        organization: str = "",
        days: float = 90,
    ) -> Issued:
        """A certificate for a server and a client alike; its files are named by ``name`` and replaced whole.

        Args:
            name: the common name; empty makes a subject without one.
            days: from now until it ends; negative has ended.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
        names: list[x509.GeneralName] = [x509.DNSName(each) for each in hosts]
        names += [x509.IPAddress(ip_address(each)) for each in ips]
        names += [x509.UniformResourceIdentifier(each) for each in uris]
        builder = (
            _builder(_subject(name, organization), self._certificate.subject, key, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(_issuer_key(self._key), critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not name)
        certificate = builder.sign(self._key, hashes.SHA256())
        issued = Issued(self._path(name or "unnamed", "pem"), self._path(name or "unnamed", "key"), ends)
        _write(issued.key_path, _private(key))
        _write(issued.certificate_path, b"".join(map(_pem, (certificate, *self._above))))
        return issued

    def _path(self, name: str, kind: str) -> Path:
        return self._directory / f"{name.replace(' ', '-').replace('/', '-')}.{kind}"


def _subject(name: str, organization: str) -> x509.Name:
    parts = [(NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, name)]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    days: int,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(subject, issuer, key, datetime.now(UTC) + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_issuer_key(signer), critical=False)
        .sign(signer, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - YEAR)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _issuer_key(signer: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Write aside and rename, readable by this user alone."""
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(content)
    aside.chmod(0o600)
    os.replace(aside, path)
