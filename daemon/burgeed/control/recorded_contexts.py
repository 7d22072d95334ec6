"""A sample of the contexts that evaluations were asked with; in memory only, and only where switched on.

Contexts can be personal data. They are kept nowhere else, end with the process, and are shown to whoever may
read, through ``POST /admin/v1/impact``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from burgee.json_bytes import json_bytes

LARGEST: Final = 16_384
"""Bytes of a context, as JSON, that is kept; a larger one counts as never asked with."""

_BELOW_ONE: Final = math.nextafter(1.0, 0.0)


class RecordedContexts:
    """A uniform sample of everything recorded so far (Li's algorithm L, ACM TOMS 20, 1994).

    Nearly every call of :meth:`record` counts one down and nothing else: which context is the next to be kept
    is drawn when the one before it has been.

    Args:
        limit: contexts that are kept, at least 1.
        random: a number in [0, 1).
    """

    def __init__(self, limit: int, random: Callable[[], float]) -> None:
        self._limit = limit
        self._random = random
        self._kept: list[bytes] = []
        self._weight = 1.0
        self._skips = 0
        self.too_large = 0

    @property
    def limit(self) -> int:
        """How many contexts are kept at most."""
        return self._limit

    def record(self, context: Mapping[str, Any]) -> None:
        """Take note of a context that an evaluation was asked with."""
        if self._skips:
            self._skips -= 1
            return
        self._keep(context)

    def contexts(self) -> list[dict[str, Any]]:
        """The sample, in no order that means anything."""
        return [orjson.loads(each) for each in self._kept]

    def clear(self) -> None:
        """Forget everything, and begin anew."""
        self._kept.clear()
        self._weight, self._skips = 1.0, 0

    def _keep(self, context: Mapping[str, Any]) -> None:
        try:
            data = json_bytes(dict(context))
        except (TypeError, ValueError):
            data = b""
        if not data or len(data) > LARGEST:
            self.too_large += 1
            return
        if len(self._kept) < self._limit:
            self._kept.append(data)
            if len(self._kept) < self._limit:
                return
        else:
            self._kept[int(self._random() * self._limit)] = data
        shrunk = self._weight * math.exp(math.log(self._drawn()) / self._limit)
        self._weight = min(shrunk, _BELOW_ONE)
        self._skips = int(math.log(self._drawn()) / math.log1p(-self._weight))

    def _drawn(self) -> float:
        """A number in (0, 1)."""
        return self._random() or 0.5
