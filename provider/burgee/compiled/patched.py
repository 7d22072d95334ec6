"""Flags that overrides patch: the levels are walked, and each combination of patches is applied once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from burgee.answer import Answer
from burgee.compiled.levels import LevelParts, Part
from burgee.context import Context, identifier
from burgee.flag import Override, Patch
from burgee.patching import Remembered, patched_answer
from burgee.resolution import Resolution
from burgee.result import answer_of
from burgee.snapshot import FlagSet, Function

REMEMBERED_LIMIT: Final = 10_000
"""How many combinations of an answer and patches are kept; then all are forgotten."""


class PatchedFlag:
    """Answers for a flag that has patches and no locks.

    Args:
        parts: its levels that have overrides, most specific first.
        rest: the function of its rules or targeting and its default.
        before: answers first where it answers: prerequisites.
    """

    def __init__(
        self,
        flag_set: FlagSet,
        parts: Sequence[LevelParts],
        fixed: Mapping[str, Any],
        rest: Function,
        before: Part | None,
        resolve: Callable[[Answer], Resolution],
    ) -> None:
        self._hierarchy = flag_set.hierarchy
        self._parts = parts
        self._fixed = fixed
        self._rest = rest
        self._before = before
        self._resolve = resolve
        self._known: dict[tuple[int, ...], tuple[Resolution, Resolution]] = {}

    def __call__(self, context: Context, now: float) -> Resolution:
        if self._before is not None:
            unmet = self._before(context, now)
            if unmet is not None:
                return unmet
        patches: list[Override] = []
        answer: Resolution | None = None
        for level in self._parts:
            name = level.level.attribute
            scope = identifier(self._fixed[name] if name in self._fixed else context.get(name))
            if scope is None or scope not in level.overrides:
                continue
            part = level.part(scope)
            if isinstance(part, Resolution):
                answer = part
            elif isinstance(part, Override):
                if part.window.holds(now):
                    patches.append(part)
                continue
            else:
                answer = part(context, now)
            if answer is not None:
                break
        if answer is None:
            answer = self._rest(context, now)
        return self._apply(answer, patches) if patches and answer.has_value else answer

    def _apply(self, base: Resolution, patches: list[Override]) -> Resolution:
        key = (id(base), *map(id, patches))
        known = self._known.get(key)
        if known is not None:
            return known[1]
        remembered = [
            Remembered(each.level, each.scope, each.effect.patch)
            for each in reversed(patches)
            if isinstance(each.effect, Patch)
        ]
        made = self._resolve(patched_answer(self._hierarchy, answer_of(base), remembered))
        if len(self._known) >= REMEMBERED_LIMIT:
            self._known.clear()
        self._known[key] = (base, made)
        return made
