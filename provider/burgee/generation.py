"""Which snapshot it is: a generation names it, wherever it or an answer of it goes."""

from __future__ import annotations

from typing import NamedTuple


class Generation(NamedTuple):
    """A snapshot's identity. Two are compared for equality; order holds within one epoch only.

    Attributes:
        epoch: random text, made with a new state directory.
        number: counts up within the epoch.
    """

    epoch: str
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.number}"

    @classmethod
    def parse(cls, text: str) -> Generation:
        """Read what ``str`` wrote; ValueError where it did not."""
        epoch, dash, number = text.rpartition("-")
        if not dash or not epoch:
            raise ValueError(f"{text!r} is not a generation: <epoch>-<number>")
        return cls(epoch, int(number))


NO_GENERATION = Generation("none", 0)
"""What a snapshot has that no daemon published."""
