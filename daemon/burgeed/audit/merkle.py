"""The Merkle tree of RFC 6962 section 2.1 over entry hashes, kept as its peaks alone.

The peaks of a tree of *n* leaves are the roots of the perfect subtrees that *n* in binary names, largest
first: all that is needed to go on, some 20 hashes for a million leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

_NODE = b"\x01"


class Peaks:
    """A growing tree.

    Args:
        size: number of leaves.
        hashes: the peaks, largest subtree first.

    Raises:
        ValueError: there are not as many peaks as such a tree has.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self._hashes = list(hashes)
        if len(self._hashes) != size.bit_count() or any(len(each) != HASH_BYTES for each in self._hashes):
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks of 32 bytes")

    @classmethod
    def read(cls, size: int, data: bytes) -> Peaks:
        """From :meth:`encode`. Raises ValueError."""
        return cls(size, [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)])

    def encode(self) -> bytes:
        """The peaks one behind another."""
        return b"".join(self._hashes)

    def add(self, leaf_hash: bytes) -> None:
        """One more leaf, by its hash."""
        hashes, left = self._hashes, self.size
        made = leaf_hash
        while left & 1:
            made = hashlib.sha256(_NODE + hashes.pop() + made).digest()
            left >>= 1
        hashes.append(made)
        self.size += 1

    def root(self) -> bytes:
        """The root of RFC 6962; that of the empty tree is SHA-256 of nothing."""
        if not self._hashes:
            return EMPTY_ROOT
        made = self._hashes[-1]
        for each in reversed(self._hashes[:-1]):
            made = hashlib.sha256(_NODE + each + made).digest()
        return made
