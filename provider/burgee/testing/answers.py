"""The answer to an evaluation, from what a test gave for a flag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from openfeature.contrib.provider.burgee.coercion import TypeMismatch, coerce
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason

from burgee.value import FlagType

VARIANT = "override"
"""The variant of an overridden flag for which the test named none."""

METADATA = {"burgee.source": "test"}

Given: TypeAlias = "bool | int | float | str | Sequence[Any] | Mapping[str, Any] | FlagResolutionDetails[Any]"
Override: TypeAlias = "Given | Callable[[EvaluationContext], Given]"
"""A value, details with a value or an error, or a function of the evaluation context that returns either."""


def checked(flag_key: str, override: Override) -> Override:
    """Return an override as it is kept: a value as a copy that nobody else has.

    Raises:
        TypeError: it is nothing that a flag can serve; the message names the flag.
    """
    if callable(override) or (
        isinstance(override, FlagResolutionDetails) and override.error_code is not None
    ):
        return override
    try:
        if isinstance(override, FlagResolutionDetails):
            return replace(override, value=_copied(override.value))
        copy: Given = _copied(override)
        return copy
    except TypeError as error:
        raise TypeError(f"the flag {flag_key!r}: {error}") from None


def answer(
    flag_key: str,
    override: Override,
    flag_type: FlagType,
    default_value: Any,
    evaluation_context: EvaluationContext,
) -> FlagResolutionDetails[Any]:
    """Answer one evaluation as a provider does: of the type asked for, or an error with the default value.

    A constant has the reason STATIC, what a function answered TARGETING_MATCH.

    Raises:
        Exception: whatever the function raised; the SDK makes an error of it, an OpenFeatureError's own.
    """
    if callable(override):
        given, reason = checked(flag_key, override(evaluation_context)), Reason.TARGETING_MATCH
    else:
        given, reason = override, Reason.STATIC
    details: FlagResolutionDetails[Any]
    if isinstance(given, FlagResolutionDetails):
        details = replace(given, reason=given.reason or reason)
    else:
        details = FlagResolutionDetails(value=given, variant=VARIANT, reason=reason)
    metadata = METADATA | dict(details.flag_metadata)
    if details.error_code is not None:
        return replace(details, value=default_value, reason=Reason.ERROR, flag_metadata=metadata)
    try:
        value = coerce(_copied(details.value), flag_type)
    except TypeMismatch as mismatch:
        return FlagResolutionDetails(
            value=default_value,
            error_code=ErrorCode.TYPE_MISMATCH,
            error_message=f"the override of {flag_key!r}: {mismatch}",
            reason=Reason.ERROR,
            flag_metadata=metadata,
        )
    return replace(details, value=value, flag_metadata=metadata)


def _copied(value: Any, top: bool = True) -> Any:
    if isinstance(value, bool | int | float | str) or (value is None and not top):
        return value
    if isinstance(value, Mapping):
        return {str(key): _copied(member, top=False) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_copied(member, top=False) for member in value]
    raise TypeError(
        f"the value of a flag is a boolean, a number, a text, a list or an object, not {value!r:.100}"
    )
