"""How long to wait before the next attempt: a random part of a bound that doubles."""

from __future__ import annotations

from collections.abc import Callable


def full_jitter(random: Callable[[], float], failures: int, first: float, longest: float) -> float:
    """Seconds to wait.

    Args:
        random: a number in [0, 1).
        failures: attempts that failed before the one that failed last; 0 for the first failure.
        first, longest: the bound after the first failure, and after many, in seconds.
    """
    return random() * min(longest, first * 2.0 ** min(failures, 16))
