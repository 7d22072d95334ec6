"""Whether one condition follows from another, and whether one can hold at all.

Both are answered by normal forms: the condition that is given as an "any of all", the one that is asked about
as an "all of any", and attribute by attribute. Nothing is claimed that is not certain: where a form grows too
large, and where the tests of an attribute say nothing about one another, the answer is no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Final, TypeAlias

from burgee.checks.literals import Facts, Literal, literal
from burgee.condition import AllOf, AnyOf, AttributeTest, Condition, InSegment, Not
from burgee.dependencies import conditions_in
from burgee.flag import Segment
from burgee.matching import SEGMENT_DEPTH_LIMIT

_FORM_LIMIT: Final = 64
"""Literals in one normal form; a larger condition is not reasoned about."""

_DEPTH_LIMIT: Final = 100
"""Conditions within one another, those of segments counted with them."""

_Atom: TypeAlias = Literal | tuple[str, bool]
"""A literal; or a segment that cannot be looked into, and whether the context is in it."""
_Form: TypeAlias = tuple[tuple[_Atom, ...], ...]


class Reasoned:
    """A condition in the forms that it is reasoned about in.

    Attributes:
        condition: as written.
        alternatives: the ways in which it can hold, without those that contradict themselves; None where
            they are too many.
    """

    def __init__(
        self, condition: Condition, alternatives: list[_Way] | None, clauses: Callable[[], _Form | None]
    ) -> None:
        self.condition = condition
        self.alternatives = alternatives
        self._clauses = clauses

    @cached_property
    def clauses(self) -> _Form | None:
        """What all has to hold, each an "any of"; None where they are too many. Most are never asked for."""
        return self._clauses()

    @property
    def never_holds(self) -> bool:
        """Whether it certainly holds for no context."""
        return self.alternatives == []

    def implies(self, wanted: Reasoned) -> bool:
        """Whether ``wanted`` certainly holds for every context for which this does."""
        if self.alternatives is None or wanted.clauses is None:
            return self.condition == wanted.condition
        return all(way.satisfies(clause) for clause in wanted.clauses for way in self.alternatives)


class Reasoning:
    """Puts the conditions of one flag set into their forms.

    Args:
        segments: of the flag set.
    """

    def __init__(self, segments: Mapping[str, Segment]) -> None:
        self._segments = segments
        self._heights = _heights(segments)

    def about(self, condition: Condition) -> Reasoned:
        """A condition, ready to be reasoned about."""
        form = self._form(condition, True, "any", 0)
        ways = None if form is None else [_Way(each) for each in form]
        possible = None if ways is None else [way for way in ways if not way.contradicts_itself()]
        return Reasoned(condition, possible, partial(self._form, condition, True, "all", 0))

    def _form(self, condition: Condition, positive: bool, outer: str, depth: int) -> _Form | None:
        """The normal form of a condition or of its negation; None where it is too large or too deep.

        Args:
            outer: what the outer tuple means, ``any`` or ``all``; the inner ones mean the other.
        """
        if depth > _DEPTH_LIMIT:
            return None
        match condition:
            case AttributeTest():
                return ((literal(condition, positive),),)
            case Not(inner):
                return self._form(inner, not positive, outer, depth + 1)
            case InSegment(name):
                if self._heights.get(name, SEGMENT_DEPTH_LIMIT + 1) > SEGMENT_DEPTH_LIMIT:
                    return (((name, positive),),)
                return self._form(self._segments[name].condition, positive, outer, depth + 1)
            case AllOf(conditions) | AnyOf(conditions):
                means = "all" if isinstance(condition, AllOf) is positive else "any"
                forms = (self._form(each, positive, outer, depth + 1) for each in conditions)
                return _together(forms) if means == outer else _crossed(forms)


class _Way:
    """One way in which a condition holds: facts by attribute, and segments that cannot be looked into."""

    __slots__ = ("_facts", "_segments")

    def __init__(self, atoms: Iterable[_Atom]) -> None:
        literals: dict[str, list[Literal]] = {}
        self._segments: set[tuple[str, bool]] = set()
        for atom in atoms:
            if isinstance(atom, Literal):
                literals.setdefault(atom.test.attribute, []).append(atom)
            else:
                self._segments.add(atom)
        self._facts = {attribute: Facts(each) for attribute, each in literals.items()}

    def contradicts_itself(self) -> bool:
        """Whether no context is such."""
        return any((name, not positive) in self._segments for name, positive in self._segments) or any(
            facts.contradict_themselves() for facts in self._facts.values()
        )

    def satisfies(self, clause: Sequence[_Atom]) -> bool:
        """Whether one of the clause's atoms follows."""
        for atom in clause:
            if not isinstance(atom, Literal):
                if atom in self._segments:
                    return True
            elif (facts := self._facts.get(atom.test.attribute)) is not None and facts.imply(atom):
                return True
        return False


def _together(forms: Iterable[_Form | None]) -> _Form | None:
    joined: list[tuple[_Atom, ...]] = []
    size = 0
    for form in forms:
        if form is None:
            return None
        joined.extend(form)
        size += sum(map(len, form))
        if size > _FORM_LIMIT:
            return None
    return tuple(joined)


def _crossed(forms: Iterable[_Form | None]) -> _Form | None:
    product: list[tuple[_Atom, ...]] = [()]
    for form in forms:
        if form is None or len(product) * len(form) > _FORM_LIMIT:
            return None
        product = [(*left, *right) for left in product for right in form]
        if sum(map(len, product)) > _FORM_LIMIT:
            return None
    return tuple(product)


def _heights(segments: Mapping[str, Segment]) -> dict[str, int]:
    """How many segments stand on one another beneath each one, itself included; those in a circle left out.

    Worked out from the bottom, so that neither circles nor long chains across layers are ever walked.
    """
    within = {
        name: [each.segment for each in conditions_in(segment.condition) if isinstance(each, InSegment)]
        for name, segment in segments.items()
    }
    above: dict[str, list[str]] = {}
    for name, inner in within.items():
        for each in set(inner):
            above.setdefault(each, []).append(name)
    waiting = {name: len(set(inner)) for name, inner in within.items()}
    heights: dict[str, int] = {}
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        heights[name] = 1 + max((heights[each] for each in within[name]), default=0)
        for each in above.get(name, ()):
            waiting[each] -= 1
            if waiting[each] == 0:
                ready.append(each)
    return heights
