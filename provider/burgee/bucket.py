"""Buckets: which variant of a split, and whether a ramp has reached someone.

murmur3_x86_32 over UTF-8, unsigned, ``(hash * total) >> 32``: what flagd's ``fractional`` computes in
its second generation (flagd 0.15.0 and later).
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import mmh3

FractionalVersion: TypeAlias = Literal[2, 3]
"""The generation of flagd's ``fractional``: 2 since flagd 0.15.0, 3 as accepted for a later one."""

LARGEST_TOTAL: Final = 2**31 - 1
"""The largest sum of weights, as flagd has it."""

RAMP_STEPS: Final = 1000
"""A ramp moves in this many equal steps, so that its edges in time are finite: 0.1 % each."""


def bucket(seed: str, key: str, total: int) -> int:
    """Return the bucket of ``seed + key``, from 0 up to but not including ``total``.

    Args:
        seed: text put before the key, usually the flag's key.
        key: the targeting key, or the value of the attribute that buckets are made by.
        total: the number of buckets, 1 to 2**31 - 1.
    """
    # Encoded here: mmh3 ends the process when it is given text with a lone surrogate.
    digest: int = mmh3.mmh3_32_uintdigest((seed + key).encode("utf-8", "surrogatepass"), 0)
    return (digest * total) >> 32


def least_digest(reached: int, total: int) -> int:
    """The least digest whose bucket is not below ``reached``.

    For every digest of 32 bits ``(digest * total) >> 32 < reached`` holds exactly when it is below this.
    """
    return -(-(reached << 32) // total)


def chosen_variant(weights: tuple[tuple[str, int], ...], position: int) -> str:
    """Return the first variant whose cumulative weight exceeds ``position``.

    Args:
        weights: (variant, weight) in cumulative order, with a sum above ``position``.
        position: a bucket, see :func:`bucket`.
    """
    reached = 0
    for variant, weight in weights:
        reached += weight
        if position < reached:
            return variant
    raise AssertionError("a bucket lies below the total of its weights")


def ramp_step(start: float, complete: float, now: float) -> int:
    """How many of RAMP_STEPS a ramp has gone at ``now``, 0 to RAMP_STEPS.

    Args:
        start: when it leaves 0 %, seconds since the Unix epoch.
        complete: when it reaches 100 %, after ``start``.
        now: the instant asked about.
    """
    if now < start:
        return 0
    if now >= complete:
        return RAMP_STEPS
    step = int((now - start) / (complete - start) * RAMP_STEPS)
    # Rounding may have put an instant on the wrong side of its edge: the edges decide.
    if _edge(start, complete, step) > now:
        return step - 1
    return step + 1 if _edge(start, complete, step + 1) <= now else step


def next_ramp_edge(start: float, complete: float, now: float) -> float | None:
    """The next instant after ``now`` at which :func:`ramp_step` changes, or None once complete."""
    step = ramp_step(start, complete, now)
    return None if step >= RAMP_STEPS else _edge(start, complete, step + 1)


def _edge(start: float, complete: float, step: int) -> float:
    return complete if step >= RAMP_STEPS else start + (complete - start) * (step / RAMP_STEPS)
