"""Interleaved rounds, and the statistics of what was measured in them.

On a shared machine two identical programs measured one after the other may differ by a fifth. So all arms of
a benchmark are measured in every round, in several short passes of alternating order, and a ratio is taken
within each round: what slows the machine down for a while slows both sides of it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

Measured = TypeVar("Measured")


class Arm(NamedTuple, Generic[Measured]):
    """One thing to be measured.

    Attributes:
        name: of its row.
        measure: does one pass's work and returns what it measured.
    """

    name: str
    measure: Callable[[], Measured]


class Interval(NamedTuple):
    """The least, the middle and the greatest of several rounds."""

    low: float
    middle: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})"


def interleave(
    arms: Sequence[Arm[Measured]], rounds: int, *, passes: int = 1
) -> dict[str, list[list[Measured]]]:
    """Measure every arm in every pass of every round, in alternating order; one pass before is not kept.

    Args:
        arms: with different names.
        rounds: how many.
        passes: of each round.

    Returns:
        By the arm's name, for each round, what was measured in each pass.
    """
    for arm in arms:
        arm.measure()
    measured: dict[str, list[list[Measured]]] = {arm.name: [[] for _ in range(rounds)] for arm in arms}
    for number in range(rounds * passes):
        for arm in arms if number % 2 else reversed(arms):
            measured[arm.name][number // passes].append(arm.measure())
    return measured


def ratios(over: Sequence[float], under: Sequence[float]) -> Interval:
    """The interval of the ratios within each round.

    Args:
        over: one figure a round.
        under: what each is divided by.
    """
    return interval([upper / lower for upper, lower in zip(over, under, strict=True)])


def interval(figures: Sequence[float]) -> Interval:
    """The interval of one figure a round."""
    return Interval(min(figures), statistics.median(figures), max(figures))


def joined(rounds: Sequence[Sequence[Sequence[Measured]]]) -> list[list[Measured]]:
    """The samples of each round, its passes put together."""
    return [[sample for each in passes for sample in each] for passes in rounds]


def medians(rounds: Sequence[Sequence[float]]) -> list[float]:
    """Each round's median."""
    return [statistics.median(each) for each in rounds]


def percentile(rounds: Sequence[Sequence[float]], share: float) -> float:
    """The percentile of all rounds together, a figure that occurred; ``share`` is 0 to 1."""
    ordered = sorted(figure for each in rounds for figure in each)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
