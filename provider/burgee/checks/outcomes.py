"""What a flag may answer with: of its rules, its targeting and its overrides, for any context at any time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from burgee.context import TARGETING_KEY
from burgee.dependencies import always_answers
from burgee.expression import Expression, ListOf, Operation
from burgee.expression import Literal as Constant
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

_TRUTHS: Final = frozenset((
    "==", "===", "!=", "!==", ">", ">=", "<", "<=", "!", "!!", "in",
    "all", "none", "some", "starts_with", "ends_with", "sem_ver",
))  # fmt: skip


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
            case Operation("fractional", operands) if all(isinstance(each, ListOf) for each in operands[1:]):
                waiting.extend(_variants_of(operands))
                found.add(ERROR)
            case Operation(operator, _) if operator in _TRUTHS:
                waiting += (Constant(True), Constant(False))
            case _:
                return {UNKNOWN}
    return found


def _variants_of(operands: Sequence[Expression]) -> list[Expression]:
    """What stands for the variant in each bucket; the first operand may be what is divided by instead."""
    if not isinstance(operands[0], ListOf) and len(operands) == 1:
        return [operands[0]]
    return [bucket.items[0] for bucket in operands if isinstance(bucket, ListOf) and bucket.items]
