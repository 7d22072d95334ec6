"""Encrypting an event into an entry, and opening it again; seals, MACs over checkpoints, are in `seals`."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from burgeed.audit.entry import NONCE_BYTES, TAG_BYTES, Entry, EntryHeader, header_bytes
from burgeed.audit.errors import Unsound
from burgeed.audit.payload import read_payload
from burgeed.audit.records import AuditRecord


def place_of(log_id: bytes, seq: int) -> bytes:
    """What parts under a subject's key are bound to, so that none can be moved to another entry."""
    return log_id + seq.to_bytes(8, "big")


def sealed_length(plain: bytes) -> int:
    """Bytes of the ciphertext of a plain text."""
    return len(plain) + TAG_BYTES


def seal(header: EntryHeader, key: bytes, plain: bytes, *, nonce: bytes | None = None) -> bytes:
    """The bytes of an entry.

    Args:
        key: of the segment.
        nonce: 12 bytes; random where none is given, and nothing but a test gives one.

    Raises:
        EntryMalformed: the header has no encoding.
    """
    nonce = nonce or secrets.token_bytes(NONCE_BYTES)
    ciphertext = AESGCM(key).encrypt(nonce, plain, header.encode())
    return Entry(header, nonce, ciphertext).encode()


def open_entry(
    encoded: bytes, entry: Entry, key: bytes, key_of: Callable[[bytes], bytes | None], digest: bytes
) -> AuditRecord:
    """Decrypt an entry.

    Args:
        encoded: what the entry was decoded from.
        key: of its segment.
        key_of: a subject's key by its pseudonym; None where it is erased.
        digest: the entry's hash.

    Raises:
        Unsound: it does not open under this key, or holds something else than this version writes.
    """
    header = entry.header
    try:
        plain = AESGCM(key).decrypt(entry.nonce, entry.ciphertext, header_bytes(encoded, entry))
    except InvalidTag as error:
        raise Unsound(f"entry {header.seq} does not open under the key of its segment") from error
    return read_payload(
        plain,
        place_of(header.log_id, header.seq),
        key_of,
        seq=header.seq,
        digest=digest.hex(),
        actor_id=header.actor_id.hex(),
    )
