"""Between OpenFeature's words and Burgee's: contexts on the way in, resolutions on the way out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import orjson
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagResolutionDetails, Reason

from burgee.context import TARGETING_KEY
from burgee.resolution import Reason as CoreReason
from burgee.resolution import Resolution
from burgee.value import LARGEST_INTEGER, SMALLEST_INTEGER, FlagType, Value

DEEPEST = 32
"""Levels of nesting that an attribute of a context may have."""
MOST_VALUES = 100_000
"""Values that a context may have, those of lists and objects each. A list that holds another one twice, and
that one the next, would else keep a call busy for ever.
"""

_Default = TypeVar("_Default")

_NESTED: Final = frozenset((dict, list))
_REASONS: Mapping[CoreReason, Reason] = {reason: Reason(reason.value) for reason in CoreReason}
_CODES: Mapping[str, ErrorCode] = {code.value: code for code in ErrorCode}


class InvalidContext(Exception):
    """A context holds what cannot be sent; the message names the attribute."""


def to_context(evaluation_context: EvaluationContext | None) -> dict[str, Any]:
    """Return the context as what JSON can say, the targeting key as the attribute ``targetingKey``.

    Nothing of the caller's is kept or changed. A datetime becomes RFC 3339 in UTC, a naive one is taken
    as UTC already (OpenFeature specification, types: datetime).

    Raises:
        InvalidContext: a key or the targeting key is no text, a value is no JSON, NaN, out of range or too
            deep, or there are too many.
    """
    if evaluation_context is None:
        return {}
    try:
        attributes = evaluation_context.attributes
        if attributes.__class__ is dict:
            # Most contexts hold nothing but ASCII text, booleans and plain numbers, and each evaluation
            # translates one: those are copied at once and only looked through.
            context: dict[str, Any] = attributes.copy()
            key = evaluation_context.targeting_key
            if key.__class__ is str:
                context[TARGETING_KEY] = key
            elif key is not None or TARGETING_KEY in context:
                return _to_context(evaluation_context)
            for name, value in context.items():
                kind = value.__class__
                if kind is str:
                    if not value.isascii():
                        break
                elif kind is int:
                    if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
                        break
                elif kind is float:
                    if not math.isfinite(value):
                        break
                elif kind is not bool and value is not None:
                    break
                if name.__class__ is not str or not name.isascii():
                    break
            else:
                return context
        return _to_context(evaluation_context)
    except InvalidContext:
        raise
    except Exception as error:
        raise InvalidContext(f"the context cannot be read: {type(error).__name__}: {error}") from error


def to_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return attributes of something else in the same way, such as of a tracked event.

    Raises:
        InvalidContext: as :func:`to_context`.
    """
    try:
        return _Reading().object(attributes or {}, "", 0)
    except InvalidContext:
        raise
    except Exception as error:
        raise InvalidContext(f"the attributes cannot be read: {type(error).__name__}: {error}") from error


def _to_context(evaluation_context: EvaluationContext) -> dict[str, Any]:
    reading = _Reading()
    context = reading.object(evaluation_context.attributes or {}, "", 0)
    key = evaluation_context.targeting_key
    if key is None:
        key = context.get(TARGETING_KEY)
    if key is not None:
        if not isinstance(key, str):
            raise InvalidContext(
                f"`{TARGETING_KEY}` is text, not a Python {type(key).__name__}: write str(...)"
            )
        context[TARGETING_KEY] = _to_text(key, TARGETING_KEY)
    return context


class _Reading:
    """Reads the values of one context."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def object(self, mapping: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
        self._count(len(mapping))
        converted = {}
        for key, value in mapping.items():
            if not isinstance(key, str):
                raise InvalidContext(f"the key {key!r} of {path or 'the context'} is no text")
            name = _to_text(key, path)
            kind = type(value)
            if kind is bool or value is None:
                converted[name] = value
            else:
                converted[name] = self.json(value, f"{path}.{name}" if path else name, depth)
        return converted

    def json(self, value: Any, path: str, depth: int) -> Any:
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
            return self.object(value, path, depth + 1)
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
            self._count(len(value))
            return [self.json(member, f"{path}[{index}]", depth + 1) for index, member in enumerate(value)]
        kind = type(value).__name__
        raise InvalidContext(
            f"`{path}`: a Python {kind} is no value of a context: write text, as by str(...)"
        )

    def _count(self, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise InvalidContext(f"the context has over {MOST_VALUES} values")


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

    An error carries the default value too: the SDK's asynchronous path does not put it there itself. What
    the caller may alter is the caller's own.

    Args:
        resolution: its value of the type asked for already.
        default_value: the caller's.
        flag_type: the type asked for.
    """
    if resolution.error_code is not None:
        code = _CODES.get(resolution.error_code.value, ErrorCode.GENERAL)
        return error_details(default_value, code, resolution.error_message, resolution.metadata)
    details = _blank(_Answered)
    if not resolution.has_value:
        details.value = _as_served(default_value, flag_type)
    else:
        details.value = _unshared(resolution.value) if flag_type == "object" else resolution.value
    details.error_code = None
    details.error_message = None
    details.reason = _REASONS[resolution.reason]
    details.variant = resolution.variant
    metadata = resolution.metadata
    details.flag_metadata = metadata.copy() if metadata.__class__ is dict else dict(metadata)
    return details


_blank = object.__new__
"""Makes details to be filled in where they are made: each evaluation makes some, and having ``__init__``
called takes longer than all else about them. A test holds that they have all the fields of the SDK's own."""


class _Answered(FlagResolutionDetails[Any]):
    """Details without an error, which the SDK passes on in two thirds of the time that its own take."""

    def to_flag_evaluation_details(self, flag_key: str) -> FlagEvaluationDetails[Any]:
        # By position: keywords are what takes the rest of the time.
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


def _unshared(value: Value) -> Value:
    """The list or the object anew, for a caller who may alter it."""
    if isinstance(value, dict) and _NESTED.isdisjoint(map(type, value.values())):
        return value.copy()
    return orjson.loads(orjson.dumps(value))  # type: ignore[no-any-return]


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
