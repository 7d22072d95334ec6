"""The text of a token: ``burgee_<id>.<secret>``.

The id is public: 96 random bits as 24 hexadecimal digits. The secret has 256 random bits, written as
base64url without padding (RFC 4648, section 5). It is kept nowhere but with its owner: what is stored is its
SHA-256, and since nobody can guess 256 bits a slow hash would add nothing.

A prefix of its own lets scanners of repositories find a token that was committed.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

RandomBytes: TypeAlias = Callable[[int], bytes]
"""So many bytes that nobody can guess; :func:`os.urandom` is the one that is real."""

ID_BYTES = 12
SECRET_BYTES = 32
LENGTH = len("burgee_") + 2 * ID_BYTES + 1 + 43
"""Characters of every token."""

_TEXT = re.compile(rb"burgee_(?P<id>[0-9a-f]{24})\.(?P<secret>[A-Za-z0-9_-]{43})")


class Credential(NamedTuple):
    """What a token's text says.

    Attributes:
        id: 24 lower-case hexadecimal digits.
        secret: 32 bytes.
    """

    id: str
    secret: bytes

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Credential({self.id})"

    @property
    def digest(self) -> bytes:
        """What is stored of the secret: 32 bytes."""
        return hashlib.sha256(self.secret).digest()

    def text(self) -> str:
        """What its owner is given, once."""
        return f"burgee_{self.id}.{_encoded(self.secret).decode()}"


def new_credential(random_bytes: RandomBytes) -> Credential:
    """A token that there has not been before."""
    return Credential(random_bytes(ID_BYTES).hex(), random_bytes(SECRET_BYTES))


def parse(text: bytes) -> Credential | None:
    """What a header's value says; None for everything that :meth:`Credential.text` does not write."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    secret = base64.urlsafe_b64decode(match["secret"] + b"=")
    # 43 characters carry two bits more than 32 bytes have: only one writing of a secret is good.
    if _encoded(secret) != match["secret"]:
        return None
    return Credential(match["id"].decode(), secret)


def _encoded(secret: bytes) -> bytes:
    return base64.urlsafe_b64encode(secret).rstrip(b"=")
