"""Impact: who, of a sample of contexts, is answered otherwise by one snapshot than by another. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from burgee.context import Context, OnePass
from burgee.evaluation import evaluate
from burgee.impact_counts import Counts, Scopes, scopes_of
from burgee.impact_questions import FlagChange, Question, questions
from burgee.resolution import ErrorCode, Resolution
from burgee.selector import ANY, Selector
from burgee.snapshot import Snapshot
from burgee.value import Value, fingerprint

EXAMPLES = 5
"""Contexts that are shown for one flag, where nobody asks for more or fewer."""


class Told(NamedTuple):
    """What of an answer makes a difference to who asked.

    Attributes:
        value: meaningful only where ``has_value``; else the caller's own default is served.
    """

    has_value: bool
    value: Value
    variant: str | None
    error_code: ErrorCode | None


@dataclass(frozen=True, slots=True)
class Transition:
    """One answer in place of another.

    Attributes:
        positions: of the contexts in the sample, from 0, ascending.
        examples: the first of those contexts, for all transitions of a flag together only so many.
    """

    before: Told
    after: Told
    positions: tuple[int, ...]
    examples: tuple[Context, ...]


@dataclass(frozen=True, slots=True)
class FlagImpact:
    """What becomes of one flag.

    Attributes:
        flag_set_id: the set that was looked in, where the key is ambiguous; None where all were.
        transitions: those of most contexts first; none where no context of the sample is answered otherwise.
        by_level: how many contexts are answered otherwise.
    """

    flag_key: str
    flag_set_id: str | None
    change: FlagChange
    transitions: tuple[Transition, ...]
    by_level: Scopes

    @property
    def affected(self) -> int:
        """How many contexts are answered otherwise."""
        return sum(len(each.positions) for each in self.transitions)


@dataclass(frozen=True, slots=True)
class Impact:
    """What a new snapshot changes for a sample.

    Attributes:
        contexts: how many there are in the sample.
        affected: positions of those that at least one flag answers otherwise, from 0, ascending.
        flags: all that were defined otherwise, added or removed, in order of their keys, whether a context
            of the sample meets it or not; leaves of object flags only where one does.
        by_level: how many contexts at least one flag answers otherwise.
        sample: how many contexts there are, of the scopes in ``by_level``.
    """

    contexts: int
    affected: tuple[int, ...]
    flags: tuple[FlagImpact, ...]
    by_level: Scopes
    sample: Scopes


def impact(
    old: Snapshot,
    new: Snapshot,
    contexts: Iterable[Context],
    *,
    now: float,
    selector: Selector = ANY,
    examples: int = EXAMPLES,
) -> Impact:
    """Compare what two snapshots answer; only flags that may differ are evaluated.

    An answer is another one where its value, its variant or its error code is; ``1`` and ``1.0`` are. A
    reason alone is not.

    Args:
        contexts: the sample.
        now: Unix seconds, for both.
        selector: which flag sets to look in. Without one, a key that is in several sets is also looked at in
            each of them.
        examples: how many contexts to keep for each flag.

    Raises:
        SnapshotError: one was read from bytes that are so damaged that its keys cannot be told.
    """
    comparison = Comparison(old, new, now=now, selector=selector, examples=examples)
    for context in contexts:
        comparison.add(context)
    return comparison.outcome()


class Comparison:
    """What :func:`impact` does, context by context, for whoever has to pause in between.

    Args: see :func:`impact`.

    Attributes:
        questions: how many flags each context is asked about, in either snapshot.
    """

    def __init__(
        self, old: Snapshot, new: Snapshot, *, now: float, selector: Selector = ANY, examples: int = EXAMPLES
    ) -> None:
        self._old, self._new, self._now = old, new, now
        self._flags = [
            _Flag(question, examples, self._constant(old, question), self._constant(new, question))
            for question in questions(old, new, selector)
        ]
        self._hierarchy = tuple(
            dict.fromkeys(
                level
                for snapshot in (new, old)
                for flag_set in snapshot.selected(selector)
                for level in flag_set.hierarchy
            )
        )
        self._affected: list[int] = []
        self._affected_by_level = Counts()
        self._sample = Counts()
        self._contexts = 0
        self.questions = len(self._flags)

    def add(self, context: Context) -> None:
        """Ask both snapshots about one more context."""
        position, self._contexts = self._contexts, self._contexts + 1
        old, new = OnePass(context), OnePass(context)
        scopes = scopes_of(self._hierarchy, {**context, **self._new.fixed})
        self._sample.add(scopes)
        affected = False
        for flag in self._flags:
            before = flag.before or self._resolved(self._old, flag.question, old)
            after = flag.after or self._resolved(self._new, flag.question, new)
            keys = _key(before), _key(after)
            if keys[0] != keys[1]:
                flag.add(position, context, before, after, keys, scopes)
                affected = True
        if affected:
            self._affected.append(position)
            self._affected_by_level.add(scopes)

    def _constant(self, snapshot: Snapshot, question: Question) -> Resolution | None:
        """What everyone is told where there is no such flag, or more than one; else None."""
        if len(snapshot.candidates(question.flag_key, question.selector)) == 1:
            return None
        return self._resolved(snapshot, question, {})

    def _resolved(self, snapshot: Snapshot, question: Question, context: Context) -> Resolution:
        return evaluate(snapshot, question.flag_key, context, now=self._now, selector=question.selector)

    def outcome(self) -> Impact:
        """What has been found so far."""
        levels = tuple(dict.fromkeys(level.name for level in self._hierarchy))
        by_level = self._affected_by_level.ordered(levels)
        return Impact(
            self._contexts,
            tuple(self._affected),
            tuple(flag.outcome(levels) for flag in self._flags if flag.transitions or flag.question.is_whole),
            by_level,
            {
                level: {scope: self._sample.numbers[level, scope] for scope in scopes}
                for level, scopes in by_level.items()
            },
        )


@dataclass(slots=True)
class _Found:
    before: Told
    after: Told
    positions: list[int] = field(default_factory=list)
    examples: list[Context] = field(default_factory=list)


class _Flag:
    """One flag while the sample is gone through.

    Attributes:
        before, after: what everyone is told, where that is known; None asks.
    """

    def __init__(
        self, question: Question, examples: int, before: Resolution | None, after: Resolution | None
    ) -> None:
        self.question = question
        self.before, self.after = before, after
        self.transitions: dict[tuple[_Key, _Key], _Found] = {}
        self._by_level = Counts()
        self._examples = examples

    def add(
        self,
        position: int,
        context: Context,
        before: Resolution,
        after: Resolution,
        keys: tuple[_Key, _Key],
        scopes: Iterable[tuple[str, str]],
    ) -> None:
        """Take note of two answers that differ."""
        found = self.transitions.get(keys)
        if found is None:
            found = self.transitions[keys] = _Found(told(before), told(after))
        found.positions.append(position)
        if len(found.examples) < self._examples:
            found.examples.append(context)
        self._by_level.add(scopes)

    def outcome(self, levels: Iterable[str]) -> FlagImpact:
        ordered = sorted(self.transitions.values(), key=lambda each: (-len(each.positions), each.positions))
        shares = _shares([len(each.examples) for each in ordered], self._examples)
        return FlagImpact(
            self.question.flag_key,
            self.question.flag_set_id,
            self.question.change,
            tuple(
                Transition(each.before, each.after, tuple(each.positions), tuple(each.examples[:share]))
                for each, share in zip(ordered, shares, strict=True)
            ),
            self._by_level.ordered(levels),
        )


def _shares(available: list[int], most: int) -> list[int]:
    """How many examples each transition gives: one each in turn, while there are any and they are wanted."""
    shares = [0] * len(available)
    while most > 0:
        open_ones = [index for index, number in enumerate(available) if shares[index] < number]
        if not open_ones:
            break
        for index in open_ones[:most]:
            shares[index] += 1
        most -= len(open_ones)
    return shares


def told(resolution: Resolution) -> Told:
    """What of an answer counts."""
    value = resolution.value if resolution.has_value else None
    return Told(resolution.has_value, value, resolution.variant, resolution.error_code)


_PLAIN: Final = (bool, int, str, type(None))
"""Kinds whose values are equal exactly where they are the same."""

_Key: TypeAlias = tuple[type, object, str | None, ErrorCode | None, bool]


def _key(resolution: Resolution) -> _Key:
    """Equal exactly for answers that count as one."""
    value = resolution.value if resolution.has_value else None
    kind = type(value)
    compared = value if kind in _PLAIN else fingerprint(value)
    return (kind, compared, resolution.variant, resolution.error_code, resolution.has_value)
