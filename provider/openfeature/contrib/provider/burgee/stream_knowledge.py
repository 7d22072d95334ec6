"""What the event stream said last, for those who want to know without asking."""

from __future__ import annotations

import threading

from burgee.generation import Generation

from .clock import Clock


class StreamKnowledge:
    """The generation heard last, for as long as the daemon counts as alive.

    Reading takes no lock. Of several subscriptions only the one that is listened to is believed, so that one
    which is still ending cannot bring an old generation back.

    Args:
        clock: to tell when it is too long ago.
    """

    def __init__(self, clock: Clock) -> None:
        self._monotonic = clock.monotonic
        self._lock = threading.Lock()
        self._speaker: object = None
        self._heard: tuple[Generation, float] | None = None
        self._hangs = False

    def generation(self) -> Generation | None:
        """The generation served; None while the daemon is silent, or nobody has heard of one."""
        heard = self._heard
        return heard[0] if heard is not None and self._monotonic() < heard[1] else None

    def hangs(self) -> bool:
        """Whether a subscription that had heard the daemon before waits for it in vain."""
        return self._hangs

    def listen_to(self, speaker: object) -> None:
        """Believe this subscription from now on, and nothing that was heard so far; None believes nobody."""
        with self._lock:
            self._speaker = speaker
            self._heard = None
            self._hangs = False

    def take(self, speaker: object, generation: Generation | None, until: float) -> None:
        """Hear from a subscription what is served, believed until then in monotonic seconds.

        None says that it no longer knows.
        """
        with self._lock:
            if self._speaker is speaker:
                self._heard = None if generation is None else (generation, until)

    def wait(self, speaker: object, *, in_vain: bool) -> None:
        """Hear from a subscription whether it waits in vain: not where anything came, if only a refusal."""
        if self._hangs is not in_vain:
            with self._lock:
                if self._speaker is speaker:
                    self._hangs = in_vain

    def after_fork(self) -> None:
        """In a forked child nobody follows the daemon yet."""
        self._lock = threading.Lock()
        self._speaker = self._heard = None
        self._hangs = False
