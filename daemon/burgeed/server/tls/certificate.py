"""One certificate as it was read, and the context that serves it."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass, field

from burgee.instant import instant_text
from burgeed.server.tls.context import server_context
from burgeed.server.tls.files import CertificateFiles, CertificateUnusable, read_pem

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate.

    Attributes:
        context: for new connections.
        subject, issuer: by RFC 4514.
        names: DNS names and addresses that it is for, in lower case; a name may begin with ``*.``.
        not_before, not_after: between which it is good, in Unix seconds.
        fingerprint: SHA-256 of it, in hexadecimal.
        digest: of all files together; tells whether they were replaced by the same.
    """

    context: ssl.SSLContext = field(repr=False)
    subject: str
    issuer: str
    names: frozenset[str]
    not_before: float
    not_after: float
    fingerprint: str
    digest: bytes = field(repr=False)

    def covers(self, host: str) -> bool:
        """Whether it is for a name or an address (IPv6 in brackets), by RFC 9525 section 6.3."""
        name = host.strip("[]").lower().removesuffix(".")
        _, dot, parent = name.partition(".")
        return name in self.names or bool(dot and f"*.{parent}" in self.names)

    def unfit(self, now: float) -> str | None:
        """Why clients refuse it at that time, in Unix seconds; None where they do not."""
        if now >= self.not_after:
            return f"the certificate ended on {instant_text(self.not_after)}: take a new one"
        if now < self.not_before:
            begins = instant_text(self.not_before)
            return f"the certificate is good only from {begins} on: is this machine's clock right?"
        return None

    def days_left(self, now: float) -> float:
        """Until it ends; negative once it has."""
        return (self.not_after - now) / DAY


def read_certificate(files: CertificateFiles) -> Certificate:
    """Read the files, and see that they fit together. Raises CertificateUnusable."""
    content = read_pem(files.certificate, secret=files.key is None)
    key = content if files.key is None else read_pem(files.key, secret=True)
    client_ca = None if files.client_ca is None else read_pem(files.client_ca)
    if b"PRIVATE KEY-----" not in key:
        raise CertificateUnusable(
            f"{files.key_path} holds no private key in PEM"
            + (": name its file with --tls-key" if files.key is None else "")
        )
    try:
        context = server_context(content, key, client_ca)
    except CertificateUnusable as error:
        places = [str(path) for path in (files.certificate, files.key, files.client_ca) if path is not None]
        raise CertificateUnusable(f"{', '.join(places)}: {error}") from error
    digests = [hashlib.sha256(each).digest() for each in (content, key, client_ca or b"")]
    return _described(files, content, context, hashlib.sha256(b"".join(digests)).digest())


def _described(
    files: CertificateFiles, content: bytes, context: ssl.SSLContext, digest: bytes
) -> Certificate:
    # Imports that only who speaks TLS has to wait for.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        first = x509.load_pem_x509_certificates(content)[0]
        try:
            alternatives = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names = {name.lower() for name in alternatives.get_values_for_type(x509.DNSName)}
            names |= {str(address) for address in alternatives.get_values_for_type(x509.IPAddress)}
        except x509.ExtensionNotFound:
            names = set()
        return Certificate(
            context,
            first.subject.rfc4514_string(),
            first.issuer.rfc4514_string(),
            frozenset(names),
            first.not_valid_before_utc.timestamp(),
            first.not_valid_after_utc.timestamp(),
            first.fingerprint(hashes.SHA256()).hex(),
            digest,
        )
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise CertificateUnusable(
            f"{files.certificate} holds a certificate that cannot be read: {error}"
        ) from error
