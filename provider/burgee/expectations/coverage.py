"""Which rules and branches of targeting expectations have hit, and which variants they were served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from burgee.expectations.running import Verdict
from burgee.expression import branches
from burgee.fault import path_text
from burgee.flag import ApplyRules, Flag, Origin, Override
from burgee.ruling import RuleList, first_match
from burgee.snapshot import FlagSet, Snapshot, base_key


class NeverServed(NamedTuple):
    """A rule that was never hit, a branch that was never taken, or a variant that was never served.

    Attributes:
        name: the rule's name, or its position such as ``rules[0]``; the way to the branch, such as ``if[1]``;
            or the variant's name.
        override: whose rule it is; None for all that is the flag's own.
    """

    flag_key: str
    name: str
    origin: Origin
    override: Override | None = None


class Coverage(NamedTuple):
    """What a run has reached of what there is.

    Attributes:
        rules: how many there are, those of overrides among them.
        branches: how many operands the `if` have that targeting consists of, see
            :func:`burgee.expression.branches`.
        variants: how many there are.
    """

    rules: int
    branches: int
    variants: int
    rules_never_hit: tuple[NeverServed, ...]
    branches_never_taken: tuple[NeverServed, ...]
    variants_never_served: tuple[NeverServed, ...]

    @property
    def rules_percent(self) -> float:
        """Share of the rules that were hit, 0 to 100; 100 where there are none."""
        return _percent(self.rules, len(self.rules_never_hit))

    @property
    def branches_percent(self) -> float:
        """Share of the branches that were taken, 0 to 100; 100 where there are none."""
        return _percent(self.branches, len(self.branches_never_taken))

    @property
    def variants_percent(self) -> float:
        """Share of the variants that were served, 0 to 100; 100 where there are none."""
        return _percent(self.variants, len(self.variants_never_served))


def _percent(number: int, missed: int) -> float:
    return 100.0 if not number else 100.0 * (number - missed) / number


def coverage_of(snapshot: Snapshot, verdicts: Iterable[Verdict]) -> Coverage:
    """Hold what expectations have reached against everything that the snapshot's flags could reach."""
    hit: set[Origin] = set()
    served: set[tuple[str, str, str]] = set()
    for verdict in verdicts:
        found = snapshot.candidates(verdict.expectation.flag_key, verdict.selector)
        if len(found) != 1:
            continue
        # A branch can be there to give an error; a rule is not hit by one.
        hit |= {rung.origin for rung in verdict.explanation.rungs if rung.name == "targeting" and rung.origin}
        if verdict.resolution.error_code is not None:
            continue
        flag = found[0].flags[base_key(found[0], verdict.expectation.flag_key)]
        hit |= _rules_hit(snapshot, found[0], flag, verdict)
        if verdict.resolution.variant is not None:
            served.add((found[0].flag_set_id, flag.key, verdict.resolution.variant))
    rules = [rule for flag_set in snapshot.flag_sets.values() for rule in _rules(flag_set)]
    ways = [each for flag_set in snapshot.flag_sets.values() for each in _branches(flag_set)]
    variants = [
        (flag_set.flag_set_id, NeverServed(flag.key, name, flag.origin.below("variants", name)))
        for flag_set in snapshot.flag_sets.values()
        for flag in flag_set.flags.values()
        for name in flag.variants
    ]
    return Coverage(
        len(rules),
        len(ways),
        len(variants),
        tuple(rule for rule in rules if rule.origin not in hit),
        tuple(each for each in ways if each.origin not in hit),
        tuple(each for set_id, each in variants if (set_id, each.flag_key, each.name) not in served),
    )


def _rules(flag_set: FlagSet) -> Iterator[NeverServed]:
    for flag in flag_set.flags.values():
        for index, rule in enumerate(flag.rules):
            yield NeverServed(flag.key, rule.name or f"rules[{index}]", flag.origin.below("rules", index))
        for of_level in flag_set.overrides.get(flag.key, {}).values():
            for override in of_level.values():
                rules = override.effect.rules if isinstance(override.effect, ApplyRules) else ()
                for index, rule in enumerate(rules):
                    where = override.origin.below("rules", index)
                    yield NeverServed(flag.key, rule.name or f"rules[{index}]", where, override)


def _branches(flag_set: FlagSet) -> Iterator[NeverServed]:
    for flag in flag_set.flags.values():
        if flag.targeting is not None:
            for way, _ in branches(flag.targeting):
                yield NeverServed(flag.key, path_text(way), flag.origin.below("targeting", *way))


def _rules_hit(snapshot: Snapshot, flag_set: FlagSet, flag: Flag, verdict: Verdict) -> set[Origin]:
    """The rule that answered, if one did."""
    hit: set[Origin] = set()

    def listen(name: str, outcome: str, detail: str, origin: Origin | None, decided: bool) -> None:
        if outcome == "answers" and name.startswith("rule ") and origin is not None:
            hit.add(origin)

    for rung in verdict.explanation.rungs:
        listen(rung.name, rung.outcome, rung.detail, rung.origin, rung.winner)
    decided = verdict.decided
    if decided is not None and decided.name.startswith("lock ") and decided.origin is not None:
        # A lock is asked silently: ask the rules of its override once more.
        context = {**verdict.expectation.context, **snapshot.fixed}
        of_level = flag_set.overrides[flag.key][decided.name.removeprefix("lock ")]
        override = next(each for each in of_level.values() if each.origin == decided.origin)
        if isinstance(override.effect, ApplyRules):
            listed = RuleList(flag, override.effect.rules, override.level, override.scope, override.origin)
            first_match(listed, flag_set, context, verdict.time, listen)
    return hit
