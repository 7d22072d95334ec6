"""What OpenTelemetry wants to know of an evaluation, by its semantic conventions 1.44 for feature flags.

They name an error's text ``feature_flag.error.message`` since 1.40; before, and in OpenFeature's Appendix D
still, it is ``error.message``. The SDK's own ``openfeature.telemetry`` has names from before 1.32.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

import orjson
from openfeature.flag_evaluation import FlagEvaluationDetails
from openfeature.hook import HookContext

from burgee.value import LARGEST_INTEGER, SMALLEST_INTEGER

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"
"""The conventions that these names are of."""
SCOPE: Final = "openfeature.contrib.provider.burgee"
"""The instrumentation scope of everything that is told."""

KEY: Final = "feature_flag.key"
VARIANT: Final = "feature_flag.result.variant"
VALUE: Final = "feature_flag.result.value"
REASON: Final = "feature_flag.result.reason"
ERROR_TYPE: Final = "error.type"
ERROR_MESSAGE: Final = "feature_flag.error.message"
CONTEXT_ID: Final = "feature_flag.context.id"
SET_ID: Final = "feature_flag.set.id"
VERSION: Final = "feature_flag.version"
PROVIDER_NAME: Final = "feature_flag.provider.name"

_OF_METADATA: Final = (("flagSetId", SET_ID), ("version", VERSION))


def event_attributes(hook_context: HookContext, details: FlagEvaluationDetails[Any]) -> dict[str, Any]:
    """The attributes of one evaluation, all but its value.

    A variant without text is none, since OFREP writes it so. ``contextId`` of the flag metadata beats the
    targeting key as the context's id (OpenFeature specification, Appendix D).
    """
    attributes: dict[str, Any] = {KEY: details.flag_key, REASON: reason_of(details)}
    if details.variant:
        attributes[VARIANT] = details.variant
    metadata: Mapping[str, Any] = details.flag_metadata or {}
    context_id = metadata.get("contextId") or hook_context.evaluation_context.targeting_key
    if context_id:
        attributes[CONTEXT_ID] = str(context_id)
    for name, attribute in _OF_METADATA:
        told = metadata.get(name)
        if told is not None and told != "":
            attributes[attribute] = str(told)
    if hook_context.provider_metadata is not None:
        attributes[PROVIDER_NAME] = hook_context.provider_metadata.name
    error_type = error_type_of(details)
    if error_type is not None:
        attributes[ERROR_TYPE] = error_type
        message = details.error_message
        if message and message.lower() != error_type:
            attributes[ERROR_MESSAGE] = message
    return attributes


def reason_of(details: FlagEvaluationDetails[Any]) -> str:
    """The reason in lower case; ``unknown`` where there is none."""
    return _lower(details.reason) if details.reason else "unknown"


def error_type_of(details: FlagEvaluationDetails[Any]) -> str | None:
    """The error code in lower case, ``general`` for an error without one; None where all went well."""
    if details.error_code:
        return _lower(details.error_code)
    return "general" if details.reason and _lower(details.reason) == "error" else None


def telling(value: object, longest: int) -> bool | int | float | str:
    """A flag's value as an attribute's: lists and objects as JSON, text cut off after so many characters."""
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int) and SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    if not isinstance(value, str):
        try:
            text = orjson.dumps(value).decode()
        except TypeError:
            text = str(value)
    else:
        text = value
    return text if len(text) <= longest else f"{text[:longest]}…"


def _lower(word: str) -> str:
    # A member of the SDK's enumerations prints as its value only from Python 3.11's StrEnum on.
    return str(word.value if isinstance(word, Enum) else word).lower()
