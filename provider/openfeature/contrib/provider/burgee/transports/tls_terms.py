"""From files to the terms on which TLS is spoken; read again where the files have changed."""

from __future__ import annotations

import logging
import os
import ssl
import stat
from collections.abc import Iterable
from concurrent.futures import Future
from typing import NamedTuple, NoReturn

from .. import forks
from ..tls_files import TlsFiles
from .channel import Channel
from .errand import Errand
from .tls_failure import TlsFailure

_State = tuple[tuple[int, ...] | None, ...]

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class Terms(NamedTuple):
    """Whom to trust, and what to show.

    Attributes:
        context: for sessions, each of which has a handshake of its own: none is resumed.
        certified: whether there is a certificate to show.
    """

    context: ssl.SSLContext
    certified: bool

    def channel(self, host: str) -> Channel:
        """A session with a daemon that has to prove this name or numeric address."""
        return Channel(self.context, host, certified=self.certified)


def read_terms(files: TlsFiles) -> Terms:
    """Read the files.

    Raises:
        TlsFailure: one of them cannot be used; the message names it and says what to do.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # names and authorities are verified
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # What is named as trusted is trusted, though it may be no authority but the daemon's very certificate.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["http/1.1"])
    if files.ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _trust(context, files.ca)
    if files.certificate is not None:
        _show(context, files.certificate, files.certificate_key or files.certificate)
    return Terms(context, files.certificate is not None)


def _trust(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        raise TlsFailure(f"the ca file {path} holds no certificate in PEM ({error.reason})") from None
    except OSError as error:
        raise TlsFailure(f"the ca file {path} cannot be read: {error.strerror or error}") from None


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    try:
        with open(certificate, "rb"):  # noqa: PTH123 - else nobody knows which of the two cannot be read
            pass
    except OSError as error:
        raise TlsFailure(f"the certificate {certificate} cannot be read: {error.strerror}") from None
    try:
        mode = os.stat(key).st_mode  # noqa: PTH116 - a Path says no more here
        if mode & stat.S_IRWXO:
            raise TlsFailure(f"the key {key} is open to every user: chmod o= {key}")
        context.load_cert_chain(certificate, key, password=lambda: _encrypted(key))
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            said = f"the key {key} is not the one of the certificate {certificate}"
        else:
            said = f"{certificate} and {key} hold no certificate and its key in PEM ({error.reason})"
        raise TlsFailure(said) from None
    except TlsFailure:
        raise
    except OSError as error:
        raise TlsFailure(f"the key {key} cannot be read: {error.strerror}") from None


def _encrypted(key: str) -> NoReturn:
    # Asked for a password, OpenSSL would otherwise ask whoever sits at the terminal.
    raise TlsFailure(f"the key {key} is encrypted: store it without a password, readable by its user alone")


class FollowedTerms:
    """The terms for the next connection.

    Args:
        files: looked at for each connection, and read again where they have changed. Where what is there then
            cannot be used, the terms of before hold on.
    """

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._errand: Errand[Terms] = Errand("burgee-tls-files")
        self._terms: Terms | None = None
        self._read_of: _State = ()
        self._complained_of: _State = ()
        self._inherited: Terms | None = None

    def current(self) -> Future[Terms]:
        """The terms to come; TlsFailure where there are none. File systems know no deadline."""
        return self._errand.run(self._look)

    def after_fork(self) -> None:
        """In a forked child: read the files anew, since another thread may be amidst using what is held."""
        self._errand.after_fork()
        # Not let go of either, which would take the locks that the other thread held.
        self._inherited, self._terms = self._terms, None

    def _look(self) -> Terms:
        state = _state_of(_paths(self._files))
        if self._terms is not None and state == self._read_of:
            return self._terms
        try:
            with forks.cryptography():
                terms = read_terms(self._files)
        except TlsFailure as failure:
            if self._terms is None:
                raise
            if state != self._complained_of:
                self._complained_of = state
                _logger.warning("%s; what was read before is used on", failure.strerror)
            return self._terms
        # What changed while it was read differs from this state, and is read for the next connection.
        self._terms, self._read_of = terms, state
        return terms


def _paths(files: TlsFiles) -> Iterable[str]:
    if files.ca is None:
        defaults = ssl.get_default_verify_paths()
        yield from (path for path in (defaults.cafile, defaults.capath) if path)
    else:
        yield files.ca
    yield from (path for path in (files.certificate, files.certificate_key) if path)


def _state_of(paths: Iterable[str]) -> _State:
    return tuple(map(_state, paths))


def _state(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path says no more here
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
