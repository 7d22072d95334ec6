"""The snapshot that answers now, and until when nobody has to look whether it still does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .shared.head import NO_COUNTERS

if TYPE_CHECKING:
    from burgee.snapshot import Function, Snapshot


class Held:
    """What answers now. Another snapshot is another object of this class.

    Attributes:
        snapshot: None where nothing was found yet.
        outdated: the daemon serves, or may serve, something else.
        counters: the head's, at which every call looks; ``sequence`` is what was seen when this was read.
        since, until: wall time, Unix seconds, within which nothing but the sequence needs to be looked at.
        live: whether the daemon lives.
        functions: by flag key, the compiled flags that were asked for and that can be answered here; none
            while ``outdated``.
    """

    __slots__ = ("counters", "functions", "live", "outdated", "sequence", "since", "snapshot", "until")

    def __init__(
        self, snapshot: Snapshot | None, *, outdated: bool, counters: Sequence[int], sequence: int
    ) -> None:
        self.snapshot = snapshot
        self.outdated = outdated
        self.counters = counters
        self.sequence = sequence
        self.since = math.inf
        self.until = -math.inf
        self.live = False
        self.functions: dict[str, Function] = {}


def nothing_held() -> Held:
    """What is held before anything was found."""
    return Held(None, outdated=True, counters=NO_COUNTERS, sequence=0)
