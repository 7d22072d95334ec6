"""What an evaluation says.

Reasons and error codes are those of the OpenFeature specification (0.8, types: resolution reason and
error code).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from burgee.value import FlagType, Value


class Reason(StrEnum):
    """Why a value was chosen."""

    STATIC = "STATIC"
    DEFAULT = "DEFAULT"
    TARGETING_MATCH = "TARGETING_MATCH"
    SPLIT = "SPLIT"
    CACHED = "CACHED"
    DISABLED = "DISABLED"
    UNKNOWN = "UNKNOWN"
    STALE = "STALE"
    ERROR = "ERROR"


class ErrorCode(StrEnum):
    """What kept an evaluation from a value."""

    PROVIDER_NOT_READY = "PROVIDER_NOT_READY"
    PROVIDER_FATAL = "PROVIDER_FATAL"
    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    PARSE_ERROR = "PARSE_ERROR"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    GENERAL = "GENERAL"


NO_METADATA: Mapping[str, bool | str | int | float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer for one flag and one context.

    Attributes:
        flag_key: the flag asked for.
        value: the value, meaningful only where ``has_value``.
        has_value: False where the caller's own default is to be served: the code default (OFREP ADR 6),
            and every error.
        variant: the variant's name, None where there is none.
        reason: why.
        flag_type: the flag's type, None where the flag is not known.
        error_code: set exactly when ``reason`` is ERROR.
        error_message: for a person; empty without an error.
        metadata: flag metadata, scalars only. The flag's own keys, ``flagSetId``, ``version`` and
            Burgee's under the prefix ``burgee.``.
    """

    flag_key: str
    value: Value = None
    has_value: bool = False
    variant: str | None = None
    reason: Reason = Reason.UNKNOWN
    flag_type: FlagType | None = None
    error_code: ErrorCode | None = None
    error_message: str = ""
    metadata: Mapping[str, bool | str | int | float] = field(default_factory=lambda: NO_METADATA)

    @classmethod
    def error(
        cls,
        flag_key: str,
        code: ErrorCode,
        message: str,
        metadata: Mapping[str, bool | str | int | float] = NO_METADATA,
    ) -> Resolution:
        """An answer that says why there is none."""
        return cls(flag_key, reason=Reason.ERROR, error_code=code, error_message=message, metadata=metadata)
