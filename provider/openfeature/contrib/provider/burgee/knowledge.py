"""What the application can know, at any moment and without asking, of what the daemon serves."""

from __future__ import annotations

from typing import Protocol

from burgee.generation import Generation


class Knowledge(Protocol):
    """Says what the daemon serves now."""

    def generation(self) -> Generation | None:
        """The generation served; None while the daemon is silent, or nobody has heard of one.

        Takes a fraction of a microsecond and waits for nothing; any thread may ask, also right after a fork.
        """
        ...

    def hangs(self) -> bool:
        """Whether the daemon, which was heard before, is waited for in vain, as a question would be, too.

        Costs as little. False where nobody follows the daemon, and where it refuses that: so it speaks.
        """
        ...


class NobodyKnows:
    """Knowledge where there is neither a head nor a stream."""

    def generation(self) -> Generation | None:
        """None."""
        return None

    def hangs(self) -> bool:
        """No."""
        return False
