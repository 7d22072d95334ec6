"""One answer of the daemon, kept to be given again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burgee.generation import Generation
from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.value import FlagType, Value

from .coercion import TypeMismatch, coerce
from .from_memory import remembered

if TYPE_CHECKING:
    from .cache_shape import Question, Shape

UNIT = 4096
"""Bytes of an answer that take one slot of a cache."""


class Kept:
    """An answer, and for how long it is the daemon's own word.

    Args:
        resolution: as the daemon gave it; an error, too, can be an answer.
        generation: that gave it; None where it is not known.
        until: monotonic seconds at which time alone may change it; None where it cannot.
        size: bytes, about.

    Attributes:
        generation: as given; None ends its being the daemon's own word.
        typed: what :meth:`cached` made before, by type.
        used: asked for since somebody last looked.
        slots: how many of a cache it takes.
        where: the shape and the question that it is kept by, for its cache.
    """

    __slots__ = (
        "_given_by",
        "_resolution",
        "generation",
        "slots",
        "typed",
        "until",
        "used",
        "where",
    )

    def __init__(
        self, resolution: Resolution, generation: Generation | None, until: float | None, size: int
    ) -> None:
        self._resolution = resolution
        self.typed: dict[FlagType, Resolution] = {}
        self._given_by = generation
        self.generation = generation
        self.until = until
        self.used = False
        self.slots = 1 + size // UNIT
        self.where: tuple[Shape, Question] | None = None

    def cached(self, flag_type: FlagType) -> Resolution:
        """The answer with the reason CACHED, or the daemon's error; a TYPE_MISMATCH where it is of another
        type.
        """
        typed = self.typed.get(flag_type)
        if typed is not None:
            return typed
        if self._resolution.error_code is not None:
            return self._resolution
        answer = self.typed[flag_type] = of_type(flag_type, remembered(self._resolution, Reason.CACHED))
        return answer

    def stale(self, flag_type: FlagType) -> Resolution | None:
        """The answer with the reason STALE; None for an error, and where it is of another type."""
        if self._resolution.error_code is not None:
            return None
        answer = of_type(flag_type, remembered(self._resolution, Reason.STALE))
        return answer if answer.error_code is None else None

    def is_before(self, generation: Generation) -> bool:
        """Whether it was given before a generation of the same epoch, and so may be outdated by it."""
        given_by = self._given_by
        return (
            given_by is not None
            and given_by.epoch == generation.epoch
            and given_by.number < generation.number
        )


def of_type(flag_type: FlagType, resolution: Resolution) -> Resolution:
    """The answer with its value as ``flag_type``, else a TYPE_MISMATCH."""
    if not resolution.has_value:
        return resolution
    try:
        value = coerce(resolution.value, flag_type)
        return resolution if value is resolution.value else _with_value(resolution, value)
    except TypeMismatch as mismatch:
        return Resolution.error(
            resolution.flag_key, ErrorCode.TYPE_MISMATCH, str(mismatch), resolution.metadata
        )


def _with_value(resolution: Resolution, value: Value) -> Resolution:
    """The same answer with another value, without the cost of `dataclasses.replace`."""
    return Resolution(
        resolution.flag_key,
        value,
        True,
        resolution.variant,
        resolution.reason,
        resolution.flag_type,
        metadata=resolution.metadata,
    )
