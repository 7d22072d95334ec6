"""What asks for answers has to offer, whether it asks the daemon or evaluates here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from burgee.context import Context
from burgee.resolution import Resolution
from burgee.value import FlagType
from burgee.wire.sync import GenerationEvent

from .cache_statistics import CacheStatistics

AtOnce: TypeAlias = Callable[[str, FlagType, Context], Resolution | None]


class Resolver(Protocol):
    """Answers evaluations, and never raises.

    The Resolution's value is of the type asked for, or the Resolution is a TYPE_MISMATCH. Others may be given
    the same one, so nothing of it is to be altered. ``context`` is read only.
    """

    @property
    def at_once(self) -> AtOnce:
        """Answers without waiting for anything: (flag key, type, context) -> the answer, or None.

        None where the daemon has to be asked, by :meth:`ask` or :meth:`ask_async`. It is one function for as
        long as the resolver lives, so that whoever calls it for each evaluation may hold on to it.
        """
        ...

    def ask(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution:
        """Answer what :attr:`at_once` could not, blocking at most for the deadline."""
        ...

    async def ask_async(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution:
        """The same without ever blocking the event loop, within the deadline."""
        ...

    def prefetch(self, context: Context) -> int:
        """Ask for all flags for one context and keep the answers, blocking at most for the deadline.

        Returns:
            How many are kept; 0 where nothing has to be fetched, and where it cannot be had.
        """
        ...

    async def prefetch_async(self, context: Context) -> int:
        """The same, without ever blocking the event loop."""
        ...

    def cache_statistics(self) -> CacheStatistics:
        """How the cache of the daemon's answers did so far."""
        ...

    def daemon_is_silent(self) -> None:
        """Hear that the daemon is taken for gone.

        What is given from memory once this returned, and until :meth:`daemon_is_back`, has the reason STALE.
        """
        ...

    def daemon_is_back(self) -> None:
        """Hear from the subscription that the daemon answers again."""
        ...

    def daemon_said(self, event: GenerationEvent) -> None:
        """Hear from the subscription, before anybody else, that answers may differ from now on.

        May take its time, unless :meth:`close` is called meanwhile. Never called twice at once. Raises
        Unreachable where what the daemon said cannot be had; it is said again over the next stream.
        """
        ...

    def after_fork(self) -> None:
        """In a forked child: give up what belongs to the parent, without waiting for anything."""
        ...

    def close(self) -> None:
        """Give back what is held; may be called twice, and the resolver be used again afterwards."""
        ...
