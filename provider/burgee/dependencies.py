"""What an answer depends on: attributes (``Burgee-Vary``), instants (``Burgee-Until``), flags, segments.

All of it is static for a flag within a generation: what could be read, not what one evaluation did read.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Mapping

from burgee.condition import AllOf, AnyOf, AttributeTest, Condition, InSegment, Not
from burgee.context import TARGETING_KEY
from burgee.errors import SnapshotError
from burgee.flag import ALWAYS, ApplyRules, Flag, Override, Ramp, Rule, Segment, Serve, Split, Window
from burgee.reads import reads
from burgee.selector import ANY, Selector
from burgee.snapshot import Dependencies, FlagSet, Snapshot, base_key


def dependencies(flag_set: FlagSet, flag_key: str) -> Dependencies:
    """The dependencies of a flag of this set, remembered with it; KeyError where it has no such flag."""
    flag_key = base_key(flag_set, flag_key)
    known = flag_set.known_dependencies.get(flag_key)
    if known is None:
        known = _Collector(flag_set).collect(flag_key)
        flag_set.known_dependencies[flag_key] = known
    return known


def vary(snapshot: Snapshot, flag_key: str, selector: Selector = ANY) -> frozenset[str] | None:
    """All context attributes that could change this flag's answer in this generation, fixed ones left out.

    Returns:
        Their names; empty for an unknown or ambiguous flag; None where no finite list can be given, which is
        so where the snapshot's bytes are damaged.
    """
    try:
        candidates = snapshot.candidates(flag_key, selector)
        if len(candidates) != 1:
            return frozenset()
        depends = dependencies(candidates[0], flag_key)
    except SnapshotError:
        return None
    return None if depends.unbounded else depends.attributes - snapshot.fixed.keys()


def next_edge(snapshot: Snapshot, flag_key: str, now: float, selector: Selector = ANY) -> float | None:
    """The next instant after ``now`` at which time alone could change this flag's answer, Unix seconds."""
    try:
        candidates = snapshot.candidates(flag_key, selector)
        return dependencies(candidates[0], flag_key).next_edge(now) if len(candidates) == 1 else None
    except SnapshotError:
        return None


def next_edge_of_all(snapshot: Snapshot, now: float) -> tuple[float, frozenset[str]] | None:
    """The next instant after ``now`` at which any flag could change, and the keys of those flags."""
    soonest: float | None = None
    keys: set[str] = set()
    for flag_set in snapshot.flag_sets.values():
        edges = {
            key: found.next_edge(now)
            for key, found in dependencies_of_all(flag_set)
            if found.windows or found.ramps
        }
        if edges:
            edges |= {
                key: edges.get(leaf.flag_key)
                for key, leaf in flag_set.leaves.items()
                if key not in flag_set.flags
            }
        for flag_key, edge in edges.items():
            if edge is None or (soonest is not None and edge > soonest):
                continue
            if edge != soonest:
                soonest, keys = edge, set()
            keys.add(flag_key)
    return None if soonest is None else (soonest, frozenset(keys))


def dependents(flag_set: FlagSet, flags: Iterable[str], segments: Iterable[str]) -> set[str]:
    """Keys of the set's flags that depend on one of ``flags`` or ``segments``, however indirectly."""
    flag_keys, segment_names = frozenset(flags), frozenset(segments)
    return {
        key
        for key, found in dependencies_of_all(flag_set)
        if not flag_keys.isdisjoint(found.flags) or not segment_names.isdisjoint(found.segments)
    }


def dependencies_of_all(flag_set: FlagSet) -> Iterator[tuple[str, Dependencies]]:
    """Each flag's key and its dependencies, remembered as :func:`dependencies` does."""
    if not isinstance(flag_set.known_dependencies, dict):
        # Read from bytes: all are known, and to go through them is less than to ask for each.
        return iter(flag_set.known_dependencies.items())
    return ((key, dependencies(flag_set, key)) for key in flag_set.flags)


def carry_over(before: FlagSet, after: FlagSet, affected: Container[str]) -> None:
    """Remember with ``after`` what is known of ``before`` and is the same there.

    Args:
        before: with the hierarchy of ``after``.
        affected: keys of the flags that changed, or that depend in ``before`` on a flag or a segment that
            did, whether it was there or not.
    """
    known = after.known_dependencies
    if not isinstance(known, dict):
        return
    for key, depends in before.known_dependencies.items():
        if key not in affected and key in after.flags:
            known.setdefault(key, depends)


def always_answers(rule: Rule) -> bool:
    """Whether nothing that stands after the rule can ever be reached."""
    return rule.condition is None and rule.window == ALWAYS and isinstance(rule.outcome, Serve)


def conditions_in(condition: Condition) -> Iterator[Condition]:
    """The condition and every condition inside it; segments are named, not entered."""
    waiting = [condition]
    while waiting:
        current = waiting.pop()
        yield current
        match current:
            case AllOf(conditions) | AnyOf(conditions):
                waiting.extend(conditions)
            case Not(inner):
                waiting.append(inner)


def segments_in(condition: Condition, segments: Mapping[str, Segment]) -> set[str]:
    """Names of the segments that the condition refers to, and those that these refer to."""
    found: set[str] = set()
    waiting = [condition]
    while waiting:
        for each in conditions_in(waiting.pop()):
            if isinstance(each, InSegment) and each.segment not in found:
                found.add(each.segment)
                if each.segment in segments:
                    waiting.append(segments[each.segment].condition)
    return found


class _Collector:
    def __init__(self, flag_set: FlagSet) -> None:
        self.flag_set = flag_set
        self.attributes: set[str] = set()
        self.windows: set[Window] = set()
        self.ramps: set[tuple[float, float]] = set()
        self.segments: set[str] = set()
        self.unbounded = False

    def collect(self, flag_key: str) -> Dependencies:
        reached = {flag_key}
        waiting = [self.flag_set.flags[flag_key]]
        while waiting:
            flag = waiting.pop()
            if not flag.enabled or flag.key in self.flag_set.kills:
                continue
            self._flag(flag)
            for key, _ in flag.requires:
                if key not in reached:
                    reached.add(key)
                    required = self.flag_set.flags.get(key)
                    if required is not None:
                        waiting.append(required)
        return Dependencies(
            frozenset(self.attributes),
            # In order, since that of a set differs from process to process.
            tuple(sorted(self.windows, key=_edges)),
            tuple(sorted(self.ramps)),
            frozenset(self.segments),
            frozenset(reached - {flag_key}),
            self.unbounded,
        )

    def _flag(self, flag: Flag) -> None:
        overrides = self.flag_set.overrides.get(flag.key, {})
        for level in self.flag_set.hierarchy:
            of_level = overrides.get(level.name)
            if of_level:
                self.attributes.add(level.attribute)
                for override in of_level.values():
                    self._override(override)
        self._rules(flag.rules)
        if flag.targeting is not None:
            read = reads(flag.targeting)
            self.attributes |= read.attributes
            self.unbounded = self.unbounded or read.unbounded

    def _override(self, override: Override) -> None:
        self._window(override.window)
        if isinstance(override.effect, ApplyRules):
            self._rules(override.effect.rules)

    def _rules(self, rules: tuple[Rule, ...]) -> None:
        for rule in rules:
            self._window(rule.window)
            if rule.condition is not None:
                self._condition(rule.condition)
            match rule.outcome:
                case Split(by=by, only=only):
                    # A split with one share needs no targeting key; another attribute has to be there.
                    if only is None or by != TARGETING_KEY:
                        self.attributes.add(by)
                case Ramp(by=by, start=start, complete=complete):
                    self.attributes.add(by)
                    self.ramps.add((start, complete))
            if always_answers(rule):
                break

    def _window(self, window: Window) -> None:
        if window != ALWAYS:
            self.windows.add(window)

    def _condition(self, condition: Condition) -> None:
        names = segments_in(condition, self.flag_set.segments)
        self.segments |= names
        inside = [self.flag_set.segments[name].condition for name in names if name in self.flag_set.segments]
        for whole in (condition, *inside):
            for each in conditions_in(whole):
                if isinstance(each, AttributeTest):
                    self.attributes.add(each.attribute)


def _edges(window: Window) -> tuple[float, float]:
    start, end = window.start, window.end
    return -math.inf if start is None else start, math.inf if end is None else end
