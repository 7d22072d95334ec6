"""The ten resolve methods that the SDK asks of a provider, as two."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.provider import AbstractProvider

from burgee.value import FlagType

_ObjectValue = Sequence[FlagValueType] | Mapping[str, FlagValueType]


class TypedMethods(AbstractProvider):
    """Whoever inherits says once, for all types, how a flag is resolved."""

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

    @abstractmethod
    def _resolve(
        self,
        flag_type: FlagType,
        flag_key: str,
        default_value: Any,
        evaluation_context: EvaluationContext | None,
    ) -> FlagResolutionDetails[Any]:
        """Resolve a flag of this type."""

    @abstractmethod
    async def _resolve_async(
        self,
        flag_type: FlagType,
        flag_key: str,
        default_value: Any,
        evaluation_context: EvaluationContext | None,
    ) -> FlagResolutionDetails[Any]:
        """Resolve a flag of this type."""
