"""A handshake whose failure reaches the client.

asyncio and uvloop close a connection as soon as OpenSSL calls its handshake failed, and the alert that says
why stays in memory: all that the client sees is an end. So the failure is first told to the loop as a wish
for more bytes, for which it sends what there is to send; the next look at the handshake raises it. In the
meantime :class:`Attempt` knows, and whoever made it ends the connection.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

import orjson

from burgee.resolution import ErrorCode
from burgee.wire.ofrep import error_body

NOT_TLS: Final = frozenset({"HTTP_REQUEST", "WRONG_VERSION_NUMBER"})
"""OpenSSL's reasons for first bytes that are not TLS."""

_NOT_TLS_BODY: Final = orjson.dumps(
    error_body(ErrorCode.GENERAL, "this port speaks TLS: ask it with https:// in place of http://")
)
NOT_TLS_ANSWER: Final = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_NOT_TLS_BODY), _NOT_TLS_BODY)
)
"""What is said in the clear to who speaks no TLS, which most likely is HTTP."""


class Attempt:
    """One handshake that is under way.

    Args:
        failing: called once it has failed and the client is being told.

    Attributes:
        why: what was wrong with it, in OpenSSL's words; empty as long as nothing is.
    """

    __slots__ = ("_failing", "why")

    def __init__(self, failing: Callable[[], object]) -> None:
        self.why = ""
        self._failing = failing

    def fail(self, why: str) -> None:
        """It has failed."""
        self.why = why
        self._failing()


ATTEMPT: ContextVar[Attempt | None] = ContextVar("ATTEMPT", default=None)
"""Set by who starts a handshake: the loop makes the SSL object in its context."""


class TellingContext(ssl.SSLContext):
    """Makes SSL objects that let the loop send their alerts."""

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *arguments: Any, **options: Any
    ) -> ssl.SSLObject:
        """See :meth:`ssl.SSLContext.wrap_bio`."""
        made = super().wrap_bio(incoming, outgoing, *arguments, **options)
        assert isinstance(made, _TellingObject)
        made.outgoing, made.attempt = outgoing, ATTEMPT.get()
        return made


class _TellingObject(ssl.SSLObject):
    outgoing: ssl.MemoryBIO
    attempt: Attempt | None = None
    failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        if self.failure is not None:
            raise self.failure
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self.failure = error
            if error.reason in NOT_TLS:
                self.outgoing.read()
                self.outgoing.write(NOT_TLS_ANSWER)
            if self.attempt is not None:
                self.attempt.fail(_reason(error))
            raise ssl.SSLWantReadError from error


TellingContext.sslobject_class = _TellingObject


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's reason in plain words, and what it says of a certificate."""
    said = getattr(error, "verify_message", "")
    reason = (error.reason or "handshake failure").replace("_", " ").lower()
    return f"{reason}: {said}" if said else reason
