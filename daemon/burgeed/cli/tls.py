"""TLS with a daemon that a command asks: its certificate is always verified, by authority and by name."""

from __future__ import annotations

import errno
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from burgee.wire import tls_failures
from burgeed.cli.deadline_socket import DeadlineSocket, DeadlineTlsSocket
from burgeed.cli.tls_files import TlsFiles


class TlsFailure(ConnectionError):
    """TLS was not agreed on, or was broken; ``strerror`` says why, and what to do.

    Attributes:
        unheard: the daemon heard nothing of what was asked.
    """

    def __init__(self, message: str, *, unheard: bool = True) -> None:
        super().__init__(errno.EPROTO, message)
        self.unheard = unheard


def secured(plug: DeadlineSocket, host: str, files: TlsFiles) -> DeadlineTlsSocket:
    """Shake hands over a socket that is connected, within its deadline; it is used up.

    Args:
        host: the name or numeric address that the daemon's certificate has to be for.

    Raises:
        OSError: the two do not agree, or not in time.
    """
    context = _context(files)
    context.sslsocket_class = DeadlineTlsSocket
    plug.limit()
    with explained(host, files, shaken=False):
        # That the daemon ended a connection counts only where it said so, as anybody on the way can end it.
        made = context.wrap_socket(plug, server_hostname=host, suppress_ragged_eofs=False)
    assert isinstance(made, DeadlineTlsSocket)
    made.until, made.monotonic = plug.until, plug.monotonic
    return made


@contextmanager
def explained(host: str, files: TlsFiles, *, shaken: bool = True) -> Iterator[None]:
    """Have what OpenSSL says of a failure said in a way that tells what to do.

    Args:
        host: that was asked.
        files: that were used.
        shaken: whether the handshake is over on this side.
    """
    certified = files.certificate is not None
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        said = tls_failures.certificate_refused(error.verify_code, error.verify_message, host)
        raise TlsFailure(said) from error
    except ssl.SSLEOFError as error:
        said = tls_failures.ended(certified=certified, shaken=shaken)
        raise TlsFailure(said, unheard=not shaken) from error
    except ssl.SSLError as error:
        reason = error.reason or ""
        # By TLS 1.3 a client hears what the daemon thinks of its certificate after its own handshake.
        unheard = not shaken or tls_failures.is_about_certificate(reason)
        said = tls_failures.refused_by_peer(reason, certified=certified)
        raise TlsFailure(said, unheard=unheard) from error


def _context(files: TlsFiles) -> ssl.SSLContext:
    """What the files say. Raises TlsFailure where one of them cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # names and authorities are verified
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # What is named as trusted is trusted, though it may be no authority but the daemon's very certificate.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["http/1.1"])
    if files.ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _require(files.ca)
        try:
            context.load_verify_locations(files.ca)
        except ssl.SSLError as error:
            raise TlsFailure(f"{files.ca} holds no certificate in PEM ({error.reason})") from error
    if files.certificate is not None:
        _show(context, files.certificate, files.certificate_key or files.certificate)
    return context


def _show(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    _require(certificate)
    _require(key)
    if key.stat().st_mode & stat.S_IRWXO:
        raise TlsFailure(f"the key {key} is open to every user: chmod 600 it")
    try:
        context.load_cert_chain(certificate, key, password=_ask_nobody)
    except _Encrypted:
        raise TlsFailure(f"the key {key} is encrypted: store it without a password") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            said = f"the key {key} is not that of the certificate {certificate}"
        else:
            said = f"{certificate} and {key} hold no certificate and its key in PEM ({error.reason})"
        raise TlsFailure(said) from error


def _require(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise TlsFailure(f"{path} cannot be read: {error.strerror}") from error


class _Encrypted(Exception):
    pass


def _ask_nobody() -> NoReturn:
    """In place of OpenSSL's question for a password on the terminal."""
    raise _Encrypted
