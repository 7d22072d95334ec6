"""Rules as statements: each returns its answer where it holds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from burgee.answer import Answer, serve
from burgee.bucket import RAMP_STEPS, least_digest, ramp_step
from burgee.compiled.builder import Builder, both, compared, load
from burgee.compiled.conditions import ConditionWriter
from burgee.context import TARGETING_KEY, identifier
from burgee.flag import ALWAYS, Ramp, Rule, Serve, Split, Window
from burgee.resolution import Reason, Resolution
from burgee.ruling import RuleList, missing_key

Resolve = Callable[[Answer], Resolution]


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
        for index, rule in enumerate(listed.rules):
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
        answer = serve(listed.flag, variant, reason, listed.source, listed.scope, name)
        return self.builder.constant(self.resolve(answer))

    def _outcome(self, listed: RuleList, rule: Rule, name: str) -> list[ast.stmt]:
        outcome = rule.outcome
        if isinstance(outcome, Serve):
            return [ast.Return(self._answer(listed, outcome.variant, Reason.TARGETING_MATCH, name))]
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
        chosen = (
            self._split(listed, outcome, key, name)
            if isinstance(outcome, Split)
            else self._ramp(listed, outcome, key, name)
        )
        if outcome.by != TARGETING_KEY:
            return [*statements, ast.If(compared(load(key), ast.IsNot(), ast.Constant(None)), chosen, [])]
        missing = builder.constant(self.resolve(missing_key(listed, name)))
        is_missing = compared(load(key), ast.Is(), ast.Constant(None))
        return [*statements, ast.If(is_missing, [ast.Return(missing)], []), *chosen]

    def _split(self, listed: RuleList, split: Split, key: str, name: str) -> list[ast.stmt]:
        seed = listed.flag.key if split.seed is None else split.seed
        position = self.builder.temporary()
        statements: list[ast.stmt] = [
            ast.Assign([ast.Name(position, ast.Store())], self.builder.digest(seed, key))
        ]
        reached, shares = 0, [(variant, weight) for variant, weight in split.weights if weight]
        for variant, weight in shares[:-1]:
            reached += weight
            least = self.builder.constant(least_digest(reached, split.total))
            test = compared(load(position), ast.Lt(), least)
            statements.append(
                ast.If(test, [ast.Return(self._answer(listed, variant, Reason.SPLIT, name))], [])
            )
        return [*statements, ast.Return(self._answer(listed, shares[-1][0], Reason.SPLIT, name))]

    def _ramp(self, listed: RuleList, ramp: Ramp, key: str, name: str) -> list[ast.stmt]:
        builder = self.builder
        seed = f"{listed.flag.key}/ramp" if ramp.seed is None else ramp.seed
        start, complete = builder.constant(ramp.start), builder.constant(ramp.complete)
        step = builder.call(ramp_step, start, complete, load("now"))
        digest = ast.BinOp(self.builder.digest(seed, key), ast.Mult(), builder.constant(RAMP_STEPS))
        test = compared(ast.BinOp(digest, ast.RShift(), builder.constant(32)), ast.Lt(), step)
        return [ast.If(test, [ast.Return(self._answer(listed, ramp.variant, Reason.SPLIT, name))], [])]


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
