"""Checkpoints: how long the log is, its Merkle root and its chain's end, signed.

The text is a C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint): origin, size, root, and extension lines: the
chain's end, and where the signing key changes, the new one. It is signed as a C2SP signed note
(c2sp.org/signed-note), so that tools for transparency logs read it.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from burgeed.audit.errors import AuditError
from burgeed.signing import note as signed_note
from burgeed.signing.keys import KeyMalformed, PrivateKey, PublicKey, read_public_key

LONGEST_NOTE = 4096
"""Characters of a note that is read."""

_BODY = re.compile(
    r"(burgee-audit/[0-9a-f]{32})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/=]{44})\nchain ([A-Za-z0-9+/=]{44})\n"
    r"(?:next-key ([!-~]{1,400})\n)?"
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
        successor: the key that signs from here on; None where it stays.
    """

    log_id: bytes
    size: int
    root: bytes
    head: bytes
    successor: PublicKey | None = None

    @property
    def origin(self) -> str:
        """The log's name, which is the name of its keys too."""
        return origin_of(self.log_id)

    def text(self) -> str:
        """The signed text."""
        text = f"{self.origin}\n{self.size}\n{_base64(self.root)}\nchain {_base64(self.head)}\n"
        if self.successor is None:
            return text
        return f"{text}next-key {self.successor.verifier_key(self.origin)}\n"

    def sign(self, *signing: PrivateKey) -> str:
        """The note: the text, an empty line, and a signature line of each key."""
        return signed_note.write_note(self.text(), [(self.origin, key) for key in signing])


def origin_of(log_id: bytes) -> str:
    """The origin line of a log's checkpoints."""
    return f"burgee-audit/{log_id.hex()}"


def verifier_key(log_id: bytes, key: PublicKey) -> str:
    """The public key as C2SP signed notes write it: name, key ID and typed key, joined by plus signs."""
    return key.verifier_key(origin_of(log_id))


def read_note(note: str) -> Checkpoint:
    """The checkpoint of a note, whatever its signatures. Raises CheckpointMalformed."""
    found = _BODY.fullmatch(_taken_apart(note).text)
    if found is None:
        raise CheckpointMalformed("the text is no checkpoint of this audit")
    origin, size, root, head, successor = found.groups()
    try:
        hashes = [base64.b64decode(each, validate=True) for each in (root, head)]
    except (ValueError, binascii.Error) as error:
        raise CheckpointMalformed("a hash of the checkpoint is no base64") from error
    if any(len(each) != 32 for each in hashes) or int(size) >= 1 << 63:
        raise CheckpointMalformed("a hash of the checkpoint has no 32 bytes, or its size is beyond all sizes")
    try:
        key = None if successor is None else read_public_key(successor)
    except KeyMalformed as error:
        raise CheckpointMalformed(f"the checkpoint's next key is none: {error}") from error
    checkpoint = Checkpoint(bytes.fromhex(origin.split("/")[1]), int(size), hashes[0], hashes[1], key)
    if checkpoint.text() != found[0]:
        raise CheckpointMalformed("the checkpoint is written in another way than the one there is")
    return checkpoint


def is_note_signed(note: str, key: PublicKey) -> bool:
    """Whether a well-formed note has a signature of that key."""
    try:
        return _taken_apart(note).is_signed_by(read_note(note).origin, key)
    except CheckpointMalformed:
        return False


def _taken_apart(note: str) -> signed_note.Note:
    if len(note) > LONGEST_NOTE:
        raise CheckpointMalformed("the text is no signed note: it is too long")
    try:
        return signed_note.read_note(note)
    except signed_note.NoteMalformed as error:
        raise CheckpointMalformed(str(error)) from error


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
