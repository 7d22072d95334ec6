"""The provider's life as the SDK drives it: initialized, told of changes, forked, shut down, in any order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.exception import ProviderNotReadyError

from burgee.wire.sync import GenerationEvent

from .announcements import Announcer, Change, StatusChanged
from .clock import Clock
from .resolver import Resolver
from .status import Status
from .stream_knowledge import StreamKnowledge
from .subscription import Progress, Subscription

PROMPT_END = 0.2
"""Seconds in which a subscription's thread ends unless something keeps it."""
JOIN_TIME = 1.0
"""Seconds that :meth:`Lifecycle.shutdown` waits for a thread that was kept."""

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class Subscribe(Protocol):
    """Makes a subscription, not started yet."""

    def __call__(
        self,
        *,
        report: Callable[[Subscription, Change], None],
        said: Callable[[Subscription, GenerationEvent], None],
        knowledge: StreamKnowledge,
        progress: Progress | None = None,
        patience: float | None = None,
    ) -> Subscription:
        """One that reports to these."""
        ...


class Lifecycle:
    """Starts and stops the subscription, and passes on what it reports.

    Args:
        subscribe: makes a subscription.
        emit: tells the SDK an event.
        resolver: is told what the daemon said, before the SDK is, and never twice at once; closed once
            nothing is started any more.
        knowledge: of the event stream.
        deadline: seconds that ``initialize`` waits for the daemon.
        clock: for waits.
    """

    def __init__(
        self,
        subscribe: Subscribe,
        emit: Callable[[ProviderEvent, ProviderEventDetails], None],
        resolver: Resolver,
        *,
        knowledge: StreamKnowledge,
        deadline: float,
        clock: Clock,
    ) -> None:
        self._subscribe = subscribe
        self._resolver = resolver
        self._knowledge = knowledge
        self._deadline = deadline
        self._lock = threading.Lock()
        self._hearing = threading.Lock()
        self._starts = 0
        self._subscription: Subscription | None = None
        self._unfinished: Progress | None = None
        self._attached = False
        self._attachments = 0
        self._discarded = False
        self.announcer = Announcer(emit, clock)

    def attached(self) -> None:
        """The SDK is about to call ``initialize``, from a thread of its own perhaps."""
        self._attached, self._discarded = True, False
        self._attachments += 1

    def detached(self) -> None:
        """The SDK wants to hear nothing any more."""
        self._attached = False
        if self._attachments:
            # Counted, since the SDK may detach a provider late, when it has attached it again.
            self._attachments -= 1
            self._discarded = not self._attachments

    def initialize(self) -> None:
        """Begin to follow the daemon and wait for its first word.

        Raises:
            ProviderNotReadyError: it did not come in time. The daemon is tried on, and READY follows. Or the
                provider was shut down before the SDK's thread came here, and nobody would end what begins.
        """
        if self._discarded:
            raise ProviderNotReadyError("the provider was shut down before it could begin; set it again")
        self.announcer.initialize_began()
        ready = False
        try:
            subscription = self._subscribe(report=self._take, said=self._hear, knowledge=self._knowledge)
            with self._lock:
                self._starts += 1
                self._unfinished = None
                before, self._subscription = self._subscription, subscription
                self._knowledge.listen_to(subscription)
            if before is not None:
                before.stop()
            subscription.start()
            ready = subscription.wait_until_ready(self._deadline)
        finally:
            self.announcer.initialize_ended(Status.READY if ready else Status.ERROR)
        if not ready:
            raise ProviderNotReadyError(
                f"not ready within {self._deadline:g} s; the daemon is tried on: {subscription.diagnosis}"
            )

    def shutdown(self) -> None:
        """Stop following; may be called twice.

        The SDK shuts a replaced provider down from another thread, which may come after the same provider was
        set and initialized again. So as many calls as there were of ``initialize`` stop it.
        """
        with self._lock:
            self._starts = max(0, self._starts - 1)
            if self._starts:
                return
            subscription, self._subscription = self._subscription, None
            self._unfinished = None
            self._knowledge.listen_to(None)
            self.announcer.forget()
        if subscription is not None:
            subscription.stop()
            if not subscription.join(PROMPT_END):
                self._close_unless_started()  # what keeps it may be waiting for what is closed here
                if not subscription.join(JOIN_TIME):
                    _logger.debug("the subscription's thread is still ending")
        self._close_unless_started()

    def resume(self) -> None:
        """In a forked child: follow the daemon again where the parent did, or was about to."""
        self.announcer.go_on()
        with self._lock:
            progress, self._unfinished = self._unfinished, None
            if progress is None:
                return
            subscription = self._subscribe(
                report=self._take,
                said=self._hear,
                knowledge=self._knowledge,
                progress=progress,
                patience=self._deadline,
            )
            self._starts = max(1, self._starts)
            self._subscription = subscription
            self._knowledge.listen_to(subscription)
            try:
                subscription.start()
            except RuntimeError as error:  # no more threads, or the interpreter is ending
                self._subscription, self._unfinished = None, progress
                _logger.warning("the daemon cannot be followed in this forked process: %s", error)

    def after_fork(self) -> None:
        """In a forked child: the subscription's thread and the thread in ``initialize`` are gone."""
        self._lock = threading.Lock()
        self._hearing = threading.Lock()
        self._knowledge.after_fork()
        subscription, self._subscription = self._subscription, None
        status = self.announcer.announced
        if subscription is not None:
            subscription.abandon()
            self._unfinished = Progress(status or Status.STARTING, subscription.heard)
        elif self._attached and status is None:
            self._unfinished = Progress(Status.STARTING, None)
        self._starts = 1 if self._unfinished else 0
        self.announcer.after_fork()

    def _close_unless_started(self) -> None:
        with self._lock:
            if not self._starts:
                self._resolver.close()

    def _hear(self, subscription: Subscription, event: GenerationEvent) -> None:
        with self._hearing:
            if self._subscription is subscription:
                self._resolver.daemon_is_back()
                self._resolver.daemon_said(event)

    def _take(self, subscription: Subscription, change: Change) -> None:
        with self._lock:
            if self._subscription is not subscription:
                return
            if isinstance(change, StatusChanged):
                self._follow_suit(subscription.status)
        self.announcer.announce(change)

    def _follow_suit(self, status: Status) -> None:
        """Have answers agree with the status before it is told; with the newest, since reports may cross."""
        if status is Status.STALE:
            self._resolver.daemon_is_silent()
        elif status is Status.READY:
            self._resolver.daemon_is_back()
