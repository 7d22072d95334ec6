"""What subscribers of the control plane were told lately, and places in it.

A subscriber owns no queue. It is a place in the one history that all share, so that a thousand of them that
do not read cost a thousand numbers. Only the event loop's own thread may touch it.
"""

from __future__ import annotations

from collections.abc import Iterable

from burgeed.control.event_history import BYTES_LIMIT, LENGTH, EventHistory
from burgeed.control.event_subscription import EVERYTHING, EventSubscription, Selection
from burgeed.control.events import ControlEvent


class EventLog(EventHistory):
    """A history that wakes its subscribers. Arguments and attributes are those of the history."""

    def __init__(
        self, epoch: str, *, length: int = LENGTH, bytes_limit: int = BYTES_LIMIT, revision: int = 0
    ) -> None:
        super().__init__(epoch, length=length, bytes_limit=bytes_limit, revision=revision)
        self._subscriptions: set[EventSubscription] = set()

    def append(self, events: Iterable[ControlEvent]) -> tuple[ControlEvent, ...]:
        """Number the events, hold them, wake every subscriber; see :meth:`EventHistory.append`."""
        since = self.last
        numbered = super().append(events)
        if numbered:
            types = frozenset(event.type for event in numbered)
            for subscription in self._subscriptions:
                subscription.hear_of_more(since, types)
        return numbered

    def subscribe(self, selection: Selection = EVERYTHING, *, after: int | None = None) -> EventSubscription:
        """A place in the history, to be closed by its owner.

        Args:
            selection: what its owner wants to hear.
            after: the event that was heard last, which :meth:`reaches` holds for; None is the newest.
        """
        subscription = EventSubscription(
            self, selection, self.last if after is None else after, self._subscriptions.discard
        )
        self._subscriptions.add(subscription)
        return subscription

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return len(self._subscriptions)
