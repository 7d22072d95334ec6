"""How long the chains of prerequisites beneath a flag are: the same whoever asks, in whatever order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from burgee.flag import Flag
from burgee.snapshot import FlagSet

REQUIRES_DEPTH_LIMIT: Final = 32
"""How long a chain of prerequisites may be. A longer one counts as unmet."""


def chain_lengths(flag_set: FlagSet, flag: Flag) -> Mapping[str, int]:
    """The length of the longest chain beneath a flag, and beneath each that it requires, however indirectly.

    A flag that answers before its prerequisites are asked (disabled, killed) ends a chain.

    Returns:
        By key. What leads into a circle, which the reader refuses, is left out.
    """
    required = _required(flag_set, flag)
    dependents: defaultdict[str, list[str]] = defaultdict(list)
    for key, keys in required.items():
        for each in keys:
            dependents[each].append(key)
    waiting = {key: len(keys) for key, keys in required.items()}
    ready = [key for key, count in waiting.items() if not count]
    lengths: dict[str, int] = {}
    while ready:
        key = ready.pop()
        lengths[key] = max((lengths[each] + 1 for each in required[key]), default=0)
        for dependent in dependents[key]:
            waiting[dependent] -= 1
            if not waiting[dependent]:
                ready.append(dependent)
    return lengths


def is_within_limit(lengths: Mapping[str, int], flag_key: str) -> bool:
    """Whether a chain may have one flag more than there are beneath ``flag_key``."""
    return flag_key in lengths and lengths[flag_key] < REQUIRES_DEPTH_LIMIT


def _required(flag_set: FlagSet, flag: Flag) -> dict[str, frozenset[str]]:
    """The keys that each flag from here downwards asks for; none for one that is not there."""
    found: dict[str, frozenset[str]] = {}
    waiting: list[tuple[str, Flag | None]] = [(flag.key, flag)]
    while waiting:
        key, each = waiting.pop()
        if key in found:
            continue
        if each is None or not each.enabled or key in flag_set.kills:
            found[key] = frozenset()
            continue
        found[key] = frozenset(name for name, _ in each.requires)
        waiting.extend((name, flag_set.flags.get(name)) for name in found[key])
    return found
