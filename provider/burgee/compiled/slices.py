"""Long lists of rules, cut into slices: each becomes a function of its own when it is first reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from burgee.compiled.levels import Part
from burgee.context import Context
from burgee.dependencies import always_answers, conditions_in
from burgee.flag import Rule, Split
from burgee.resolution import Resolution

SLICE_PARTS: Final = 500
"""Rules, conditions and shares that become one function: what holds its first caller up for some 25 ms."""


class Slices:
    """Functions that are asked in turn, up to the first that answers.

    Each is compiled when it is first reached, no more than one in a call: what lies beyond it in that call is
    interpreted. So no call waits for more than one, however long the list is.

    Args:
        compile_slices: makes the function of each slice.
        interpret_from: answers for the slices from an index on, as the interpreter does.
    """

    __slots__ = ("_compile_slices", "_functions", "_interpret_from")

    def __init__(
        self, compile_slices: Sequence[Callable[[], Part]], interpret_from: Callable[[int], Part]
    ) -> None:
        self._compile_slices = compile_slices
        self._interpret_from = interpret_from
        self._functions: list[Part | None] = [None] * len(compile_slices)

    def __call__(self, context: Context, now: float) -> Resolution | None:
        for index, function in enumerate(self._functions):
            if function is None:
                return self._beyond(index, context, now)
            answer = function(context, now)
            if answer is not None:
                return answer
        return None

    def _beyond(self, index: int, context: Context, now: float) -> Resolution | None:
        self._functions[index] = function = self._compile_slices[index]()
        answer = function(context, now)
        if answer is not None or index + 1 == len(self._functions):
            return answer
        return self._interpret_from(index + 1)(context, now)


def slices_of(rules: Sequence[Rule]) -> list[tuple[int, int]]:
    """Where rules are cut: the first of each slice and the one behind its last; at most SLICE_PARTS in each.

    A rule with more parts than that is a slice by itself. What stands behind a rule that always answers is
    left out.
    """
    found: list[tuple[int, int]] = []
    begin, count = 0, 0
    for index, rule in enumerate(rules):
        parts = _parts(rule)
        if count + parts > SLICE_PARTS and index > begin:
            found.append((begin, index))
            begin, count = index, 0
        count += parts
        if always_answers(rule):
            return [*found, (begin, index + 1)]
    return [*found, (begin, len(rules))]


def is_one_slice(rules: Sequence[Rule]) -> bool:
    """Whether the rules are few enough to be compiled as one function."""
    count = 0
    for rule in rules:
        count += _parts(rule)
        if count > SLICE_PARTS:
            return False
    return True


def _parts(rule: Rule) -> int:
    conditions = 0 if rule.condition is None else sum(1 for _ in conditions_in(rule.condition))
    shares = len(rule.outcome.weights) if isinstance(rule.outcome, Split) else 0
    return 1 + conditions + shares
