"""Seals: a MAC over each checkpoint, under a key that is evolved one way and forgotten right after.

Who takes the machine over finds the key of the next seal, and none of those before: the log up to the last
seal can no longer be rewritten unseen, by whoever has the log's other keys either. An auditor who was given
the first key makes all others from it, and checks that seal *n* was made with key *n*.

HMAC-SHA-256 (FIPS 198-1) and HKDF-SHA-256 (RFC 5869).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from burgeed.audit.checkpoint import Checkpoint
from burgeed.audit.columns import as_bytes, as_number
from burgeed.database.protocol import Transaction

SEAL_KEY_BYTES = 32
SEALER_BYTES = 16

_MAC = b"burgee audit seal v1\x00"
_NEXT = b"burgee audit seal, next key\x00"


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal.

    Attributes:
        sealer: 16 bytes, random: whose key it is; each daemon has its own.
        number: from 0, without gaps: which of the sealer's keys it was made with.
        size, root, head: the checkpoint's.
        made: microseconds since the Unix epoch.
        seal: the MAC.
    """

    sealer: bytes
    number: int
    size: int
    root: bytes
    head: bytes
    made: int
    seal: bytes

    def is_made_with(self, key: bytes, log_id: bytes) -> bool:
        """Whether it is of that log, and was made with that key."""
        try:
            return hmac.compare_digest(self.seal, _mac(key, log_id, self))
        except OverflowError:
            return False


COLUMNS = "sealer, number, size, root, head, made, seal"


def make_seal(key: bytes, sealer: bytes, number: int, checkpoint: Checkpoint, made: int) -> Seal:
    """Seal a checkpoint with key ``number`` of a sealer."""
    unsealed = Seal(sealer, number, checkpoint.size, checkpoint.root, checkpoint.head, made, b"")
    return replace(unsealed, seal=_mac(key, checkpoint.log_id, unsealed))


def next_key(key: bytes) -> bytes:
    """The key after this one; there is no way back."""
    return HKDFExpand(SHA256(), SEAL_KEY_BYTES, _NEXT).derive(key)


def keys_from(first: bytes) -> Iterator[bytes]:
    """All keys of a sealer, for ever."""
    key = first
    while True:
        yield key
        key = next_key(key)


def keep_seal(transaction: Transaction, seal: Seal) -> None:
    """Keep it beside the log."""
    transaction.execute(f"INSERT INTO audit_seals ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", _values(seal))


def seal_of(row: tuple[object, ...]) -> Seal:
    """From a row of :data:`COLUMNS`. Raises TypeError."""
    sealer, root, head, seal = (as_bytes(row[at]) for at in (0, 3, 4, 6))
    number, size, made = (as_number(row[at]) for at in (1, 2, 5))
    return Seal(sealer, number, size, root, head, made, seal)


def newest_seal(transaction: Transaction, sealer: bytes) -> int:
    """The number of a sealer's newest seal; -1 where it has none."""
    rows = transaction.execute("SELECT MAX(number) FROM audit_seals WHERE sealer = ?", (sealer,))
    return -1 if rows[0][0] is None else int(rows[0][0])


def _values(seal: Seal) -> tuple[object, ...]:
    return (seal.sealer, seal.number, seal.size, seal.root, seal.head, seal.made, seal.seal)


def _mac(key: bytes, log_id: bytes, seal: Seal) -> bytes:
    numbers = b"".join(each.to_bytes(8, "big") for each in (seal.number, seal.size, seal.made))
    made = hmac.new(HKDFExpand(SHA256(), SEAL_KEY_BYTES, _MAC).derive(key), digestmod="sha256")
    made.update(_MAC + log_id + seal.sealer + numbers + seal.root + seal.head)
    return made.digest()
