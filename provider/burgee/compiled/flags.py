"""Whole flags: kill, prerequisites, levels, rules or targeting, and the default, in one function."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from burgee.answer import Answer, default_answer
from burgee.chains import chain_lengths
from burgee.compiled.builder import Builder, NotCompiled
from burgee.compiled.choices import BranchWriter, choices_of, compiled_choice
from burgee.compiled.conditions import ConditionWriter, condition_writer
from burgee.compiled.levels import LevelParts, Part
from burgee.compiled.rules import RuleWriter, conditions_of
from burgee.compiled.segments import Warming, segment_tests
from burgee.compiled.slices import Slices, is_one_slice, slices_of
from burgee.compiled.targeting import TargetingWriter
from burgee.compiled.walked import WalkedFlag
from burgee.context import Context, OnePass
from burgee.dependencies import dependencies
from burgee.expression import Expression
from burgee.flag import Flag, Rule
from burgee.ladder import Climb
from burgee.resolution import Resolution
from burgee.result import resolution
from burgee.ruling import RuleList
from burgee.snapshot import Dependencies, FlagSet, Function, Snapshot

PATHS_LIMIT: Final = 32
"""A flag with more ways down through its prerequisites has them asked by the interpreter, once each."""


def function_of(snapshot: Snapshot, flag_set: FlagSet, flag: Flag) -> Function:
    """Compile a flag, and the segments that it refers to; what is too large is interpreted."""
    depends = dependencies(flag_set, flag.key)
    if not depends.segments:
        return _by_kind(snapshot, flag_set, flag, depends)
    tests = segment_tests(snapshot, flag_set)
    uncompiled = tests.uncompiled(depends.segments)
    tests.compile_some(uncompiled)
    function = _by_kind(snapshot, flag_set, flag, depends)
    return Warming(function, tests, uncompiled) if uncompiled else function


def _by_kind(snapshot: Snapshot, flag_set: FlagSet, flag: Flag, depends: Dependencies) -> Function:
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
        self.segments = segment_tests(snapshot, flag_set)

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
        listed = RuleList(flag, flag.rules, "default", None, flag.origin)
        is_short = is_one_slice(flag.rules)
        builder, conditions = self._condition_writer(flag.rules if is_short else ())
        if unmet is not None:
            builder.ask(unmet)
        for level in parts:
            level.write(builder)
        if is_short:
            RuleWriter(builder, conditions, self.resolve).write(listed)
        else:
            builder.ask(self._rules(listed))
        if flag.targeting is not None:
            self._targeting(builder, flag.targeting)
        builder.body.append(ast.Return(builder.constant(self.resolve(default_answer(flag)))))
        return builder.function(self.interpret)

    def _targeting(self, builder: Builder, targeting: Expression) -> None:
        """Write the targeting, a long choice in slices."""
        choices = choices_of(targeting)
        if len(choices) == 1:
            TargetingWriter(builder, self.flag_set, self.flag, self.resolve).write(targeting)
            return

        def compile_choice(choice: Expression) -> Part:
            def writer(own: Builder) -> TargetingWriter:
                return BranchWriter(own, self.flag_set, self.flag, self.resolve)

            return compiled_choice(choice, writer, Builder(self.fixed, Counter()), self.interpret)

        builder.ask(Slices([partial(compile_choice, each) for each in choices], lambda _: self.interpret))

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

    def _condition_writer(self, rules: Sequence[Rule]) -> tuple[Builder, ConditionWriter]:
        return condition_writer(self.fixed, self.flag_set.segments, self.segments.test, conditions_of(rules))

    def _rules(self, listed: RuleList) -> Part:
        """Compile rules, a long list in slices."""
        slices = slices_of(listed.rules)
        if len(slices) == 1:
            return self._slice(listed)
        compile_slices = [partial(self._slice, listed.part(*each)) for each in slices]
        return Slices(compile_slices, lambda index: self._interpreter_of(listed.part(slices[index][0])))

    def _slice(self, listed: RuleList) -> Part:
        interpret = self._interpreter_of(listed)
        try:
            builder, conditions = self._condition_writer(listed.rules)
            RuleWriter(builder, conditions, self.resolve).write(listed)
            builder.body.append(ast.Return(ast.Constant(None)))
            return builder.function(interpret)
        except (NotCompiled, RecursionError):
            return interpret

    def _interpreter_of(self, listed: RuleList) -> Part:
        def interpret(context: Context, now: float) -> Resolution | None:
            answer = Climb(self.flag_set, {**context, **self.fixed}, now).first_match(listed)
            return None if answer is None else self.resolve(answer)

        return interpret


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
