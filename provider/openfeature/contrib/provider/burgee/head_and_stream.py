"""What the daemon serves, by its head where one is mapped, else by its event stream."""

from __future__ import annotations

from burgee.generation import Generation

from .knowledge import Knowledge
from .shared.watch import HeadWatch


class HeadAndStream:
    """Knowledge from both. The head moves first; the stream is not believed where it lags behind.

    While the daemon is taken for gone (:meth:`fall_silent`) the head is not believed: its age is counted from
    when somebody looked, so it can seem alive for a while after the provider has told that it is STALE.

    Args:
        watch: of the head.
        heard: what the event stream says.

    Attributes:
        hangs: whether a question would be waited for in vain, as the event stream is.
    """

    def __init__(self, watch: HeadWatch, heard: Knowledge) -> None:
        self._watch = watch
        self._watched = watch.generation
        self._supersedes = watch.supersedes
        self._heard = heard.generation
        self._taken_for_gone = False
        self.hangs = heard.hangs

    def generation(self) -> Generation | None:
        """The generation served; None while the daemon is silent, or what it serves is not known yet."""
        generation = None if self._taken_for_gone else self._watched()
        if generation is None:
            generation = self._heard()
            if self._supersedes(generation):
                return None
        return generation

    def is_alive(self) -> bool:
        """Whether the daemon counts as alive. Looks at the head in any case, so that a new one is found."""
        beats = self._watch.generation() is not None or self._watch.is_beating()
        return (beats and not self._taken_for_gone) or self._heard() is not None

    def fall_silent(self) -> None:
        """Take the daemon for gone, until the event stream says what it serves or :meth:`speak_again`."""
        self._taken_for_gone = True

    def speak_again(self) -> None:
        """Believe the head again."""
        self._taken_for_gone = False
