"""Every tracked event passes here: it is counted by its name, and handed on to the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from burgee.wire.tracking import TrackedEvent
from burgeed.tracking.file import EventFile

MOST_NAMES = 1_000
"""Names that are counted apart; events of further names are counted together."""


class TrackedEvents:
    """What the applications have told since the daemon started.

    Args:
        file: where the events are kept; None only counts them.
    """

    def __init__(self, file: EventFile | None = None) -> None:
        self._file = file
        self._accepted = 0
        self._by_name: dict[str, int] = {}
        self._of_other_names = 0

    def take(self, events: Sequence[TrackedEvent]) -> None:
        """Count events and hand them on; never waits."""
        self._accepted += len(events)
        for event in events:
            if event.name in self._by_name or len(self._by_name) < MOST_NAMES:
                self._by_name[event.name] = self._by_name.get(event.name, 0) + 1
            else:
                self._of_other_names += 1
        if self._file is not None:
            self._file.put(events)

    def reopen(self) -> None:
        """Write to whatever file has the path now."""
        if self._file is not None:
            self._file.reopen()

    def report(self, *, full: bool) -> dict[str, Any]:
        """This as JSON has it; in full with the events' names and the file's path."""
        report: dict[str, Any] = {
            "accepted": self._accepted,
            "names": len(self._by_name),
            "ofOtherNames": self._of_other_names,
            "file": None if self._file is None else self._file.report(full=full),
        }
        if full:
            report["byName"] = dict(self._by_name)
        return report
