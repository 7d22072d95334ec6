"""What the application can know, at any moment and without asking, of what the daemon serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from burgee.snapshot import Generation


class Knowledge(Protocol):
    """Says what the daemon serves now."""

    def generation(self) -> Generation | None:
        """The generation served; None while the daemon is silent, or nobody has heard of one.

        Takes a fraction of a microsecond and waits for nothing; any thread may ask, also right after a fork.
        """
        ...


class FirstThatKnows:
    """Several sources of knowledge, the best one first: the mapped head, then the event stream.

    Args:
        sources: each asked in turn until one knows.
    """

    def __init__(self, *sources: Knowledge) -> None:
        self._asks: tuple[Callable[[], Generation | None], ...] = tuple(
            source.generation for source in sources
        )

    def generation(self) -> Generation | None:
        """What the first source that knows says."""
        for ask in self._asks:
            known = ask()
            if known is not None:
                return known
        return None
