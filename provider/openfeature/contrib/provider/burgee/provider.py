"""The OpenFeature provider."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Unpack

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.hook import Hook
from openfeature.provider import AbstractProvider, Metadata

from burgee.value import FlagType

from .clock import Clock, Random, SystemClock
from .lifecycle import Lifecycle
from .options import OptionArguments, Options
from .remote import RemoteResolver, addresses_of
from .resolver import Resolver
from .subscription import Subscription
from .translation import InvalidContext, error_details, to_context, to_details
from .transports.endpoint import Whereabouts

_ObjectValue = Sequence[FlagValueType] | Mapping[str, FlagValueType]
_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class BurgeeProvider(AbstractProvider):
    """Answers from the Burgee daemon beside the application.

    Args:
        address: ``unix:///path`` or ``http://host:port``; None searches.
        clock: for tests.
        random: for jitter; for tests.
        options: each of :class:`Options`, which says what it means and its default; what is not given is
            taken from the environment (``BURGEE_ADDRESS`` and so on).

    Raises:
        OptionsError: an option cannot be; a ValueError that names each fault and its remedy.

    Evaluations never raise, and never wait past the deadline. While the daemon fails they answer what it said
    last for the same flag, type and context, with the reason STALE, else the default value and an error code.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        **options: Unpack[OptionArguments],
    ) -> None:
        super().__init__()
        self.options = Options.gather(os.environ, address=address, **options)
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._metadata = Metadata(name="burgee")
        self._places = tuple(Whereabouts(place, self._clock) for place in addresses_of(self.options))
        self._resolver: Resolver = RemoteResolver(self.options, self._places, self._clock, self._random)
        itself = weakref.ref(self)
        subscribe = partial(
            Subscription,
            self._places,
            selector=self.options.selector,
            grace=self.options.grace,
            wanted=lambda: itself() is not None,
            back=self._resolver.daemon_is_back,
            said=self._resolver.daemon_said,
            clock=self._clock,
            random=self._random,
        )
        self._lifecycle = Lifecycle(subscribe, _weakly(itself), self._resolver.close)

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
        self._lifecycle.initialize(self.options.initialize_deadline)

    def shutdown(self) -> None:
        """Stop following and close the connections; may be called twice."""
        self._lifecycle.shutdown()

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


def _weakly(itself: weakref.ref[BurgeeProvider]) -> Callable[[ProviderEvent, ProviderEventDetails], None]:
    """Emit while somebody still has the provider, without keeping it for the subscription's thread."""

    def emit(event: ProviderEvent, details: ProviderEventDetails) -> None:
        provider = itself()
        if provider is not None:
            provider.emit(event, details)

    return emit


def _failure(flag_key: object, default_value: Any, error: Exception) -> FlagResolutionDetails[Any]:
    if isinstance(error, InvalidContext):
        return error_details(default_value, ErrorCode.INVALID_CONTEXT, str(error))
    _logger.debug("evaluating %r failed", flag_key, exc_info=error)
    return error_details(default_value, ErrorCode.GENERAL, f"{type(error).__name__}: {error}")
