"""Comparing checkpoints and seals with a log while it is followed, entry by entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from burgeed.audit.chain import Broken, Chain
from burgeed.audit.checkpoint import Checkpoint
from burgeed.audit.entry import NO_HASH
from burgeed.audit.merkle import EMPTY_ROOT
from burgeed.audit.sealing_key import FirstKey
from burgeed.audit.seals import Seal, keys_from


class Forked(Exception):
    """Two histories for one size."""


class Comparing:
    """Checkpoints, smallest first.

    Args:
        whose: what they are, for a person.

    Attributes:
        count: how many were compared.
    """

    def __init__(self, checkpoints: Iterator[Checkpoint], whose: str) -> None:
        self._checkpoints = checkpoints
        self._whose = whose
        self._next = next(checkpoints, None)
        self.count = 0

    def compare(self, chain: Chain) -> bool:
        """Whether a checkpoint of just this size was compared.

        Raises:
            Forked: it tells of another history.
        """
        compared = False
        while self._next is not None and self._next.size <= chain.seq:
            checkpoint = self._next
            # One that ends among what was pruned can be compared with nothing any more.
            if checkpoint.size == chain.seq:
                if not _is_of(checkpoint.root, checkpoint.head, chain):
                    raise Forked(f"{self._whose} of {checkpoint.size} entries is of another history")
                self.count += 1
                compared = True
            self._next = next(self._checkpoints, None)
        return compared

    def longest(self, seq: int) -> int:
        """The greatest size of those that were not reached; ``seq`` where all were."""
        longest = seq
        while self._next is not None:
            self.count += 1
            longest = max(longest, self._next.size)
            self._next = next(self._checkpoints, None)
        return longest


class ComparingSeals:
    """Seals, smallest first, each made with the key that has its number.

    Args:
        first_keys: of the sealers whose seals are checked; those of others are counted alone.

    Attributes:
        sealed: through which entry a seal covers the log.
        count: how many were found to be sound.
        unknown: how many are of sealers whose key is not at hand.
    """

    def __init__(self, seals: Iterator[Seal], log_id: bytes, first_keys: Sequence[FirstKey]) -> None:
        self._log_id = log_id
        self._keys = {each.sealer: keys_from(each.key) for each in first_keys}
        self._numbers = dict.fromkeys(self._keys, 0)
        self.sealed = self.count = self.unknown = 0
        self._seals = self._sound(seals) if first_keys else iter(())
        self._next = next(self._seals, None)

    def compare(self, chain: Chain) -> None:
        """Take those of this size. Raises Broken."""
        while self._next is not None and self._next.size <= chain.seq:
            seal = self._next
            if seal.size == chain.seq and not _is_of(seal.root, seal.head, chain):
                raise Broken(f"a seal of {seal.size} entries is of another history", seal.size or None)
            self.sealed = seal.size
            self._next = next(self._seals, None)

    def longest(self, seq: int) -> int:
        """The greatest size of those that were not reached; ``seq`` where all were. Raises Broken."""
        longest = seq
        while self._next is not None:
            longest = max(longest, self._next.size)
            self._next = next(self._seals, None)
        return longest

    def silent(self) -> list[bytes]:
        """Sealers whose key is at hand, and that have no seal."""
        return [sealer for sealer, number in self._numbers.items() if number == 0]

    def _sound(self, seals: Iterator[Seal]) -> Iterator[Seal]:
        """Those of known sealers. Raises Broken where one is missing, or was made with another key."""
        for seal in seals:
            keys = self._keys.get(seal.sealer)
            if keys is None:
                self.unknown += 1
                continue
            number = self._numbers[seal.sealer]
            if seal.number != number:
                what = f"seal {number} of sealer {seal.sealer.hex()}"
                raise Broken(f"{what} is missing, or stands in another place", seal.size or None)
            if not seal.is_made_with(next(keys), self._log_id):
                raise Broken(
                    f"seal {number} was altered, or made with another key than key {number}", seal.size
                )
            self._numbers[seal.sealer] = number + 1
            self.count += 1
            yield seal


def _is_of(root: bytes, head: bytes, chain: Chain) -> bool:
    expected = (chain.peaks.root(), chain.head) if chain.seq else (EMPTY_ROOT, NO_HASH)
    return (root, head) == expected
