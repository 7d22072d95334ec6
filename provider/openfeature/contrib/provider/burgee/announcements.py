"""Telling the SDK what happened, in order, without making anybody wait for it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode

from burgee.generation import Generation

from . import forks
from .clock import Clock
from .status import Status

MOST_PENDING = 100
"""Changes that may wait to be told; more are drawn together."""
AFTER_INITIALIZE = 1.0
"""Seconds for which the SDK is given the chance to announce how ``initialize`` ended."""

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class StatusChanged(NamedTuple):
    """The daemon's status is another now; ``message`` says why."""

    status: Status
    message: str


class ConfigurationChanged(NamedTuple):
    """Answers may differ from now on.

    Attributes:
        flags: keys, in order; None where it is not known which.
        message: for a person.
        generation: what is served now.
    """

    flags: tuple[str, ...] | None
    message: str
    generation: Generation


Change: TypeAlias = StatusChanged | ConfigurationChanged


class Announcer:
    """Tells changes to the SDK from a thread that lives only while there are some to tell.

    Whoever follows the daemon is thus never held up by what the SDK, or an application in its place, does
    with an event. Nothing is told while ``initialize`` runs and until the SDK has announced how it ended: it
    would overwrite what it was told before.

    Args:
        emit: tells the SDK one event.
        clock: for waits.

    Attributes:
        announced: the status that the SDK was told last, or announced itself; None before.
        holding: nothing is told for now; a plain attribute, since every evaluation looks at it.
    """

    def __init__(self, emit: Callable[[ProviderEvent, ProviderEventDetails], None], clock: Clock) -> None:
        self._emit = emit
        self._clock = clock
        self._lock = threading.Lock()
        self._stirred = threading.Event()
        self._pending: deque[Change] = deque()
        self._telling = False
        self._initializing: dict[int, float | None] = {}
        self._outcome: Status | None = None
        self.announced: Status | None = None
        self.holding = False

    def initialize_began(self) -> None:
        """Hold everything back, and forget what is of the time before; called by the thread that runs it."""
        with self._lock:
            self._initializing[threading.get_ident()] = None
            self._pending.clear()
            self.announced = None
            self.holding = True

    def initialize_ended(self, outcome: Status) -> None:
        """The same thread is about to return to the SDK, which will announce this outcome."""
        with self._lock:
            until = self._clock.monotonic() + AFTER_INITIALIZE
            self._initializing[threading.get_ident()] = until
            self._outcome = outcome
        self._stirred.set()

    def asked_for_metadata(self) -> None:
        """Somebody asked for the provider's name.

        The SDK does so for each event that it announces, right after it took over its status. So the first
        time after ``initialize`` on the thread that ran it, the end of ``initialize`` is announced.
        """
        with self._lock:
            if self._initializing.get(threading.get_ident()) is not None:
                self._release(threading.get_ident())
        self._stirred.set()

    def announce(self, change: Change) -> None:
        """Tell a change after all those before it."""
        with self._lock:
            self._pending.append(change)
            if len(self._pending) > MOST_PENDING:
                self._draw_together()
        self.go_on()

    def go_on(self) -> None:
        """See to it that what is pending is told."""
        with self._lock:
            start = bool(self._pending) and not self._telling
            self._telling = self._telling or start
        if start:
            try:
                threading.Thread(target=self._run, name="burgee-events", daemon=True).start()
            except RuntimeError as error:  # no more threads, or the interpreter is ending
                self._telling = False
                _logger.debug("an event cannot be told", exc_info=error)

    def forget(self) -> None:
        """Tell nothing of what is still pending."""
        with self._lock:
            self._pending.clear()
            self.announced = None
        self._stirred.set()

    def after_fork(self) -> None:
        """In a forked child: go on with the changes that the parent had not told yet.

        A pending status is not among them: the child finds out by itself.
        """
        self._lock = threading.Lock()
        self._stirred = threading.Event()
        self._pending = deque(one for one in self._pending if isinstance(one, ConfigurationChanged))
        self._telling = False
        self._initializing = {}
        self.holding = False

    def _run(self) -> None:
        while True:
            self._stirred.clear()
            held = self._held_for()
            if held > 0:
                self._clock.wait(self._stirred, held)
            elif not self._tell_one():
                return

    def _held_for(self) -> float:
        """Seconds until the pending changes may be told, unless something happens before."""
        with self._lock:
            if not self._pending:
                return 0.0
            now = self._clock.monotonic()
            for thread, until in list(self._initializing.items()):
                if until is not None and until <= now:
                    self._release(thread)
            return max(
                (until - now if until else 3600.0 for until in self._initializing.values()), default=0.0
            )

    def _release(self, thread: int) -> None:
        del self._initializing[thread]
        if not self._initializing:
            self.announced = self._outcome
            self.holding = False

    def _tell_one(self) -> bool:
        """Tell the oldest change; whether there was one."""
        with forks.emission():
            with self._lock:
                if not self._pending:
                    self._telling = False
                    return False
                if self._initializing:
                    return True
                change = self._pending.popleft()
                if isinstance(change, StatusChanged):
                    self.announced = change.status
            try:
                self._emit(*_event(change))
            except Exception as error:
                _logger.debug("the SDK did not take %s", change, exc_info=error)
        return True

    def _draw_together(self) -> None:
        """Keep what matters: the newest status, and that something changed."""
        statuses = [one for one in self._pending if isinstance(one, StatusChanged)]
        changes = [one for one in self._pending if isinstance(one, ConfigurationChanged)]
        self._pending.clear()
        self._pending.extend(statuses[-1:])
        if changes:
            message = f"{len(changes)} changes in a row could not be told one by one"
            self._pending.append(ConfigurationChanged(None, message, changes[-1].generation))


def _event(change: Change) -> tuple[ProviderEvent, ProviderEventDetails]:
    if isinstance(change, ConfigurationChanged):
        return ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, ProviderEventDetails(
            flags_changed=None if change.flags is None else list(change.flags),
            message=change.message,
            metadata={"burgee.generation": str(change.generation)},
        )
    if change.status is Status.READY:
        return ProviderEvent.PROVIDER_READY, ProviderEventDetails(message=change.message)
    if change.status is Status.STALE:
        return ProviderEvent.PROVIDER_STALE, ProviderEventDetails(message=change.message)
    details = ProviderEventDetails(message=change.message, error_code=ErrorCode.PROVIDER_NOT_READY)
    return ProviderEvent.PROVIDER_ERROR, details
