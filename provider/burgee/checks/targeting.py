"""Targeting: what it gives that is no variant, and what of it nobody is ever given."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from itertools import islice
from typing import Final

from burgee.checks.finding import Finding, warning
from burgee.checks.outcomes import TRUTHS, is_empty_bucket, variants_in_buckets
from burgee.checks.weights import weightless
from burgee.definition.rendering import render_expression
from burgee.definition.report import did_you_mean
from burgee.expression import IF, Expression, ListOf, Literal, Operation
from burgee.fault import Path, path_text
from burgee.flag import Flag
from burgee.javascript import truthy
from burgee.targeting import variant_name
from burgee.value import shown

_CONSIDERED: Final = 100
"""Variants of a flag among which one is looked for that resembles what was written."""

_LISTED: Final = 8
"""Variants that a remedy names where none does."""


def odd_targeting(flag: Flag, told: Container[object]) -> Iterator[Finding]:
    """Find what is wrong with a flag's targeting whatever the context.

    Args:
        told: names of variants that are said to be never served at all.
    """
    if flag.targeting is not None:
        yield from _Walk(flag, told).within(flag.targeting, ())


class _Walk:
    """Goes through all that targeting may give, and through no branch that is never taken.

    What has been asked on the way to a branch is known in it: the same condition, asked again of the same
    data, says the same again.
    """

    def __init__(self, flag: Flag, told: Container[object]) -> None:
        self._flag = flag
        self._told = told
        self._known: dict[str, tuple[bool, Path]] = {}

    def within(self, expression: Expression, path: Path) -> Iterator[Finding]:
        """Look at what an expression gives.

        Args:
            path: the way to it from the whole targeting.
        """
        match expression:
            case Operation(operator, operands) if operator in IF and len(operands) > 1:
                yield from self._if(operands, (*path, operator))
            case Operation("if" | "?:" | "and" | "or" as operator, operands):
                yield from self.within(operands[-1], (*path, operator, len(operands) - 1))
            case Operation("fractional" as operator, operands):
                for way, variant in variants_in_buckets(operands):
                    yield from self.within(variant, (*path, operator, *way))
                yield from self._idle_weights(operands, (*path, operator))
            case Operation(operator, _) if operator in TRUTHS:
                lacking = [name for name in ("true", "false") if name not in self._flag.variants]
                if lacking:
                    what = f"`{operator}` gives true or false, and {_no_variant(lacking, self._flag)}"
                    yield self._unknown(lacking[0], path, what)
            case Literal(value) if value is not None:
                name = variant_name(value)
                if name is None or name not in self._flag.variants:
                    what = f"{shown(value)} is no variant of flag `{self._flag.key}`"
                    yield self._unknown(name or "", path, what)

    def _if(self, operands: tuple[Expression, ...], path: Path) -> Iterator[Finding]:
        asked: list[str] = []
        for index in range(0, len(operands) - 1, 2):
            # Not by the equality of Python, which takes 1 for true.
            this, written = (*path, index), json.dumps(render_expression(operands[index]))
            holds, why = self._certain(operands[index], written)
            if holds is False:
                yield self._never_taken((*path, index + 1), f"{path_text(this)} {why}")
                continue
            if holds is None:
                self._known[written] = (True, this)
            yield from self.within(operands[index + 1], (*path, index + 1))
            if holds is True:
                if index + 2 < len(operands):
                    rest = index + 3 if index + 3 < len(operands) else index + 2
                    yield self._never_taken((*path, rest), f"{path_text(this)} {why}")
                break
            self._known[written] = (False, this)
            asked.append(written)
        else:
            if len(operands) % 2:
                yield from self.within(operands[-1], (*path, len(operands) - 1))
        for written in asked:
            del self._known[written]

    def _certain(self, condition: Expression, written: str) -> tuple[bool | None, str]:
        """Whether a condition holds for everyone who comes so far, or for nobody, and why."""
        match condition:
            case Literal(value):
                holds = truthy(value)
            case ListOf(items):
                holds = bool(items)
            case _:
                if written not in self._known:
                    return None, ""
                held, where = self._known[written]
                verb = "holds" if held else "fails"
                return held, f"asks what {path_text(where)} has asked: here it always {verb}"
        return holds, f"always {'holds' if holds else 'fails'}"

    def _never_taken(self, path: Path, why: str) -> Finding:
        message = f"{path_text(path)} of the targeting of `{self._flag.key}` is never taken: {why}"
        where = self._flag.origin.below("targeting", *path)
        return warning("unreachable-branch", where, message, "correct the condition, or remove the branch")

    def _idle_weights(self, operands: tuple[Expression, ...], path: Path) -> Iterator[Finding]:
        for index, bucket in enumerate(operands):
            if isinstance(bucket, ListOf) and is_empty_bucket(bucket):
                variant = bucket.items[0]
                name = variant_name(variant.value) if isinstance(variant, Literal) else None
                if name is not None and name not in self._told:
                    yield weightless(name, self._flag.origin.below("targeting", *path, index))

    def _unknown(self, name: str, path: Path, what: str) -> Finding:
        variants = list(islice(self._flag.variants, _CONSIDERED))
        remedy = did_you_mean(name, variants)
        if not remedy:
            known = ", ".join(f"`{each}`" for each in variants[:_LISTED])
            remedy = f"give one of {known}" if known else "give the flag variants"
        message = f"{what}: where targeting gives that, the answer is the error GENERAL"
        return warning("unknown-variant", self._flag.origin.below("targeting", *path), message, remedy)


def _no_variant(names: list[str], flag: Flag) -> str:
    return f"flag `{flag.key}` has no variant {' and no '.join(f'`{name}`' for name in names)}"
