"""What the server demands of TLS.

TLS 1.2 at least, and there only what has forward secrecy and authenticated encryption; HTTP/1.1 by ALPN
(RFC 7301); no compression (CRIME) and no renegotiation. Where clients show certificates, no ticket lets them
come back without: a session would outlive what allowed it.
"""

from __future__ import annotations

import ssl
from typing import Final

from burgeed.server.tls.files import CertificateUnusable, in_memory
from burgeed.server.tls.handshake import TellingContext

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; those of TLS 1.3 all are as good."""

_REVOCATION_LIST: Final = b"-----BEGIN X509 CRL-----"


class _Encrypted(Exception):
    pass


def server_context(certificate: bytes, key: bytes, client_ca: bytes | None) -> ssl.SSLContext:
    """A context for connections of clients.

    Args:
        certificate, key: PEM.
        client_ca: PEM; with it every client has to show a certificate of one of these authorities, and none
            that is on a revocation list among them, nor of an authority that is.

    Raises:
        CertificateUnusable: they do not fit together; without the files' names.
    """
    context = TellingContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    _load(context, certificate, key)
    if client_ca is not None:
        _ask_for_certificates(context, client_ca)
    return context


def _load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    with in_memory(certificate) as certificate_path, in_memory(key) as key_path:
        try:
            context.load_cert_chain(certificate_path, key_path, password=_ask_nobody)
        except _Encrypted:
            raise CertificateUnusable(
                "the key is encrypted: write it without a passphrase, readable by the daemon's user alone"
            ) from None
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                why = "the key is not that of the first certificate: the server's own has to stand first"
            else:
                why = f"OpenSSL does not take certificate and key: {error.reason or error}"
            raise CertificateUnusable(why) from error


def _ask_for_certificates(context: ssl.SSLContext, client_ca: bytes) -> None:
    with in_memory(client_ca) as path:
        try:
            context.load_verify_locations(path)
        except ssl.SSLError as error:
            raise CertificateUnusable(
                f"the clients' authorities are no certificates in PEM: {error.reason or error}"
            ) from error
    if not context.get_ca_certs():
        raise CertificateUnusable("among the clients' authorities is none that may issue certificates")
    context.verify_mode = ssl.CERT_REQUIRED
    if _REVOCATION_LIST in client_ca:
        # Of authorities in between as well: whoever stole the key of one that was revoked makes certificates.
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET


def _ask_nobody() -> bytes:
    """In place of OpenSSL's question for a passphrase on the terminal."""
    raise _Encrypted
