"""Whether the daemon is there, as a state machine that is told of time and of what was heard."""

from __future__ import annotations

from enum import StrEnum

from burgee.wire.sync import SILENT_AFTER


class Status(StrEnum):
    """What the provider can say of the daemon."""

    STARTING = "STARTING"
    READY = "READY"
    STALE = "STALE"
    ERROR = "ERROR"


class StatusMachine:
    """STARTING -> READY <-> STALE -> ERROR -> READY; each change is returned once, to be announced.

    The first change to READY, or the giving up before it, is not returned: the SDK announces how
    ``initialize`` ended.

    Args:
        silent_after: seconds without a byte after which the daemon counts as silent.
        grace: seconds from STALE to ERROR.
    """

    def __init__(self, *, silent_after: float = SILENT_AFTER, grace: float = 10.0) -> None:
        self._silent_after = silent_after
        self._grace = grace
        self._heard_at = 0.0
        self._stale_since = 0.0
        self.status = Status.STARTING

    def generation(self, now: float) -> Status | None:
        """A stream said what is served: the daemon is there."""
        self._heard_at = now
        before, self.status = self.status, Status.READY
        return Status.READY if before in (Status.STALE, Status.ERROR) else None

    def heard(self, now: float) -> None:
        """Bytes came over a stream that had said what is served."""
        self._heard_at = now

    def tick(self, now: float) -> Status | None:
        """Time went by."""
        due = self.due()
        if due is None or now < due:
            return None
        if self.status is Status.READY:
            self.status = Status.STALE
            self._stale_since = now
        else:
            self.status = Status.ERROR
        return self.status

    def gave_up(self) -> None:
        """``initialize`` did not live to see the daemon."""
        if self.status is Status.STARTING:
            self.status = Status.ERROR

    def due(self) -> float | None:
        """When ``tick`` will have something to say, unless something is heard before."""
        if self.status is Status.READY:
            return self._heard_at + self._silent_after
        if self.status is Status.STALE:
            return self._stale_since + self._grace
        return None
