"""TLS without input or output: what is said to bytes for the line, and back (RFC 8446, RFC 5246).

Imported only where an address says https. A connection's socket stays a plain one, so that both drivers can
wait for it, and one at rest is bound to no thread and to no event loop.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Generator

from burgee.wire import tls_failures

from .. import forks
from .tls_failure import TlsFailure

RECORD_SIZE = 16_384
"""Bytes that a record holds at most (RFC 8446, section 5.1); what is read at once."""


class Channel:
    """One session, from its handshake to its end. Of one thread at a time, and of one process.

    Args:
        context: whom to trust, and what to show.
        host: the name or numeric address that the daemon's certificate has to be for.
        certified: whether there is a certificate to show.

    Attributes:
        ended: the daemon said that it says no more.
    """

    def __init__(self, context: ssl.SSLContext, host: str, *, certified: bool) -> None:
        self.ended = False
        self._host = host
        self._certified = certified
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        # No fork comes in between, here and in the handshake: OpenSSL's locks would stay locked in a child.
        with forks.cryptography():
            self._session = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._shaken = False
        self._heard = False
        self._broken: TlsFailure | None = None
        self._process = os.getpid()

    def handshake(self) -> Generator[bytes, bytes, None]:
        """Yield what to send, perhaps nothing, and be sent what came of it; empty bytes are the end.

        What is left to be sent at last goes out with the first thing that is said.

        Raises:
            TlsFailure: the two do not agree. ``goodbye`` has what the daemon should know of it.
        """
        heard = False
        while True:
            try:
                with forks.cryptography():
                    self._session.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                raise self._failure(error) from None
            else:
                self._shaken = True
                return
            received = yield self._outgoing.read()
            if received and not heard and not tls_failures.begins_record(received):
                raise TlsFailure(tls_failures.NOT_TLS)
            heard = True
            self._take(received)

    def encode(self, data: bytes) -> bytes:
        """What to send in order to say something."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._session.write(rest) :]
        except ssl.SSLError as error:
            raise self._failure(error) from None
        return self._outgoing.read()

    def decode(self, received: bytes) -> bytes | None:
        """What was said; None where nothing was yet, and empty bytes at the end.

        Raises:
            TlsFailure: it was changed on the way, is no TLS, or was cut off: an end counts only where the
                daemon itself said so, since anybody on the way can end a connection.
        """
        if self._broken is not None:
            raise self._broken
        self._take(received)
        pieces: list[bytes] = []
        try:
            while piece := self._session.read(RECORD_SIZE):
                pieces.append(piece)
            self.ended = True
        except ssl.SSLWantReadError:
            if not pieces:
                return None
        except ssl.SSLError as error:
            self._broken = self._failure(error)
            if not pieces:
                raise self._broken from None
            # What came before holds; the next bytes do not.
        self._heard = self._heard or bool(pieces)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def goodbye(self) -> bytes:
        """What to send before closing: that it is the end, or why."""
        if self._process != os.getpid():
            return b""  # the session is the parent's, and goes on
        if self._shaken:
            try:
                self._session.unwrap()
            except ssl.SSLError:
                pass  # the daemon's own goodbye is not waited for
        return self._outgoing.read()

    def _take(self, received: bytes) -> None:
        if received:
            self._incoming.write(received)
        else:
            self._incoming.write_eof()

    def _failure(self, error: ssl.SSLError) -> TlsFailure:
        if isinstance(error, ssl.SSLCertVerificationError):
            said = tls_failures.certificate_refused(error.verify_code, error.verify_message, self._host)
        elif not isinstance(error, ssl.SSLEOFError):
            said = tls_failures.refused_by_peer(error.reason or "", certified=self._certified)
        elif self._heard:
            said = "the connection was cut off"
        else:
            said = tls_failures.ended(certified=self._certified, shaken=self._shaken)
        return TlsFailure(said)
