"""Rules: the first that matches, and the variant that it serves, splits or ramps to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from burgee.answer import Answer, Tell, serve
from burgee.bucket import RAMP_STEPS, bucket, chosen_variant, ramp_step
from burgee.context import TARGETING_KEY, Context, identifier
from burgee.flag import Flag, Origin, Ramp, Rule, Serve, Split
from burgee.matching import holds
from burgee.resolution import ErrorCode, Reason
from burgee.snapshot import FlagSet
from burgee.value import shown
from burgee.verdict import no_identifier, verdict


@dataclass(frozen=True, slots=True)
class RuleList:
    """Rules of a flag or of one of its overrides.

    Attributes:
        source: the level whose override they are, ``default`` for the flag's own.
        scope: that override's scope, None for the flag's own.
        origin: of the flag or the override.
        first: how many rules of the list stand before these.
    """

    flag: Flag
    rules: tuple[Rule, ...]
    source: str
    scope: str | None
    origin: Origin
    first: int = 0

    def part(self, begin: int, end: int | None = None) -> RuleList:
        """The rules from one index to before another, which keep their names."""
        return replace(self, rules=self.rules[begin:end], first=self.first + begin)


def first_match(
    listed: RuleList, flag_set: FlagSet, context: Context, now: float, tell: Tell | None
) -> Answer | None:
    """Answer with the first rule that is inside its window, holds and has reached this context, if any."""
    for index, rule in enumerate(listed.rules, listed.first):
        name = rule.name or f"rules[{index}]"
        if not rule.window.holds(now):
            answer, detail = None, "outside its window"
        elif rule.condition is not None and not holds(rule.condition, context, flag_set.segments):
            answer, detail = None, verdict(rule.condition, context, flag_set.segments) if tell else ""
        else:
            answer, detail = _outcome(listed, rule, name, context, now)
            if tell and rule.condition is not None:
                detail = f"{verdict(rule.condition, context, flag_set.segments)}; {detail}"
        if tell:
            outcome = "passes" if answer is None else "answers"
            # Within an override it is the level's own rung that decides.
            decided = answer is not None and listed.scope is None
            tell(f"rule {name}", outcome, detail, listed.origin.below("rules", index), decided)
        if answer is not None:
            return answer
    return None


def _outcome(
    listed: RuleList, rule: Rule, name: str, context: Context, now: float
) -> tuple[Answer | None, str]:
    flag, outcome = listed.flag, rule.outcome
    if isinstance(outcome, Serve):
        answer = serve(flag, outcome.variant, Reason.TARGETING_MATCH, listed.source, listed.scope, name)
        return answer, f"serves {outcome.variant}"
    given = context.get(outcome.by)
    key = identifier(given)
    if key is None and outcome.by != TARGETING_KEY:
        return None, no_identifier(outcome.by, given, "nothing to divide by")
    if key is None and _divides(outcome, now):
        answer = missing_key(listed, name)
        return answer, answer.error[1] if answer.error else ""
    variant, detail = (
        _split(flag, outcome, key) if isinstance(outcome, Split) else _ramp(flag, outcome, key, now)
    )
    if variant is None:
        return None, detail
    return serve(
        flag, variant, Reason.SPLIT, listed.source, listed.scope, name
    ), f"{detail}: serves {variant}"


def missing_key(listed: RuleList, name: str) -> Answer:
    """The error of a rule that divides by a targeting key which the context does not have."""
    message = f"flag {shown(listed.flag.key)} needs a targeting key: its rule {name} divides by it"
    error = (ErrorCode.TARGETING_KEY_MISSING, message)
    return Answer(Reason.ERROR, listed.source, scope=listed.scope, error=error)


def _divides(outcome: Split | Ramp, now: float) -> bool:
    """Whether some are given a variant now that others are not."""
    if isinstance(outcome, Split):
        return outcome.only is None
    return 0 < ramp_step(outcome.start, outcome.complete, now) < RAMP_STEPS


def _split(flag: Flag, split: Split, key: str | None) -> tuple[str, str]:
    if key is None:
        return chosen_variant(split.weights, 0), "its one share is everyone's"
    total = split.total
    position = bucket(flag.key if split.seed is None else split.seed, key, total)
    return chosen_variant(split.weights, position), f"bucket {position} of {total}"


def _ramp(flag: Flag, ramp: Ramp, key: str | None, now: float) -> tuple[str | None, str]:
    step = ramp_step(ramp.start, ramp.complete, now)
    if key is None:
        return ramp.variant if step else None, f"the ramp stands at {step} of {RAMP_STEPS}"
    seed = f"{flag.key}/ramp" if ramp.seed is None else ramp.seed
    position = bucket(seed, key, RAMP_STEPS)
    return (
        ramp.variant if position < step else None,
        f"bucket {position} of {RAMP_STEPS}, the ramp stands at {step}",
    )
