"""What every evaluation goes through: the ten resolve methods of a provider, on top of a resolver."""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.provider import AbstractProvider

from burgee.value import FlagType

from .forks import ForkWatch
from .resolver import Resolver
from .translation import InvalidContext, error_details, to_context, to_details

_ObjectValue = Sequence[FlagValueType] | Mapping[str, FlagValueType]
_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class ResolvingProvider(AbstractProvider):
    """Evaluations never raise: where something goes wrong they carry the default value and an error code.

    Args:
        resolver: answers.
        forks: told of the first evaluation in a forked child.
    """

    def __init__(self, resolver: Resolver, forks: ForkWatch) -> None:
        super().__init__()
        self._resolver = resolver
        self._at_once = resolver.at_once
        self._forks = forks

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

    # No `async` before these: a coroutine around a coroutine would pass it on and do nothing else.
    def resolve_boolean_details_async(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> Coroutine[Any, Any, FlagResolutionDetails[bool]]:
        """Resolve a boolean flag."""
        return self._resolve_async("boolean", flag_key, default_value, evaluation_context)

    def resolve_string_details_async(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> Coroutine[Any, Any, FlagResolutionDetails[str]]:
        """Resolve a string flag."""
        return self._resolve_async("string", flag_key, default_value, evaluation_context)

    def resolve_integer_details_async(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> Coroutine[Any, Any, FlagResolutionDetails[int]]:
        """Resolve an integer flag."""
        return self._resolve_async("integer", flag_key, default_value, evaluation_context)

    def resolve_float_details_async(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> Coroutine[Any, Any, FlagResolutionDetails[float]]:
        """Resolve a float flag."""
        return self._resolve_async("float", flag_key, default_value, evaluation_context)

    def resolve_object_details_async(
        self, flag_key: str, default_value: _ObjectValue, evaluation_context: EvaluationContext | None = None
    ) -> Coroutine[Any, Any, FlagResolutionDetails[_ObjectValue]]:
        """Resolve an object flag."""
        return self._resolve_async("object", flag_key, default_value, evaluation_context)

    def _resolve(
        self,
        flag_type: FlagType,
        flag_key: str,
        default_value: Any,
        evaluation_context: EvaluationContext | None,
    ) -> FlagResolutionDetails[Any]:
        try:
            if self._forks.forked:
                self._forks.catch_up()
            context = to_context(evaluation_context)
            resolution = self._at_once(flag_key, flag_type, context)
            if resolution is None:
                resolution = self._resolver.ask(flag_key, flag_type, context)
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
            if self._forks.forked:
                self._forks.catch_up()
            context = to_context(evaluation_context)
            resolution = self._at_once(flag_key, flag_type, context)
            if resolution is None:
                resolution = await self._resolver.ask_async(flag_key, flag_type, context)
            return to_details(resolution, default_value, flag_type)
        except Exception as error:
            return _failure(flag_key, default_value, error)


def _failure(flag_key: object, default_value: Any, error: Exception) -> FlagResolutionDetails[Any]:
    if isinstance(error, InvalidContext):
        return error_details(default_value, ErrorCode.INVALID_CONTEXT, str(error))
    _logger.debug("evaluating %r failed", flag_key, exc_info=error)
    return error_details(default_value, ErrorCode.GENERAL, f"{type(error).__name__}: {error}")
