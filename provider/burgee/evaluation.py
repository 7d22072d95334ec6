"""Asking a snapshot: one flag, or all that a selector shows. Nothing here raises for any context."""

from __future__ import annotations

from burgee.answer import Answer, Tell
from burgee.context import Context
from burgee.dependencies import dependencies
from burgee.flag import Flag
from burgee.ladder import Climb
from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.selector import ANY, Selector
from burgee.snapshot import FlagSet, Snapshot, is_shown
from burgee.value import shown


def evaluate(
    snapshot: Snapshot, flag_key: str, context: Context, *, now: float, selector: Selector = ANY
) -> Resolution:
    """Answer for one flag and one context.

    Args:
        flag_key: the flag's key.
        context: attribute name to JSON value; the targeting key is ``targetingKey``.
        now: seconds since the Unix epoch.
        selector: which flag sets to look in.

    Returns:
        The answer. FLAG_NOT_FOUND where no shown set has the flag, GENERAL where several have it.
    """
    return resolve(snapshot, flag_key, context, now, selector, None)


def evaluate_all(
    snapshot: Snapshot, context: Context, *, now: float, selector: Selector = ANY
) -> list[Resolution]:
    """Answer for every flag that the selector shows, in order of flag keys.

    A key that several flag sets hold answers once, with the error that :func:`evaluate` gives.
    """
    keys = {
        key
        for flag_set in snapshot.selected(selector)
        for key in flag_set.flags
        if is_shown(flag_set, key, selector)
    }
    return [resolve(snapshot, key, context, now, selector, None) for key in sorted(keys)]


def resolve(
    snapshot: Snapshot, flag_key: str, context: Context, now: float, selector: Selector, tell: Tell | None
) -> Resolution:
    """What :func:`evaluate` does, with an ear for every rung of the ladder."""
    candidates = snapshot.candidates(flag_key, selector)
    if len(candidates) != 1:
        return _not_one(snapshot, flag_key, candidates, selector, tell)
    flag_set = candidates[0]
    if snapshot.fixed:
        context = {**context, **snapshot.fixed}
    flag = flag_set.flags[flag_key]
    answer = Climb(flag_set, context, now, tell).answer(flag)
    return _resolution(snapshot, flag_set, flag, answer, now)


def _not_one(
    snapshot: Snapshot, flag_key: str, candidates: list[FlagSet], selector: Selector, tell: Tell | None
) -> Resolution:
    shown_sets = snapshot.selected(selector)
    if not candidates:
        code, message = ErrorCode.FLAG_NOT_FOUND, f"there is no flag {shown(flag_key)}"
        metadata = shown_sets[0].metadata if len(shown_sets) == 1 else {}
    else:
        names = ", ".join(flag_set.flag_set_id or "(without id)" for flag_set in candidates)
        code = ErrorCode.GENERAL
        message = f"flag {shown(flag_key)} is in several flag sets ({names}): choose one with a selector"
        metadata = {}
    if tell:
        tell("flag", "answers", message, None, True)
    return Resolution.error(flag_key, code, message, dict(metadata))


def _resolution(snapshot: Snapshot, flag_set: FlagSet, flag: Flag, answer: Answer, now: float) -> Resolution:
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
    metadata = {**flag_set.metadata, **flag.metadata, "burgee.source": answer.source}
    if answer.scope is not None:
        metadata["burgee.scope"] = answer.scope
    if answer.rule is not None:
        metadata["burgee.rule"] = answer.rule
    if answer.patched:
        metadata["burgee.patched"] = ",".join(answer.patched)
    if answer.requires is not None:
        metadata["burgee.requires"] = answer.requires
    reason = answer.reason
    if (
        answer.has_value
        and answer.requires is None
        and reason in (Reason.DEFAULT, Reason.TARGETING_MATCH)
        and _is_static(snapshot, flag_set, flag, now)
    ):
        reason = Reason.STATIC
    return Resolution(
        flag.key,
        value=answer.value,
        has_value=answer.has_value,
        variant=answer.variant,
        reason=reason,
        flag_type=flag.flag_type,
        metadata=metadata,
    )


def _is_static(snapshot: Snapshot, flag_set: FlagSet, flag: Flag, now: float) -> bool:
    depends = dependencies(flag_set, flag.key)
    return depends.attributes <= snapshot.fixed.keys() and depends.next_edge(now) is None
