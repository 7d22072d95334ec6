"""The provider's life as the SDK drives it: initialized, told of changes, shut down, in any order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderNotReadyError

from .status import Status
from .subscription import ConfigurationChanged, StatusChanged, Subscription

JOIN_TIME = 1.5
"""Seconds that :meth:`Lifecycle.shutdown` waits for the subscription's thread."""

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class Lifecycle:
    """Starts and stops the subscription, and passes on what it reports.

    Args:
        subscribe: makes a subscription, not started yet, that reports to its argument ``report``.
        emit: tells the SDK an event.
        close: gives back what evaluations hold; called once nothing is started any more.
    """

    def __init__(
        self,
        subscribe: Callable[..., Subscription],
        emit: Callable[[ProviderEvent, ProviderEventDetails], None],
        close: Callable[[], None],
    ) -> None:
        self._subscribe = subscribe
        self._emit = emit
        self._close = close
        self._lock = threading.Lock()
        self._starts = 0
        self._subscription: Subscription | None = None

    def initialize(self, deadline: float) -> None:
        """Begin to follow the daemon and wait for its first word.

        Args:
            deadline: seconds to wait.

        Raises:
            ProviderNotReadyError: it did not come in time. The daemon is tried on, and READY follows.
        """
        subscription = self._subscribe(report=self._take)
        with self._lock:
            self._starts += 1
            before, self._subscription = self._subscription, subscription
        if before is not None:
            before.stop()
        subscription.start()
        if not subscription.wait_until_ready(deadline):
            raise ProviderNotReadyError(
                f"the daemon did not answer within {deadline:g} s and is tried on: {subscription.diagnosis}"
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
        if subscription is not None:
            subscription.stop()
            if not subscription.join(JOIN_TIME):
                _logger.warning("the subscription's thread is still ending")
        with self._lock:
            started_again = self._starts > 0
        if not started_again:
            self._close()

    def _take(self, subscription: Subscription, change: StatusChanged | ConfigurationChanged) -> None:
        if self._subscription is not subscription:
            return
        if isinstance(change, ConfigurationChanged):
            details = ProviderEventDetails(
                flags_changed=None if change.flags is None else list(change.flags),
                message=change.message,
                metadata={"burgee.generation": str(change.generation)},
            )
            self._emit(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, details)
        elif change.status is Status.READY:
            self._emit(ProviderEvent.PROVIDER_READY, ProviderEventDetails(message=change.message))
        elif change.status is Status.STALE:
            self._emit(ProviderEvent.PROVIDER_STALE, ProviderEventDetails(message=change.message))
        else:
            details = ProviderEventDetails(message=change.message, error_code=ErrorCode.PROVIDER_NOT_READY)
            self._emit(ProviderEvent.PROVIDER_ERROR, details)
