"""The OpenFeature provider."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.hook import Hook
from openfeature.provider import AbstractProvider, Metadata

from burgee.value import FlagType

from .clock import Clock, Random, SystemClock
from .options import Options
from .remote import RemoteResolver, addresses_of
from .resolver import Resolver
from .status import Status
from .subscription import ConfigurationChanged, StatusChanged, Subscription
from .translation import InvalidContext, error_details, to_context, to_details
from .transports.endpoint import Whereabouts

JOIN_TIME = 1.5
"""Seconds that ``shutdown`` waits for the subscription's thread."""

_ObjectValue = Sequence[FlagValueType] | Mapping[str, FlagValueType]
_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class BurgeeProvider(AbstractProvider):
    """Answers from the Burgee daemon beside the application.

    Every argument is an option and may come from the environment instead (``BURGEE_ADDRESS`` and so on);
    see :class:`Options` for what each means and its default.

    Args:
        address: ``unix:///path`` or ``http://host:port``; None searches.
        resolver: ``remote``.
        deadline: seconds that one evaluation may take, all in all.
        initialize_deadline: seconds that ``initialize`` waits for the daemon.
        cache_size: how many last known answers are kept.
        selector: which flag set to see.
        grace: seconds from STALE to ERROR.
        connections: asynchronous evaluations of one event loop at once.
        clock: for tests.
        random: for jitter; for tests.

    Raises:
        OptionsError: an option cannot be; a ValueError that names each fault and its remedy.

    Evaluations never raise, and never wait past the deadline. While the daemon fails they answer what it said
    last for the same flag, type and context, with the reason STALE, else the default value and an error code.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        resolver: str | None = None,
        deadline: float | None = None,
        initialize_deadline: float | None = None,
        cache_size: int | None = None,
        selector: str | None = None,
        grace: float | None = None,
        connections: int | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        super().__init__()
        self.options = Options.gather(
            os.environ,
            address=address,
            resolver=resolver,
            deadline=deadline,
            initialize_deadline=initialize_deadline,
            cache_size=cache_size,
            selector=selector,
            grace=grace,
            connections=connections,
        )
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._metadata = Metadata(name="burgee")
        self._places = tuple(Whereabouts(place, self._clock) for place in addresses_of(self.options))
        self._resolver: Resolver = RemoteResolver(self.options, self._places, self._clock, self._random)
        self._lock = threading.Lock()
        self._starts = 0
        self._subscription: Subscription | None = None

    def get_metadata(self) -> Metadata:
        """The provider's name."""
        return self._metadata

    def get_provider_hooks(self) -> list[Hook]:
        """None of its own."""
        return []

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Begin to follow the daemon and wait for its first word.

        Raises:
            ProviderNotReadyError: it did not come in time. The provider goes on trying, and READY follows.
        """
        subscription = self._new_subscription()
        with self._lock:
            self._starts += 1
            before, self._subscription = self._subscription, subscription
        if before is not None:
            before.stop()
        subscription.start()
        if not subscription.wait_until_ready(self.options.initialize_deadline):
            raise ProviderNotReadyError(
                f"the daemon did not answer within {self.options.initialize_deadline:g} s "
                f"and is tried on: {subscription.diagnosis}"
            )

    def shutdown(self) -> None:
        """Stop following and close the connections; may be called twice.

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
            self._resolver.close()

    def emit(self, event: ProviderEvent, details: ProviderEventDetails) -> None:
        """Tell the SDK, if it still listens: it may detach, and the interpreter end, at any moment."""
        on_emit = getattr(self, "_on_emit", None)
        if on_emit is None:
            return
        try:
            on_emit(self, event, details)
        except Exception as error:
            _logger.debug("the SDK did not take %s", event, exc_info=error)

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Resolve a boolean flag."""
        return self._resolve("boolean", flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Resolve a string flag."""
        return self._resolve("string", flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Resolve an integer flag."""
        return self._resolve("integer", flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Resolve a float flag."""
        return self._resolve("float", flag_key, default_value, evaluation_context)

    def resolve_object_details(
        self, flag_key: str, default_value: _ObjectValue, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[_ObjectValue]:
        """Resolve an object flag."""
        return self._resolve("object", flag_key, default_value, evaluation_context)

    async def resolve_boolean_details_async(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Resolve a boolean flag."""
        return await self._resolve_async("boolean", flag_key, default_value, evaluation_context)

    async def resolve_string_details_async(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Resolve a string flag."""
        return await self._resolve_async("string", flag_key, default_value, evaluation_context)

    async def resolve_integer_details_async(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Resolve an integer flag."""
        return await self._resolve_async("integer", flag_key, default_value, evaluation_context)

    async def resolve_float_details_async(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Resolve a float flag."""
        return await self._resolve_async("float", flag_key, default_value, evaluation_context)

    async def resolve_object_details_async(
        self, flag_key: str, default_value: _ObjectValue, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[_ObjectValue]:
        """Resolve an object flag."""
        return await self._resolve_async("object", flag_key, default_value, evaluation_context)

    def _resolve(
        self,
        flag_type: FlagType,
        flag_key: str,
        default_value: Any,
        evaluation_context: EvaluationContext | None,
    ) -> FlagResolutionDetails[Any]:
        try:
            resolution = self._resolver.resolve(flag_key, flag_type, to_context(evaluation_context))
            return to_details(resolution, default_value, flag_type)
        except Exception as error:
            return _failure(flag_key, default_value, error)

    async def _resolve_async(
        self,
        flag_type: FlagType,
        flag_key: str,
        default_value: Any,
        evaluation_context: EvaluationContext | None,
    ) -> FlagResolutionDetails[Any]:
        try:
            context = to_context(evaluation_context)
            resolution = await self._resolver.resolve_async(flag_key, flag_type, context)
            return to_details(resolution, default_value, flag_type)
        except Exception as error:
            return _failure(flag_key, default_value, error)

    def _new_subscription(self) -> Subscription:
        itself = weakref.ref(self)

        def report(subscription: Subscription, change: StatusChanged | ConfigurationChanged) -> None:
            provider = itself()
            if provider is not None and provider._subscription is subscription:
                provider._announce(change)

        return Subscription(
            self._places,
            selector=self.options.selector,
            grace=self.options.grace,
            report=report,
            wanted=lambda: itself() is not None,
            back=self._resolver.daemon_is_back,
            clock=self._clock,
            random=self._random,
        )

    def _announce(self, change: StatusChanged | ConfigurationChanged) -> None:
        if isinstance(change, ConfigurationChanged):
            details = ProviderEventDetails(
                flags_changed=None if change.flags is None else list(change.flags),
                message=change.message,
                metadata={"burgee.generation": str(change.generation)},
            )
            self.emit_provider_configuration_changed(details)
        elif change.status is Status.READY:
            self.emit_provider_ready(ProviderEventDetails(message=change.message))
        elif change.status is Status.STALE:
            self.emit_provider_stale(ProviderEventDetails(message=change.message))
        else:
            self.emit_provider_error(
                ProviderEventDetails(message=change.message, error_code=ErrorCode.PROVIDER_NOT_READY)
            )


def _failure(flag_key: object, default_value: Any, error: Exception) -> FlagResolutionDetails[Any]:
    if isinstance(error, InvalidContext):
        return error_details(default_value, ErrorCode.INVALID_CONTEXT, str(error))
    _logger.debug("evaluating %r failed", flag_key, exc_info=error)
    return error_details(default_value, ErrorCode.GENERAL, f"{type(error).__name__}: {error}")
