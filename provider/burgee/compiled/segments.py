"""Segments as functions: each is compiled once for all flags of a snapshot, those within it first."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from burgee.compiled.builder import NotCompiled
from burgee.compiled.conditions import SegmentTest, condition_writer
from burgee.condition import InSegment
from burgee.context import Context, OnePass
from burgee.dependencies import conditions_in
from burgee.matching import SEGMENT_DEPTH_LIMIT, holds
from burgee.resolution import Resolution
from burgee.snapshot import FlagSet, Function, Snapshot

BATCH_PARTS: Final = 250
"""Conditions of segments that one call compiles; beyond, they are interpreted until later calls have."""


class SegmentTests:
    """The tests of one flag set's segments, whether compiled yet or not.

    Args:
        fixed: attributes whose values are known now.
    """

    def __init__(self, flag_set: FlagSet, fixed: Mapping[str, Any]) -> None:
        self.segments = flag_set.segments
        self.fixed = fixed
        self._flag_set_id = flag_set.flag_set_id
        self._heights: dict[str, int] = {}
        self._compiled: dict[str, SegmentTest] = {}
        self._interpreted: dict[str, SegmentTest] = {}

    def test(self, name: str) -> SegmentTest:
        """The test of a segment; where it is not compiled yet, one that is interpreted until it is."""
        if name in self._compiled:
            return self._compiled[name]
        if name not in self.segments:
            return lambda context: False
        if name not in self._interpreted:
            self._interpreted[name] = self._shared(name, self._interpreter(name))
        compiled, interpreted = self._compiled, self._interpreted[name]
        return lambda context: compiled.get(name, interpreted)(context)

    def uncompiled(self, names: Iterable[str]) -> list[str]:
        """Those of these segments that can be compiled and are not yet, inner ones first.

        Of segments that stand deeper within each other than SEGMENT_DEPTH_LIMIT, which only layers together
        can reach, only the interpreter counts how deep.

        Args:
            names: with the names of all segments within them.
        """
        there = sorted(name for name in names if name in self.segments)
        self._measure(there)
        low = [name for name in there if self._heights[name] <= SEGMENT_DEPTH_LIMIT]
        return sorted((name for name in low if name not in self._compiled), key=self._heights.__getitem__)

    def compile_some(self, names: list[str]) -> None:
        """Compile the first of these segments, up to BATCH_PARTS conditions or one segment, and drop them.

        Args:
            names: as :meth:`uncompiled` gives them.
        """
        parts = 0
        while names and parts < BATCH_PARTS:
            name = names[0]
            if name not in self._compiled:
                parts += sum(1 for _ in conditions_in(self.segments[name].condition))
                self._compiled[name] = self._compile(name)
            del names[:1]

    def _measure(self, names: Iterable[str]) -> None:
        """Note how high segments stand, up to just beyond the limit; a circle has no end."""
        waiting = {name: self._within(name) for name in names if name not in self._heights}
        for _ in range(SEGMENT_DEPTH_LIMIT):
            found = {
                name: 1 + max((self._heights[each] for each in inner), default=0)
                for name, inner in waiting.items()
                if all(each in self._heights for each in inner)
            }
            self._heights.update(found)
            waiting = {name: inner for name, inner in waiting.items() if name not in found}
        self._heights.update(dict.fromkeys(waiting, SEGMENT_DEPTH_LIMIT + 1))

    def _within(self, name: str) -> list[str]:
        inside = conditions_in(self.segments[name].condition)
        names = dict.fromkeys(each.segment for each in inside if isinstance(each, InSegment))
        return [each for each in names if each in self.segments]

    def _interpreter(self, name: str) -> Callable[[Context, float], bool]:
        condition, segments, fixed = InSegment(name), self.segments, self.fixed

        def interpret(context: Context, now: float) -> bool:
            return holds(condition, {**context, **fixed}, segments)

        return interpret

    def _compile(self, name: str) -> SegmentTest:
        condition, interpret = self.segments[name].condition, self._interpreter(name)
        try:
            builder, conditions = condition_writer(self.fixed, self.segments, self.test, [condition])
            conditions.prepare(condition)
            builder.body.append(ast.Return(conditions.expression(condition)))
            return self._shared(name, builder.function(interpret))
        except (NotCompiled, RecursionError):
            return self._shared(name, interpret)

    def _shared(self, name: str, function: Callable[[Context, float], bool]) -> SegmentTest:
        """Ask once for all flags of one pass, see :class:`burgee.context.OnePass`."""
        key = f"segment {self._flag_set_id}/{name}"

        def ask(context: Context) -> bool:
            if context.__class__ is not OnePass:
                return function(context, 0.0)
            known: dict[str, Any] = context.known
            if key not in known:
                known[key] = function(context, 0.0)
            found: bool = known[key]
            return found

        return ask


class Warming:
    """A flag's function while segments that it refers to are not compiled: each call compiles some more."""

    __slots__ = ("_function", "_tests", "_uncompiled")

    def __init__(self, function: Function, tests: SegmentTests, uncompiled: list[str]) -> None:
        self._function = function
        self._tests = tests
        self._uncompiled = uncompiled

    def __call__(self, context: Context, now: float) -> Resolution:
        if self._uncompiled:
            self._tests.compile_some(self._uncompiled)
        return self._function(context, now)


def segment_tests(snapshot: Snapshot, flag_set: FlagSet) -> SegmentTests:
    """The tests of a flag set's segments, the same for all flags of a snapshot."""
    known = snapshot.known_segments.get(flag_set.flag_set_id)
    if not isinstance(known, SegmentTests) or known.segments is not flag_set.segments:
        known = snapshot.known_segments[flag_set.flag_set_id] = SegmentTests(flag_set, snapshot.fixed)
    return known
