"""What the daemon serves, by its head where one is mapped, else by its event stream."""

from __future__ import annotations

from burgee.snapshot import Generation

from .knowledge import Knowledge
from .shared.watch import HeadWatch


class HeadAndStream:
    """Knowledge from both. The head moves first; the stream is not believed where it lags behind.

    Args:
        watch: of the head.
        heard: what the event stream says.
    """

    def __init__(self, watch: HeadWatch, heard: Knowledge) -> None:
        self._watched = watch.generation
        self._supersedes = watch.supersedes
        self._heard = heard.generation

    def generation(self) -> Generation | None:
        """The generation served; None while the daemon is silent, or what it serves is not known yet."""
        generation = self._watched()
        if generation is None:
            generation = self._heard()
            if self._supersedes(generation):
                return None
        return generation
