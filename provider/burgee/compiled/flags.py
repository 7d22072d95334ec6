"""Whole flags: kill, prerequisites, levels, rules or targeting, and the default, in one function."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from burgee.answer import Answer, default_answer
from burgee.chains import chain_lengths
from burgee.compiled.builder import PARTS_LIMIT, Builder, NotCompiled, compared, count_uses, load
from burgee.compiled.conditions import ConditionWriter, SegmentTest
from burgee.compiled.levels import LevelParts, Part
from burgee.compiled.rules import RuleWriter, conditions_of
from burgee.compiled.targeting import TargetingWriter
from burgee.compiled.walked import WalkedFlag
from burgee.condition import AttributeTest, Condition
from burgee.context import Context, OnePass
from burgee.dependencies import dependencies, segments_in
from burgee.flag import Flag, Rule, Split
from burgee.ladder import Climb
from burgee.matching import holds
from burgee.resolution import Resolution
from burgee.result import resolution
from burgee.ruling import RuleList
from burgee.snapshot import FlagSet, Function, Snapshot

PATHS_LIMIT: Final = 32
"""A flag with more ways down through its prerequisites has them asked by the interpreter, once each."""


def function_of(snapshot: Snapshot, flag_set: FlagSet, flag: Flag) -> Function:
    """Compile a flag; it is interpreted where it has too many rules or conditions."""
    depends = dependencies(flag_set, flag.key)
    last_edge = depends.last_edge()
    varies = depends.unbounded or not depends.attributes <= snapshot.fixed.keys()
    if varies or last_edge is None:
        return _compiled(snapshot, flag_set, flag, static=not varies)
    return _by_time(last_edge, lambda static: _compiled(snapshot, flag_set, flag, static=static))


def _by_time(last_edge: float, compile_for: Callable[[bool], Function]) -> Function:
    """A flag whose answer only time changes: static from the last edge on; halves are compiled when asked."""
    halves: dict[bool, Function] = {}

    def ask(context: Context, now: float) -> Resolution:
        static = now >= last_edge
        if static not in halves:
            halves[static] = compile_for(static)
        return halves[static](context, now)

    return ask


def _compiled(snapshot: Snapshot, flag_set: FlagSet, flag: Flag, *, static: bool) -> Function:
    compiler = _Compiler(snapshot, flag_set, flag, static=static)
    try:
        return compiler.function()
    except (NotCompiled, RecursionError):
        return compiler.interpret


class _Compiler:
    """Compiles one flag.

    Args:
        static: whether nothing can change the flag's answer any more.
    """

    def __init__(self, snapshot: Snapshot, flag_set: FlagSet, flag: Flag, *, static: bool) -> None:
        self.snapshot = snapshot
        self.fixed: Mapping[str, Any] = snapshot.fixed
        self.flag_set = flag_set
        self.flag = flag
        self.static = static

    def interpret(self, context: Context, now: float) -> Resolution:
        """Answer as the interpreter does."""
        if self.fixed:
            context = {**context, **self.fixed}
        answer = Climb(self.flag_set, context, now).answer(self.flag)
        return self.resolve(answer)

    def resolve(self, answer: Answer) -> Resolution:
        """The answer as the caller is told it."""
        return resolution(self.flag_set, self.flag, answer, static=self.static)

    def function(self) -> Function:
        flag = self.flag
        killed = self.flag_set.kills.get(flag.key)
        if not flag.enabled or killed is not None:
            always = self.interpret({}, 0.0)
            return lambda context, now: always
        overrides = self.flag_set.overrides.get(flag.key, {})
        parts = [
            LevelParts(flag, level, overrides[level.name], self.resolve, self._rules)
            for level in self.flag_set.hierarchy
            if overrides.get(level.name)
        ]
        unmet = self._unmet()
        if flag.key in self.flag_set.locked or flag.key in self.flag_set.patched:
            rest = self._rest([], None)
            return WalkedFlag(self.flag_set, parts, self.fixed, rest, unmet, self.resolve)
        return self._rest(parts, unmet)

    def _rest(self, parts: list[LevelParts], unmet: Part | None) -> Function:
        """Compile what comes after: levels without patches, rules or targeting, the default."""
        flag = self.flag
        builder, conditions = self._rule_writers(flag.rules)
        if unmet is not None:
            answer = builder.keep(("requires",), builder.call(unmet, load("context"), load("now")))
            test = compared(answer, ast.IsNot(), ast.Constant(None))
            builder.body.append(ast.If(test, [ast.Return(answer)], []))
        for level in parts:
            level.write(builder)
        rules = RuleWriter(builder, conditions, self.resolve)
        rules.write(RuleList(flag, flag.rules, "default", None, flag.origin))
        if flag.targeting is not None:
            TargetingWriter(builder, self.flag_set, flag, self.resolve).write(flag.targeting)
        builder.body.append(ast.Return(builder.constant(self.resolve(default_answer(flag)))))
        return builder.function(self.interpret)

    def _rule_writers(self, rules: tuple[Rule, ...]) -> tuple[Builder, ConditionWriter]:
        shares = sum(len(rule.outcome.weights) for rule in rules if isinstance(rule.outcome, Split))
        if len(rules) + shares > PARTS_LIMIT:
            raise NotCompiled(f"more than {PARTS_LIMIT} rules and shares")
        return self._writers(conditions_of(rules))

    def _writers(self, conditions: list[Condition]) -> tuple[Builder, ConditionWriter]:
        uses: Counter[Any] = Counter()
        count_uses(conditions, uses)
        for condition, count in list(uses.items()):
            if isinstance(condition, AttributeTest):
                uses["attribute", condition.attribute] += count
                if condition.operator in ("lt", "lte", "gt", "gte"):
                    uses["is number", condition.attribute] += 1
        builder = Builder(self.fixed, uses)
        return builder, ConditionWriter(builder, self.flag_set.segments, self._segment_test)

    def _segment_test(self, name: str) -> SegmentTest:
        segments, fixed = self.flag_set.segments, self.fixed
        segment = segments.get(name)
        if segment is None:
            return lambda context: False

        def interpret(context: Context, now: float) -> bool:
            return holds(segment.condition, {**context, **fixed}, segments, 1)

        if segments_in(segment.condition, segments):
            # Segments within segments: their depth has a limit that only the interpreter counts.
            return lambda context: interpret(context, 0.0)
        builder, conditions = self._writers([segment.condition])
        conditions.prepare(segment.condition)
        test = conditions.expression(segment.condition)
        builder.body.append(ast.Return(test))
        compiled = shared(f"segment {self.flag_set.flag_set_id}/{name}", builder.function(interpret))
        return lambda context: bool(compiled(context, 0.0))

    def _unmet(self) -> Part | None:
        """The function that answers where a prerequisite is not met."""
        flag, flag_set, fixed = self.flag, self.flag_set, self.fixed
        if not flag.requires:
            return None
        if paths_below(flag_set, flag, PATHS_LIMIT) <= PATHS_LIMIT:
            return self._compiled_unmet()

        chains = chain_lengths(flag_set, flag)

        def interpret(context: Context, now: float) -> Resolution | None:
            found = Climb(flag_set, {**context, **fixed}, now, chains=chains).unmet(flag)
            return None if found is None else self.resolve(found)

        return interpret

    def _compiled_unmet(self) -> Part:
        flag, flag_set = self.flag, self.flag_set
        checks: list[tuple[Function | None, str, Resolution]] = []
        for key, variant in flag.requires:
            required = flag_set.flags.get(key)
            name = f"flag {flag_set.flag_set_id}/{key}"
            function = shared(name, function_of(self.snapshot, flag_set, required)) if required else None
            checks.append((function, variant, self.resolve(replace(default_answer(flag), requires=key))))

        def unmet(context: Context, now: float) -> Resolution | None:
            for function, variant, answer in checks:
                if function is None or function(context, now).variant != variant:
                    return answer
            return None

        return unmet

    def _rules(self, listed: RuleList) -> Part:
        """Compile the rules of an override."""
        builder, conditions = self._rule_writers(listed.rules)
        RuleWriter(builder, conditions, self.resolve).write(listed)
        builder.body.append(ast.Return(ast.Constant(None)))

        def interpret(context: Context, now: float) -> Resolution | None:
            answer = Climb(self.flag_set, {**context, **self.fixed}, now).first_match(listed)
            return None if answer is None else self.resolve(answer)

        return builder.function(interpret)


def shared(name: str, function: Callable[[Context, float], Any]) -> Callable[[Context, float], Any]:
    """Ask a function once for all flags of one pass, see :class:`burgee.context.OnePass`."""

    def ask(context: Context, now: float) -> Any:
        if context.__class__ is not OnePass:
            return function(context, now)
        known: dict[str, Any] = context.known
        if name not in known:
            known[name] = function(context, now)
        return known[name]

    return ask


def paths_below(flag_set: FlagSet, flag: Flag, limit: int) -> int:
    """Count the ways down from a flag through its prerequisites, up to just beyond ``limit``.

    A circle, which only layers together can make, has no end and so goes beyond it.
    """
    count, waiting = 0, [flag]
    while waiting and count <= limit:
        for key, _ in waiting.pop().requires:
            count += 1
            required = flag_set.flags.get(key)
            if required is not None:
                waiting.append(required)
    return count
