"""flagd's ``fractional``: weighted buckets of a value, in its second and its third generation.

The second (flagd 0.15.0 and later) hashes text; the third (flagd ADR "fractional non-string rand units",
testbed 3.9.0) hashes the deterministic CBOR (RFC 8949, section 4.2.1) of any value. Both use
murmur3_x86_32, unsigned.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

import cbor2
import mmh3

from burgee.bucket import LARGEST_TOTAL, FractionalVersion
from burgee.javascript import DEPTH_LIMIT, ComputationTooLarge

_LOWEST, _HIGHEST = -(2**63), 2**64 - 1
_NO_UNIT: Final = object()


def fractional(
    operands: Sequence[Any], flag_key: str, targeting_key: object, version: FractionalVersion
) -> Any:
    """Return the chosen variant of evaluated operands, or None where they name none.

    Args:
        operands: the value that is hashed, if given, then buckets: ``[variant]`` or ``[variant, weight]``.
        flag_key: with ``targeting_key``, what is hashed where the operands do not say.
    """
    unit, buckets = _unit(operands, flag_key, targeting_key, version)
    if unit is _NO_UNIT or not buckets:
        return None
    weights = [_weight(each) for each in buckets]
    if any(weight is None for weight in weights):
        return None
    total = sum(weight for weight in weights if weight is not None)
    if not 1 <= total <= LARGEST_TOTAL:
        return None
    try:
        data = unit.encode("utf-8", "surrogatepass") if version == 2 else cbor2.dumps(unit, canonical=True)
    except (ValueError, OverflowError, cbor2.CBOREncodeError):
        return None
    position = (mmh3.mmh3_32_uintdigest(data, 0) * total) >> 32
    reached = 0
    for each, weight in zip(buckets, weights, strict=True):
        reached += weight or 0
        if position < reached:
            return each[0]
    return None


class Shares(NamedTuple):
    """Buckets that are written down.

    Attributes:
        variants: in the order of the document.
        reached: the sum of the weights up to and with each.
        total: of all.
    """

    variants: tuple[Any, ...]
    reached: tuple[int, ...]
    total: int


def fixed_shares(buckets: Sequence[Sequence[Any]]) -> Shares | None:
    """Add weights that are written down; None where they cannot be divided by."""
    weights = [_weight(list(bucket)) for bucket in buckets]
    sound = [weight for weight in weights if weight is not None]
    if len(sound) != len(weights) or not 1 <= sum(sound) <= LARGEST_TOTAL:
        return None
    return Shares(tuple(bucket[0] for bucket in buckets), tuple(accumulate(sound)), sum(sound))


def choose_share(shares: Shares, flag_key: str, unit: Any, targeting_key: object) -> Any:
    """What :func:`fractional` of the second generation gives for buckets that are written down.

    Raises:
        ValueError: the text to be hashed is none that UTF-8 can hold.
        TypeError: the unit is no text.
    """
    if unit.__class__ is not str:
        if unit is not None:
            raise TypeError("what is no text may be a bucket")
        if not isinstance(targeting_key, str) or not targeting_key:
            return None
        unit = flag_key + targeting_key
    # Encoded here: mmh3 ends the process when it is given text with a lone surrogate.
    position = (mmh3.mmh3_32_uintdigest(unit.encode(), 0) * shares.total) >> 32
    return shares.variants[bisect_right(shares.reached, position)]


def _unit(
    operands: Sequence[Any], flag_key: str, targeting_key: object, version: FractionalVersion
) -> tuple[Any, Sequence[Any]]:
    first, rest = (operands[0], operands[1:]) if operands else (None, ())
    if isinstance(first, str):
        return first, rest
    if version == 3 and operands and not isinstance(first, list | tuple):
        return (_NO_UNIT if first is None else _plain(first)), rest
    # The second generation forgives a value that is not there, and takes the targeting key.
    buckets = rest if version == 2 and first is None else operands
    if not isinstance(targeting_key, str) or not targeting_key:
        return _NO_UNIT, ()
    return (flag_key + targeting_key if version == 2 else [flag_key, targeting_key]), buckets


def _weight(bucket: object) -> int | None:
    if not isinstance(bucket, list | tuple) or not 1 <= len(bucket) <= 2:
        return None
    if len(bucket) == 1:
        return 1
    weight = bucket[1]
    if isinstance(weight, float) and weight.is_integer():
        weight = int(weight)
    if not isinstance(weight, int) or isinstance(weight, bool):
        return None
    return max(weight, 0)


def _plain(value: Any, depth: int = 0) -> Any:
    """Whole floats become integers and -0.0 becomes 0, so that 1 and 1.0 are one unit.

    Raises:
        ComputationTooLarge: it nests deeper than DEPTH_LIMIT.
    """
    if depth > DEPTH_LIMIT:
        raise ComputationTooLarge(f"`fractional` takes what nests deeper than {DEPTH_LIMIT} for a unit")
    if (
        isinstance(value, float)
        and math.isfinite(value)
        and value.is_integer()
        and _LOWEST <= value <= _HIGHEST
    ):
        return int(value)
    if isinstance(value, list | tuple):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each, depth + 1) for key, each in value.items()}
    return value
