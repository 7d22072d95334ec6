"""What every evaluation goes through: a provider's resolve methods on top of a resolver."""

from __future__ import annotations

import logging
from typing import Any

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails

from burgee.value import FlagType

from .forks import ForkWatch
from .resolver import Resolver
from .translation import InvalidContext, error_details, to_context, to_details
from .typed_methods import TypedMethods

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class ResolvingProvider(TypedMethods):
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
    if not isinstance(flag_key, str):
        message = f"a flag's key is text, not a Python {type(flag_key).__name__}"
        return error_details(default_value, ErrorCode.GENERAL, message)
    _logger.debug("evaluating %r failed", flag_key, exc_info=error)
    return error_details(default_value, ErrorCode.GENERAL, f"{type(error).__name__}: {error}")
