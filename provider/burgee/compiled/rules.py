"""Rules as statements: each returns its answer where it holds."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Final

from burgee.answer import Answer, serve
from burgee.bucket import RAMP_STEPS, least_digest, ramp_step
from burgee.compiled.builder import Builder, both, compared, load
from burgee.compiled.conditions import ConditionWriter
from burgee.context import TARGETING_KEY, identifier
from burgee.flag import ALWAYS, Ramp, Rule, Serve, Split, Window
from burgee.resolution import Reason, Resolution
from burgee.ruling import RuleList, missing_key

Resolve = Callable[[Answer], Resolution]

MOST_COMPARED: Final = 16
"""Shares that a key is compared with one after the other; where there are more, its share is looked up."""


class RuleWriter:
    """Writes the rules of a flag or of one override into one function.

    Args:
        resolve: makes the resolution of an answer.
    """

    def __init__(self, builder: Builder, conditions: ConditionWriter, resolve: Resolve) -> None:
        self.builder = builder
        self.conditions = conditions
        self.resolve = resolve

    def write(self, listed: RuleList) -> None:
        """Write all rules, up to the first that always answers."""
        for index, rule in enumerate(listed.rules, listed.first):
            test = self._test(rule)
            if isinstance(test, ast.Constant) and test.value is False:
                continue
            outcome = self._outcome(listed, rule, rule.name or f"rules[{index}]")
            if isinstance(test, ast.Constant):
                self.builder.body.extend(outcome)
                if isinstance(rule.outcome, Serve):
                    return
            else:
                self.builder.body.append(ast.If(test, outcome, []))

    def _test(self, rule: Rule) -> ast.expr:
        parts = [window_test(self.builder, rule.window)] if rule.window != ALWAYS else []
        if rule.condition is not None:
            self.conditions.prepare(rule.condition)
            parts.append(self.conditions.expression(rule.condition))
        return both(parts)

    def _answer(self, listed: RuleList, variant: str, reason: Reason, name: str) -> ast.expr:
        return self.builder.constant(self._resolved(listed, variant, reason, name))

    def _resolved(self, listed: RuleList, variant: str, reason: Reason, name: str) -> Resolution:
        return self.resolve(serve(listed.flag, variant, reason, listed.source, listed.scope, name))

    def _outcome(self, listed: RuleList, rule: Rule, name: str) -> list[ast.stmt]:
        outcome = rule.outcome
        if isinstance(outcome, Serve):
            return [ast.Return(self._answer(listed, outcome.variant, Reason.TARGETING_MATCH, name))]
        if outcome.by == TARGETING_KEY and isinstance(outcome, Split) and outcome.only is not None:
            return [ast.Return(self._answer(listed, outcome.only, Reason.SPLIT, name))]
        if isinstance(outcome, Ramp):
            return self._ramp(listed, outcome, name)
        return self._keyed(listed, outcome, name, lambda key: self._split(listed, outcome, key, name))

    def _keyed(
        self, listed: RuleList, outcome: Split | Ramp, name: str, chosen: Callable[[str], list[ast.stmt]]
    ) -> list[ast.stmt]:
        """Statements that take the key that is divided by, and go on where there is one."""
        builder = self.builder
        given, key = builder.local_attribute(outcome.by), builder.temporary()
        statements: list[ast.stmt] = [
            ast.Assign([ast.Name(key, ast.Store())], given),
            ast.If(
                _is_no_text(builder, key),
                [ast.Assign([ast.Name(key, ast.Store())], builder.call(identifier, load(key)))],
                [],
            ),
        ]
        if outcome.by != TARGETING_KEY:
            is_there = compared(load(key), ast.IsNot(), ast.Constant(None))
            return [*statements, ast.If(is_there, chosen(key), [])]
        missing = builder.constant(self.resolve(missing_key(listed, name)))
        is_missing = compared(load(key), ast.Is(), ast.Constant(None))
        return [*statements, ast.If(is_missing, [ast.Return(missing)], []), *chosen(key)]

    def _split(self, listed: RuleList, split: Split, key: str, name: str) -> list[ast.stmt]:
        seed = listed.flag.key if split.seed is None else split.seed
        position = self.builder.temporary()
        statements: list[ast.stmt] = [
            ast.Assign([ast.Name(position, ast.Store())], self.builder.digest(seed, key))
        ]
        total, shares = split.total, [(variant, weight) for variant, weight in split.weights if weight]
        bounds = [least_digest(reached, total) for reached in accumulate(weight for _, weight in shares)]
        answers = [self._resolved(listed, variant, Reason.SPLIT, name) for variant, _ in shares]
        if len(shares) > MOST_COMPARED:
            found = self.builder.call(bisect_right, self.builder.constant(tuple(bounds[:-1])), load(position))
            of_all = self.builder.constant(tuple(answers))
            return [*statements, ast.Return(ast.Subscript(of_all, found, ast.Load()))]
        for least, answer in zip(bounds[:-1], answers, strict=False):
            test = compared(load(position), ast.Lt(), self.builder.constant(least))
            statements.append(ast.If(test, [ast.Return(self.builder.constant(answer))], []))
        return [*statements, ast.Return(self.builder.constant(answers[-1]))]

    def _ramp(self, listed: RuleList, ramp: Ramp, name: str) -> list[ast.stmt]:
        """The steps gone first: the key is of no consequence before the first of them and after the last."""
        builder, step = self.builder, self.builder.temporary()
        seed = f"{listed.flag.key}/ramp" if ramp.seed is None else ramp.seed
        start, complete = builder.constant(ramp.start), builder.constant(ramp.complete)
        gone = builder.call(ramp_step, start, complete, load("now"))
        answer = ast.Return(self._answer(listed, ramp.variant, Reason.SPLIT, name))
        is_complete = compared(load(step), ast.Eq(), builder.constant(RAMP_STEPS))

        def reached(key: str) -> list[ast.stmt]:
            digest = ast.BinOp(builder.digest(seed, key), ast.Mult(), builder.constant(RAMP_STEPS))
            position = ast.BinOp(digest, ast.RShift(), builder.constant(32))
            return [ast.If(compared(position, ast.Lt(), load(step)), [answer], [])]

        by_key = self._keyed(listed, ramp, name, reached)
        if ramp.by == TARGETING_KEY:
            by_key = [ast.If(is_complete, [answer], by_key)]
        return [ast.Assign([ast.Name(step, ast.Store())], gone), ast.If(load(step), by_key, [])]


def _is_no_text(builder: Builder, key: str) -> ast.expr:
    kind = ast.Attribute(load(key), "__class__", ast.Load())
    return both(
        [compared(kind, ast.IsNot(), builder.constant(str)), ast.UnaryOp(ast.Not(), load(key))], ast.Or
    )


def window_test(builder: Builder, window: Window) -> ast.expr:
    """Whether ``now`` lies inside a window."""
    parts: list[ast.expr] = []
    if window.start is not None:
        parts.append(compared(builder.constant(window.start), ast.LtE(), load("now")))
    if window.end is not None:
        parts.append(compared(load("now"), ast.Lt(), builder.constant(window.end)))
    return both(parts)


def conditions_of(rules: Sequence[Rule]) -> list[Any]:
    """The conditions of rules, for counting."""
    return [rule.condition for rule in rules if rule.condition is not None]
