"""Checkpoints: how long the log is, its Merkle root and its chain's end, signed.

The text is a C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint): origin, size, root, and one extension line with
the chain's end. It is signed as a C2SP signed note (c2sp.org/signed-note) with Ed25519, so that tools for
transparency logs read it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from burgeed.audit.errors import AuditError
from burgeed.audit.keys import SigningKey, is_signed

LONGEST_NOTE = 4096
"""Characters of a note that is read."""

_ED25519 = b"\x01"
_SIGNATURE = re.compile(r"\u2014 (\S+) ([A-Za-z0-9+/=]+)\n")
_BODY = re.compile(
    r"(burgee-audit/[0-9a-f]{32})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/=]{44})\nchain ([A-Za-z0-9+/=]{44})\n"
)


class CheckpointMalformed(AuditError):
    """The text is no signed checkpoint of this audit."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed.

    Attributes:
        log_id: 16 bytes.
        size: number of entries.
        root: of the Merkle tree over them, RFC 6962.
        head: the hash of the last one.
    """

    log_id: bytes
    size: int
    root: bytes
    head: bytes

    @property
    def origin(self) -> str:
        """The log's name, which is the name of its key too."""
        return origin_of(self.log_id)

    def text(self) -> str:
        """The signed text."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\nchain {_base64(self.head)}\n"

    def sign(self, signing: SigningKey) -> str:
        """The note: the text, an empty line, and a signature line."""
        text = self.text()
        signature = _key_hash(self.origin, signing.public) + signing.sign(text.encode())
        return f"{text}\n\u2014 {self.origin} {_base64(signature)}\n"


def origin_of(log_id: bytes) -> str:
    """The origin line of a log's checkpoints."""
    return f"burgee-audit/{log_id.hex()}"


def verifier_key(log_id: bytes, public_key: bytes) -> str:
    """The public key as C2SP signed notes write it: name, hash and key, joined by plus signs."""
    origin = origin_of(log_id)
    return f"{origin}+{_key_hash(origin, public_key).hex()}+{_base64(_ED25519 + public_key)}"


def read_verifier_key(text: str) -> bytes:
    """The 32 bytes of a public key: as :func:`verifier_key` writes it, or hexadecimal. Raises ValueError."""
    text = text.strip()
    data = base64.b64decode(text.split("+", 2)[2], validate=True)[1:] if "+" in text else bytes.fromhex(text)
    if len(data) != 32:
        raise ValueError("a public key of Ed25519 has 32 bytes")
    return data


def read_note(note: str) -> Checkpoint:
    """The checkpoint of a note, whatever its signature. Raises CheckpointMalformed."""
    body, _ = _parts(note)
    found = _BODY.fullmatch(body)
    if found is None:
        raise CheckpointMalformed("the text is no checkpoint of this audit")
    origin, size, root, head = found.groups()
    try:
        hashes = [base64.b64decode(each, validate=True) for each in (root, head)]
    except (ValueError, binascii.Error) as error:
        raise CheckpointMalformed("a hash of the checkpoint is no base64") from error
    if any(len(each) != 32 for each in hashes) or int(size) >= 1 << 63:
        raise CheckpointMalformed("a hash of the checkpoint has no 32 bytes, or its size is beyond all sizes")
    checkpoint = Checkpoint(bytes.fromhex(origin.split("/")[1]), int(size), *hashes)
    if checkpoint.text() != body:
        raise CheckpointMalformed("the checkpoint is written in another way than the one there is")
    return checkpoint


def is_note_signed(note: str, public_key: bytes) -> bool:
    """Whether a well-formed note has a signature of that key."""
    try:
        body, signatures = _parts(note)
        origin = read_note(note).origin
    except CheckpointMalformed:
        return False
    wanted = _key_hash(origin, public_key)
    for name, signature in signatures:
        if name == origin and signature[:4] == wanted and is_signed(public_key, signature[4:], body.encode()):
            return True
    return False


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The signed text and the signatures. Raises CheckpointMalformed."""
    body, gap, lines = note.partition("\n\n")
    signatures = []
    at = 0
    while found := _SIGNATURE.match(lines, at):
        try:
            signature = base64.b64decode(found[2], validate=True)
        except (ValueError, binascii.Error) as error:
            raise CheckpointMalformed("a signature of the checkpoint is no base64") from error
        if _base64(signature) != found[2]:
            raise CheckpointMalformed("a signature is written in another way than the one there is")
        signatures.append((found[1], signature))
        at = found.end()
    if not gap or not signatures or at != len(lines) or len(note) > LONGEST_NOTE:
        raise CheckpointMalformed("the text is no signed note")
    return body + "\n", signatures


def _key_hash(name: str, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
