"""Between OpenFeature's words and Burgee's: contexts on the way in, resolutions on the way out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagResolutionDetails, Reason

from burgee.context import TARGETING_KEY
from burgee.resolution import Resolution
from burgee.value import LARGEST_INTEGER, SMALLEST_INTEGER, FlagType

DEEPEST = 32
"""Levels of nesting that an attribute of a context may have."""

_Default = TypeVar("_Default")

_REASONS: Mapping[str, Reason] = {str(reason): reason for reason in Reason}
_CODES: Mapping[str, ErrorCode] = {code.value: code for code in ErrorCode}


class InvalidContext(Exception):
    """A context holds what cannot be sent; the message names the attribute."""


def to_context(evaluation_context: EvaluationContext | None) -> dict[str, Any]:
    """Return the context as what JSON can say, the targeting key as the attribute ``targetingKey``.

    Nothing of the caller's is kept or changed. A datetime becomes RFC 3339 in UTC, a naive one is taken
    as UTC already (OpenFeature specification, types: datetime).

    Raises:
        InvalidContext: a key is no text, or a value is no JSON, NaN, out of range or too deep.
    """
    if evaluation_context is None:
        return {}
    try:
        context = _plain(evaluation_context)
        if context is None:
            context = _to_object(evaluation_context.attributes or {}, "", 0)
            if evaluation_context.targeting_key is not None:
                context[TARGETING_KEY] = _to_json(evaluation_context.targeting_key, TARGETING_KEY, 0)
    except InvalidContext:
        raise
    except Exception as error:
        raise InvalidContext(f"the context cannot be read: {type(error).__name__}: {error}") from error
    return context


def _plain(evaluation_context: EvaluationContext) -> dict[str, Any] | None:
    """A copy of a context that holds nothing but ASCII text, booleans and small integers; None for others.

    Most contexts do, and each evaluation translates one.
    """
    attributes = evaluation_context.attributes
    if attributes.__class__ is not dict:
        return None
    context = attributes.copy()
    if evaluation_context.targeting_key is not None:
        context[TARGETING_KEY] = evaluation_context.targeting_key
    for name, value in context.items():
        if name.__class__ is not str or not name.isascii():
            return None
        kind = value.__class__
        if kind is str:
            if not value.isascii():
                return None
        elif kind is int:
            if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
                return None
        elif kind is not bool and value is not None:
            return None
    return context


def _to_object(mapping: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
    converted = {}
    for key, value in mapping.items():
        if not isinstance(key, str):
            raise InvalidContext(f"the key {key!r} of {path or 'the context'} is no text")
        name = _to_text(key, path)
        kind = type(value)
        if kind is bool or value is None:
            converted[name] = value
        else:
            converted[name] = _to_json(value, f"{path}.{name}" if path else name, depth)
    return converted


def _to_json(value: Any, path: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _to_text(value, path)
    if isinstance(value, int):
        if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            raise InvalidContext(f"`{path}`: an integer has at most 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidContext(f"`{path}`: JSON has no {value}")
        return float(value)
    if isinstance(value, datetime):
        return _to_instant(value, path)
    if depth >= DEEPEST:
        raise InvalidContext(f"`{path.split('.')[0]}` is nested deeper than {DEEPEST} levels")
    if isinstance(value, Mapping):
        return _to_object(value, path, depth + 1)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_to_json(member, f"{path}[{index}]", depth + 1) for index, member in enumerate(value)]
    raise InvalidContext(f"`{path}`: a Python {type(value).__name__} is no value of a context")


def _to_text(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidContext(f"{path or 'the context'}: {text!r} is no valid Unicode text") from None
    # A subclass, such as an enumeration's member, is taken by its text.
    return text if type(text) is str else str.__str__(text)


def _to_instant(moment: datetime, path: str) -> str:
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise InvalidContext(f"`{path}`: {moment.isoformat()} is out of range in UTC") from None
    return moment.isoformat().replace("+00:00", "Z")


def to_details(
    resolution: Resolution, default_value: _Default, flag_type: FlagType
) -> FlagResolutionDetails[Any]:
    """Return what the SDK wants to hear.

    An error carries the default value too: the SDK's asynchronous path does not put it there itself.

    Args:
        resolution: its value of the type asked for already, and nobody else's.
        default_value: the caller's.
        flag_type: the type asked for.
    """
    metadata = dict(resolution.metadata)
    if resolution.error_code is not None:
        code = _CODES.get(resolution.error_code.value, ErrorCode.GENERAL)
        return error_details(default_value, code, resolution.error_message, metadata)
    value = resolution.value if resolution.has_value else _as_served(default_value, flag_type)
    return _Answered(value, _REASONS.get(resolution.reason, Reason.UNKNOWN), resolution.variant, metadata)


class _Answered(FlagResolutionDetails[Any]):
    """Details without an error, made and passed on in half the time: each evaluation makes one.

    The dataclass's own defaults, None, stand for the error code and message.
    """

    def __init__(
        self,
        value: Any,
        reason: Reason,
        variant: str | None,
        metadata: dict[str, bool | str | int | float],
    ) -> None:
        self.value = value
        self.reason = reason
        self.variant = variant
        self.flag_metadata = metadata

    def to_flag_evaluation_details(self, flag_key: str) -> FlagEvaluationDetails[Any]:
        return FlagEvaluationDetails(flag_key, self.value, self.variant, self.flag_metadata, self.reason)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FlagResolutionDetails) and asdict(self) == asdict(other)

    __hash__ = None  # type: ignore[assignment]  # as the dataclass has it


def error_details(
    default_value: _Default,
    code: ErrorCode,
    message: str,
    metadata: Mapping[str, bool | str | int | float] | None = None,
) -> FlagResolutionDetails[Any]:
    """Return the caller's default value, and why it is all there is."""
    return FlagResolutionDetails(
        value=default_value,
        error_code=code,
        error_message=message,
        reason=Reason.ERROR,
        flag_metadata=dict(metadata or {}),
    )


def _as_served(default_value: Any, flag_type: FlagType) -> Any:
    """The default value in a form that the SDK's own type check lets pass as an answer."""
    if flag_type == "float" and type(default_value) is int:
        return float(default_value)
    if flag_type == "object" and not isinstance(default_value, dict | list):
        if isinstance(default_value, Mapping):
            return dict(default_value)
        if isinstance(default_value, tuple):
            return list(default_value)
    return default_value
