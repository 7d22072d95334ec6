"""Rules that can never answer, whatever the context."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from burgee.checks.finding import Finding, warning
from burgee.checks.implication import Reasoned, Reasoning
from burgee.condition import Condition
from burgee.context import TARGETING_KEY
from burgee.flag import ALWAYS, ApplyRules, Flag, Origin, Ramp, Rule, Split, Window
from burgee.snapshot import FlagSet

_PAIR_LIMIT: Final = 5000
"""Pairs of rules of one list that are reasoned about; beyond, only equal conditions are found."""


class _Standing(NamedTuple):
    """A rule that is reached and that answers whoever its condition holds for.

    Attributes:
        position: in its list, from 0.
        reasoned: None where it has no condition.
        start: of its window, Unix seconds, not before now.
    """

    position: int
    rule: Rule
    reasoned: Reasoned | None
    start: float
    end: float


def idle_rules(flag_set: FlagSet, flag: Flag, reasoning: Reasoning, now: float) -> Iterator[Finding]:
    """Find rules of a flag and of its overrides that nobody can reach from ``now`` on."""
    yield from _of_list(flag.rules, ALWAYS, flag.origin, reasoning, now)
    for of_level in flag_set.overrides.get(flag.key, {}).values():
        for override in of_level.values():
            if isinstance(override.effect, ApplyRules) and not override.window.is_over(now):
                rules = override.effect.rules
                yield from _of_list(rules, override.window, override.origin, reasoning, now)


def _of_list(
    rules: Sequence[Rule], window: Window, origin: Origin, reasoning: Reasoning, now: float
) -> Iterator[Finding]:
    standing: list[_Standing] = []
    equal: dict[Condition | None, _Standing] = {}
    pairs = 0
    for index, rule in enumerate(rules):
        where = origin.below("rules", index)
        start, end = _common(rule.window, window, now)
        if rule.window.is_over(now):
            continue
        if start >= end:
            message = f"rule {_named(rule, index)} is never reached: its window lies outside the override's"
            yield warning("unreachable-rule", where, message, "correct the windows, or remove the rule")
            continue
        if isinstance(rule.outcome, Ramp) and end <= rule.outcome.start:
            message = f"rule {_named(rule, index)} serves nobody: its window ends before its ramp starts"
            yield warning("idle-ramp", where, message, "correct the window, or remove the rule")
            continue
        reasoned = None if rule.condition is None else reasoning.about(rule.condition)
        if reasoned is not None and reasoned.never_holds:
            message = f"rule {_named(rule, index)} is never reached: nothing can meet its whole condition"
            yield warning("unreachable-rule", where, message, "correct the condition, or remove the rule")
            continue
        this = _Standing(index, rule, reasoned, start, end)
        earlier = equal.get(rule.condition)
        if earlier is None or not _covers(earlier, this):
            considered = standing[: max(0, _PAIR_LIMIT - pairs)]
            pairs += len(considered)
            earlier = next((each for each in considered if _shadows(each, this)), None)
        if earlier is not None:
            yield _shadowed(this, earlier, where)
        elif _answers_all(rule, now):
            standing.append(this)
            equal.setdefault(rule.condition, this)


def _shadowed(this: _Standing, earlier: _Standing, where: Origin) -> Finding:
    before = _named(earlier.rule, earlier.position)
    if earlier.reasoned is None:
        message = f"rule {_named(this.rule, this.position)} is never reached: rule {before} answers everyone"
        return warning("unreachable-rule", where, message, f"move it above rule {before}, or remove it")
    message = (
        f"rule {_named(this.rule, this.position)} is never reached: rule {before} answers all that it matches"
    )
    return warning("shadowed-rule", where, message, f"move it above rule {before}, or remove it")


def _shadows(earlier: _Standing, this: _Standing) -> bool:
    if not _covers(earlier, this):
        return False
    if earlier.reasoned is None:
        return True
    return this.reasoned is not None and this.reasoned.implies(earlier.reasoned)


def _covers(earlier: _Standing, this: _Standing) -> bool:
    return earlier.start <= this.start and this.end <= earlier.end


def _answers_all(rule: Rule, now: float) -> bool:
    """Whether the rule answers for whomever its condition holds, if only with the error of a missing key."""
    match rule.outcome:
        case Split(by=by):
            return by == TARGETING_KEY
        case Ramp(by=by, complete=complete):
            return by == TARGETING_KEY and complete <= now
    return True


def _common(first: Window, second: Window, now: float) -> tuple[float, float]:
    """What is left of two windows from ``now`` on; empty where the end is not after the start."""
    starts = [each.start for each in (first, second) if each.start is not None]
    ends = [each.end for each in (first, second) if each.end is not None]
    return max([now, *starts]), min([math.inf, *ends])


def _named(rule: Rule, index: int) -> str:
    return f"`{rule.name}` (rules[{index}])" if rule.name else f"rules[{index}]"
