"""What it means when TLS with a daemon fails, and what to do: texts for whoever asked, provider or command.

The numbers of faults in certificates are OpenSSL's (``X509_V_ERR_...``), the names of alerts those that it
makes of RFC 8446, section 6.
"""

from __future__ import annotations

from typing import Final

NOT_TLS: Final = "that is no TLS port, it answers without TLS: write http://, or name the daemon's TLS port"
"""The first byte that came begins no record of TLS."""

IS_TLS: Final = "that is a TLS port: write https://"
"""What came in answer to plain HTTP is a record of TLS."""

_UNKNOWN_AUTHORITY: Final = frozenset({2, 18, 19, 20, 21, 24, 27})
_NOT_YET_VALID, _EXPIRED, _PURPOSE = 9, 10, 26
_MISMATCH: Final = frozenset({62, 64})
_RECORD_TYPES: Final = range(20, 25)
_IN_THE_CLEAR: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
)
"""What OpenSSL, in one version or another, calls a first record that is none."""
_CERTIFICATE: Final = "certificate (BURGEE_CERTIFICATE)"
_SHOW_ONE: Final = f"give one as {_CERTIFICATE}"


def begins_record(received: bytes | bytearray) -> bool:
    """Whether bytes begin a record of TLS (RFC 8446, section 5.1): its type, then version 3."""
    return received[:1] != b"" and received[0] in _RECORD_TYPES and received[1:2] in (b"", b"\x03")


def certificate_refused(code: int, message: str, host: str) -> str:
    """Why the daemon's certificate is not accepted.

    Args:
        code: of the fault that OpenSSL found.
        message: its own words for it.
        host: the name or address that was asked.
    """
    if code in _UNKNOWN_AUTHORITY:
        return (
            f"its certificate is of an authority that is not trusted here ({message}): "
            "name the authority's certificate as ca (BURGEE_CA)"
        )
    if code in _MISMATCH:
        return (
            f"its certificate is not for {host!r}: ask by a name that is in it, or give the daemon a "
            "certificate for this one"
        )
    if code == _EXPIRED:
        return "its certificate has expired: the daemon needs a new one, or the clock here is wrong"
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet: the clock of one of the two is wrong"
    if code == _PURPOSE:
        return "its certificate is not meant for a server: give the daemon one that is (serverAuth)"
    return f"its certificate is refused: {message or f'fault {code}'}"


def is_about_certificate(reason: str) -> bool:
    """Whether the daemon refuses this client for its certificate, or for the want of one."""
    return "_ALERT_" in reason and (
        "CERTIFICATE" in reason or reason.endswith(("UNKNOWN_CA", "ACCESS_DENIED"))
    )


def refused_by_peer(reason: str, *, certified: bool) -> str:
    """What the daemon said, or what kept the two from agreeing.

    Args:
        reason: as OpenSSL names it, such as ``TLSV13_ALERT_CERTIFICATE_REQUIRED``.
        certified: whether this side showed a certificate.
    """
    if reason.endswith("CERTIFICATE_REQUIRED"):
        return f"it wants a client's certificate: {_SHOW_ONE}"
    if reason in _IN_THE_CLEAR:
        return NOT_TLS
    if reason.endswith("ALERT_UNKNOWN_CA"):
        return "it does not trust the authority of this client's certificate (the daemon's --tls-client-ca)"
    if reason.endswith("ALERT_CERTIFICATE_EXPIRED"):
        return f"this client's certificate has expired: give a new one as {_CERTIFICATE}"
    if is_about_certificate(reason):
        return f"it refuses this client's certificate ({reason})"
    if reason.endswith(("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL")):
        return f"it speaks no TLS 1.2 or later ({reason})"
    if reason.endswith("HANDSHAKE_FAILURE") and not certified:
        return f"it breaks the TLS handshake off: it may want a client's certificate, {_SHOW_ONE}"
    return f"TLS failed: {reason or 'for a reason unknown'}"


def ended(*, certified: bool, shaken: bool) -> str:
    """What it means where the daemon ends a connection before it said a word.

    Args:
        certified: whether this side showed a certificate.
        shaken: whether the handshake was over on this side. By TLS 1.3 it is so before the daemon has looked
            at a client's certificate.
    """
    if not shaken:
        return "it ended the connection in the TLS handshake: is that a TLS port?"
    hint = (
        "it may not accept this client's certificate (the daemon's log says)"
        if certified
        else f"it may want a client's certificate, {_SHOW_ONE}"
    )
    return f"it ended the connection right after the TLS handshake: {hint}"
