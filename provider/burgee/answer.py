"""What a climb down the ladder says about one flag, and who hears of each rung."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from burgee.flag import Flag, Origin, Override, ServeValue, ServeVariant
from burgee.resolution import ErrorCode, Reason
from burgee.value import Value, shown

Tell = Callable[[str, str, str, Origin | None, bool], None]
"""Hears of each rung: (name, outcome, detail, origin, whether it decided)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ladder says, before reasons are made static and metadata is put together.

    Attributes:
        source: ``kill``, ``default`` or the level's name.
        patched: the levels whose patches were applied, general to specific.
    """

    reason: Reason
    source: str
    value: Value = None
    has_value: bool = False
    variant: str | None = None
    scope: str | None = None
    rule: str | None = None
    requires: str | None = None
    patched: tuple[str, ...] = ()
    error: tuple[ErrorCode, str] | None = None


def serve(
    flag: Flag, variant: str, reason: Reason, source: str, scope: str | None = None, rule: str | None = None
) -> Answer:
    """Answer with a variant that the flag has."""
    return Answer(reason, source, flag.variants[variant].value, True, variant, scope, rule)


def default_answer(flag: Flag) -> Answer:
    """Answer with the default variant, or with the caller's default where there is none."""
    if flag.default_variant is None:
        return Answer(Reason.DEFAULT, "default")
    return serve(flag, flag.default_variant, Reason.DEFAULT, "default")


def override_answer(flag: Flag, level: str, override: Override) -> Answer:
    """Answer with an override that asks nothing further: a variant, a value, or the flag disabled."""
    match override.effect:
        case ServeVariant(variant):
            return serve(flag, variant, Reason.TARGETING_MATCH, level, override.scope)
        case ServeValue(value):
            if flag.flag_type == "float" and isinstance(value, int):
                value = float(value)
            return Answer(Reason.TARGETING_MATCH, level, value, True, scope=override.scope)
    return Answer(Reason.DISABLED, level, scope=override.scope)


def summary(answer: Answer) -> str:
    """Say an answer in a few words."""
    if answer.error:
        return answer.error[1]
    if not answer.has_value:
        return "the caller's default" + (", disabled" if answer.reason is Reason.DISABLED else "")
    named = f"variant {answer.variant}" if answer.variant is not None else "a value"
    return f"{named} = {shown(answer.value)}"
