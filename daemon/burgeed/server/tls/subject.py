"""Whom a client's certificate names, as one text that no other certificate's name reads like."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

LONGEST = 256
"""Characters of a name; a certificate with a longer one is called by its fingerprint."""

_SHORT: Final = {
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}
"""Names of attributes by RFC 4514 section 3; others go by OpenSSL's own."""

_ESCAPED = frozenset('"+,;<=>\\')


def name_of(certificate: Mapping[str, Any], encoded: bytes) -> str:
    """The subject by RFC 4514, such as ``CN=ann,O=acme``, the most specific part first.

    Where it is empty, the first URI of the alternative names (a SPIFFE id), then the first DNS name, as
    ``URI:...`` or ``DNS:...``; where there is none, or it is too long, ``SHA256:`` and the fingerprint.

    Args:
        certificate: as :meth:`ssl.SSLSocket.getpeercert` has it.
        encoded: the same in DER.
    """
    parts = certificate.get("subject", ())
    name = ",".join("+".join(_attribute(*each) for each in part) for part in reversed(parts))
    if not name:
        alternatives = certificate.get("subjectAltName", ())
        named = (
            f"{kind}:{_text(text)}"
            for wanted in ("URI", "DNS")
            for kind, text in alternatives
            if kind == wanted
        )
        name = next(named, "")
    return name if 0 < len(name) <= LONGEST else f"SHA256:{hashlib.sha256(encoded).hexdigest()}"


def _attribute(kind: str, value: str) -> str:
    return f"{_SHORT.get(kind, kind)}={_text(value)}"


def _text(value: str) -> str:
    """The value as RFC 4514 section 2.4 escapes it; what cannot be printed too, byte by byte."""
    last = len(value) - 1
    return "".join(
        _escaped(character, is_first=at == 0, is_last=at == last) for at, character in enumerate(value)
    )


def _escaped(character: str, *, is_first: bool, is_last: bool) -> str:
    if not character.isprintable():
        return "".join(f"\\{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
    is_special = character in _ESCAPED or (character == "#" and is_first)
    if is_special or (character == " " and (is_first or is_last)):
        return f"\\{character}"
    return character
