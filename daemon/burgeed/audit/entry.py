"""One entry of the log: canonical bytes, and reading them back with nothing left to choose.

The layout is described byte by byte in ``docs/adr/0012-audit-log-format.md``.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from burgeed.audit.errors import EntryMalformed

VERSION = 1
ID_BYTES = 16
HASH_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
LONGEST_ACTION = 64
LONGEST_CIPHERTEXT = 16 * 1024 * 1024
NO_HASH = bytes(HASH_BYTES)
"""What stands before the first entry."""

_LEAF = b"\x00"
# version, log id, epoch, seq, kid, previous hash, wall, monotonic, boot id, actor id, length of the action
_FIXED = struct.Struct(">B16sIQ16s32sQQ16s16sB")
_LENGTH = struct.Struct(">I")
_ACTION_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789._-")


@dataclass(frozen=True, slots=True)
class EntryHeader:
    """Everything of an entry that is in the clear, and bound to the ciphertext as its associated data.

    Attributes:
        log_id: 16 random bytes, made with the log.
        epoch: counts the signing keys of the log, from 1.
        seq: from 1, without gaps.
        kid: 16 random bytes, the name of the segment's key.
        prev_hash: of the entry before; zeros for the first one.
        wall_ns: Unix time in nanoseconds.
        mono_ns: the monotonic clock; comparable between entries of one boot id.
        boot_id: 16 bytes; of the kernel that wrote it.
        actor_id: the actor's pseudonym, 16 random bytes.
        action: lower-case ASCII letters, digits, ``.``, ``_`` and ``-``.
        ciphertext_length: in bytes, with the tag.
    """

    log_id: bytes
    epoch: int
    seq: int
    kid: bytes
    prev_hash: bytes
    wall_ns: int
    mono_ns: int
    boot_id: bytes
    actor_id: bytes
    action: str
    ciphertext_length: int

    def encode(self) -> bytes:
        """The bytes of the header. Raises EntryMalformed for a value that has no encoding."""
        action = self.action.encode("ascii", "replace")
        lengths = (len(self.log_id), len(self.kid), len(self.boot_id), len(self.actor_id))
        if lengths != (ID_BYTES,) * 4 or len(self.prev_hash) != HASH_BYTES:
            raise EntryMalformed("an id or a hash has the wrong length")
        _check(self.seq, action, self.ciphertext_length)
        try:
            fixed = _FIXED.pack(
                VERSION,
                self.log_id,
                self.epoch,
                self.seq,
                self.kid,
                self.prev_hash,
                self.wall_ns,
                self.mono_ns,
                self.boot_id,
                self.actor_id,
                len(action),
            )
        except struct.error as error:
            raise EntryMalformed(f"a number is out of range: {error}") from error
        return fixed + action + _LENGTH.pack(self.ciphertext_length)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        ciphertext: AES-256-GCM, the tag behind it.
    """

    header: EntryHeader
    nonce: bytes
    ciphertext: bytes

    def encode(self) -> bytes:
        """The canonical bytes. Raises EntryMalformed."""
        if len(self.nonce) != NONCE_BYTES or len(self.ciphertext) != self.header.ciphertext_length:
            raise EntryMalformed("nonce or ciphertext has the wrong length")
        return self.header.encode() + self.nonce + self.ciphertext


def entry_hash(encoded: bytes) -> bytes:
    """SHA-256 of 0x00 and the entry's bytes: its chain hash, and its leaf hash of RFC 6962 section 2.1."""
    return hashlib.sha256(_LEAF + encoded).digest()


def decode(encoded: bytes) -> Entry:
    """Read an entry; there is exactly one encoding of each.

    Raises:
        EntryMalformed: the bytes are not exactly one entry.
    """
    if len(encoded) < _FIXED.size:
        raise EntryMalformed("shorter than the shortest entry")
    version, *fields, action_length = _FIXED.unpack_from(encoded)
    if version != VERSION:
        raise EntryMalformed(f"version {version}, where this reads version {VERSION}")
    at = _FIXED.size + action_length
    action = encoded[_FIXED.size : at]
    if len(encoded) < at + _LENGTH.size:
        raise EntryMalformed("ends within its header")
    (ciphertext_length,) = _LENGTH.unpack_from(encoded, at)
    at += _LENGTH.size
    if len(encoded) != at + NONCE_BYTES + ciphertext_length:
        raise EntryMalformed("does not end where its ciphertext ends")
    log_id, epoch, seq, kid, prev_hash, wall_ns, mono_ns, boot_id, actor_id = fields
    _check(seq, action, ciphertext_length)
    header = EntryHeader(
        log_id,
        epoch,
        seq,
        kid,
        prev_hash,
        wall_ns,
        mono_ns,
        boot_id,
        actor_id,
        action.decode("ascii"),
        ciphertext_length,
    )
    return Entry(header, encoded[at : at + NONCE_BYTES], encoded[at + NONCE_BYTES :])


def header_bytes(encoded: bytes, entry: Entry) -> bytes:
    """The associated data of an entry that was decoded from these bytes."""
    return encoded[: len(encoded) - NONCE_BYTES - len(entry.ciphertext)]


def _check(seq: int, action: bytes, ciphertext_length: int) -> None:
    if seq < 1:
        raise EntryMalformed("entries are counted from 1")
    if not 1 <= len(action) <= LONGEST_ACTION or not _ACTION_BYTES.issuperset(action):
        raise EntryMalformed("the action is empty, too long, or has other characters than a-z 0-9 . _ -")
    if not TAG_BYTES <= ciphertext_length <= LONGEST_CIPHERTEXT:
        raise EntryMalformed(f"a ciphertext of {ciphertext_length} bytes")
