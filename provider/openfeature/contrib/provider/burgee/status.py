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

    Args:
        now: monotonic seconds.
        since: what was announced last, where an earlier machine's work is taken over.
        silent_after: seconds without a byte after which the daemon counts as silent.
        grace: seconds from STALE to ERROR.
        patience: seconds from STARTING to ERROR where nobody waits for the start. None where ``initialize``
            does: then the SDK announces how it ended, and neither the first READY nor :meth:`gave_up` is
            returned.
    """

    def __init__(
        self,
        now: float,
        *,
        since: Status = Status.STARTING,
        silent_after: float = SILENT_AFTER,
        grace: float = 10.0,
        patience: float | None = None,
    ) -> None:
        self._silent_after = silent_after
        self._grace = grace
        self._patience = patience
        self._heard_at = now
        self._entered_at = now
        self.status = since

    def heard(self, at: float) -> Status | None:
        """Bytes came over a stream that has said what is served: the daemon is there."""
        self._heard_at = at
        before, self.status = self.status, Status.READY
        if before is Status.READY or (before is Status.STARTING and self._patience is None):
            return None
        return Status.READY

    def tick(self, now: float) -> Status | None:
        """Time went by."""
        due = self.due()
        if due is None or now < due:
            return None
        return self._enter(Status.STALE if self.status is Status.READY else Status.ERROR, now)

    def fell_back(self, now: float) -> Status | None:
        """The daemon is not there at the start, and something else answers in its place."""
        return self._enter(Status.STALE, now) if self.status is Status.STARTING else None

    def gave_up(self) -> None:
        """``initialize`` did not live to see the daemon."""
        if self.status is Status.STARTING:
            self.status = Status.ERROR

    def due(self) -> float | None:
        """When ``tick`` will have something to say, unless something is heard before."""
        if self.status is Status.READY:
            return self._heard_at + self._silent_after
        if self.status is Status.STALE:
            return self._entered_at + self._grace
        if self.status is Status.STARTING and self._patience is not None:
            return self._entered_at + self._patience
        return None

    def _enter(self, status: Status, now: float) -> Status:
        self.status = status
        self._entered_at = now
        return status
