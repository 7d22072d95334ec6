"""Weights of 0: shares that are written down and that nobody is in."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from burgee.checks.finding import Finding, warning
from burgee.flag import ApplyRules, Flag, Origin, Rule, Split
from burgee.snapshot import FlagSet


def idle_weights(flag_set: FlagSet, flag: Flag, told: Container[object]) -> Iterator[Finding]:
    """Find weights of 0 in the splits of a flag and of its overrides.

    Args:
        told: names of variants that are said to be never served at all.
    """
    yield from _of_list(flag.rules, flag.origin, told)
    for of_level in flag_set.overrides.get(flag.key, {}).values():
        for override in of_level.values():
            if isinstance(override.effect, ApplyRules):
                yield from _of_list(override.effect.rules, override.origin, told)


def _of_list(rules: Sequence[Rule], origin: Origin, told: Container[object]) -> Iterator[Finding]:
    for index, rule in enumerate(rules):
        if isinstance(rule.outcome, Split):
            for variant, weight in rule.outcome.weights:
                if weight == 0 and variant not in told:
                    yield weightless(variant, origin.below("rules", index, "split", variant))


def weightless(variant: str, where: Origin) -> Finding:
    """Say that a weight of 0 leaves a variant out."""
    message = f"the weight of variant `{variant}` is 0: it leaves it out"
    return warning("idle-weight", where, message, "give it a weight, or take it out of the split")
