"""What a flag may answer with: of its rules, its targeting and its overrides, for any context at any time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from burgee.context import TARGETING_KEY
from burgee.dependencies import always_answers
from burgee.expression import Expression, ListOf, Operation
from burgee.expression import Literal as Constant
from burgee.fault import Path
from burgee.flag import (
    ApplyRules,
    Disable,
    Flag,
    Override,
    Ramp,
    Rule,
    Serve,
    ServeValue,
    ServeVariant,
    Split,
)
from burgee.targeting import variant_name
from burgee.value import fingerprint

Kind: TypeAlias = Literal["variant", "value", "code default", "disabled", "error", "unknown"]


class Outcome(NamedTuple):
    """One thing that may be answered.

    Attributes:
        what: the variant's name, or the value's bytes; empty for the other kinds.
    """

    kind: Kind
    what: str | bytes = ""


ERROR: Final = Outcome("error")
UNKNOWN: Final = Outcome("unknown")

TRUTHS: Final = frozenset((
    "==", "===", "!=", "!==", ">", ">=", "<", "<=", "!", "!!", "in",
    "all", "none", "some", "starts_with", "ends_with", "sem_ver",
))  # fmt: skip
"""Operators of targeting that give true or false; flagd's own null for what they do not take."""


def outcomes_of_rules(rules: Iterable[Rule]) -> tuple[set[Outcome], bool]:
    """What rules may answer with, and whether they may all be passed."""
    found: set[Outcome] = set()
    for rule in rules:
        found |= _outcomes_of_rule(rule)
        if always_answers(rule):
            return found, False
    return found, True


def _outcomes_of_rule(rule: Rule) -> set[Outcome]:
    match rule.outcome:
        case Serve(variant):
            return {Outcome("variant", variant)}
        case Split(only=str(variant), by=by) if by == TARGETING_KEY:
            return {Outcome("variant", variant)}
        case Split(weights, by):
            found = {Outcome("variant", variant) for variant, weight in weights if weight > 0}
        case Ramp(variant=variant, by=by):
            found = {Outcome("variant", variant)}
    return found | {ERROR} if by == TARGETING_KEY else found


def outcomes_of_override(override: Override) -> set[Outcome]:
    """What an override may answer with; UNKNOWN for one that has no answer of its own."""
    match override.effect:
        case ServeVariant(variant):
            return {Outcome("variant", variant)}
        case ServeValue(value):
            return {Outcome("value", fingerprint(value))}
        case ApplyRules(rules):
            return outcomes_of_rules(rules)[0]
        case Disable():
            return {Outcome("disabled")}
    return {UNKNOWN}


def default_outcome(flag: Flag) -> Outcome:
    """What a flag answers with where nothing else does."""
    return (
        Outcome("code default") if flag.default_variant is None else Outcome("variant", flag.default_variant)
    )


def outcomes_of_flag(flag: Flag) -> set[Outcome]:
    """What a flag may answer with by itself, without its overrides."""
    found, may_pass = outcomes_of_rules(flag.rules)
    if flag.targeting is not None:
        found |= _outcomes_of_targeting(flag, flag.targeting)
    if may_pass or flag.requires:
        found.add(default_outcome(flag))
    return found


def _outcomes_of_targeting(flag: Flag, targeting: Expression) -> set[Outcome]:
    found: set[Outcome] = set()
    waiting = [targeting]
    while waiting:
        match waiting.pop():
            case Constant(None):
                pass
            case Constant(value):
                name = variant_name(value)
                found.add(ERROR if name is None or name not in flag.variants else Outcome("variant", name))
            case Operation("if" | "?:", operands) if len(operands) > 1:
                waiting.extend(operands[1::2])
                if len(operands) % 2:
                    waiting.append(operands[-1])
            case Operation("and" | "or" | "if" | "?:", operands):
                waiting.extend(operands)
            case Operation("fractional", operands) if _has_written_buckets(operands):
                waiting += (variant for _, variant in variants_in_buckets(operands))
                found.add(ERROR)
            case Operation(operator, _) if operator in TRUTHS:
                waiting += (Constant(True), Constant(False))
            case _:
                return {UNKNOWN}
    return found


def _has_written_buckets(operands: Sequence[Expression]) -> bool:
    """Whether all buckets are written down: a context may give one where a rule stands before them."""
    first, *rest = operands
    known = isinstance(first, ListOf | Constant) or (
        isinstance(first, Operation) and first.operator in ("cat", "substr")
    )
    return known and all(isinstance(each, ListOf) for each in rest)


def variants_in_buckets(operands: Sequence[Expression]) -> Iterator[tuple[Path, Expression]]:
    """What stands for the variant in each bucket of a ``fractional`` that is not empty, and the way there."""
    for index, bucket in enumerate(operands):
        if isinstance(bucket, ListOf) and bucket.items and not is_empty_bucket(bucket):
            yield (index, 0), bucket.items[0]


def is_empty_bucket(bucket: ListOf) -> bool:
    """Whether the weight that is written down is 0."""
    return len(bucket.items) > 1 and isinstance(bucket.items[1], Constant) and bucket.items[1].value == 0
