"""From what a climb says to what a caller is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burgee.answer import Answer
from burgee.flag import Flag
from burgee.resolution import Reason, Resolution
from burgee.snapshot import FlagSet

STATIC_REASONS = (Reason.DEFAULT, Reason.TARGETING_MATCH)


def resolution(flag_set: FlagSet, flag: Flag, answer: Answer, *, static: bool) -> Resolution:
    """What a climb's answer is to the caller: metadata put together, the reason made static where it is.

    Args:
        static: whether nothing in the context or in time can change the flag's answer any more.
    """
    if answer.error:
        code, message = answer.error
        return Resolution(
            flag.key,
            reason=Reason.ERROR,
            flag_type=flag.flag_type,
            error_code=code,
            error_message=message,
            metadata=dict(flag_set.metadata),
        )
    reason = answer.reason
    by_targeting = flag.targeting is not None and answer.source == "default"
    if (
        static
        and answer.has_value
        and answer.requires is None
        and not by_targeting
        and reason in STATIC_REASONS
    ):
        reason = Reason.STATIC
    return Resolution(
        flag.key,
        value=answer.value,
        has_value=answer.has_value,
        variant=answer.variant,
        reason=reason,
        flag_type=flag.flag_type,
        metadata=metadata(flag_set, flag, answer),
    )


def metadata(flag_set: FlagSet, flag: Flag, answer: Answer) -> Mapping[str, bool | str | int | float]:
    """The set's metadata, the flag's over them, and Burgee's own."""
    found: dict[str, Any] = {**flag_set.metadata, **flag.metadata, "burgee.source": answer.source}
    if answer.scope is not None:
        found["burgee.scope"] = answer.scope
    if answer.rule is not None:
        found["burgee.rule"] = answer.rule
    if answer.patched:
        found["burgee.patched"] = ",".join(answer.patched)
    if answer.requires is not None:
        found["burgee.requires"] = answer.requires
    return found


def answer_of(told: Resolution) -> Answer:
    """The answer that :func:`resolution` was made from, for an answer that has a value."""
    scope, rule = told.metadata.get("burgee.scope"), told.metadata.get("burgee.rule")
    return Answer(
        Reason.TARGETING_MATCH if told.reason is Reason.STATIC else told.reason,
        str(told.metadata["burgee.source"]),
        told.value,
        told.has_value,
        told.variant,
        scope if isinstance(scope, str) else None,
        rule if isinstance(rule, str) else None,
    )
