"""Flags that overrides patch or lock: the levels are walked, and patches applied once each way they meet."""

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


class WalkedFlag:
    """Answers for a flag that has patches or locks.

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
        locked = flag_set.locked.get(parts[0].flag.key, frozenset()) if parts else frozenset()
        self._locking = [level for level in reversed(parts) if level.level.name in locked]
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
        # Applied from the last to the first: the free ones, general to specific, then the locked ones, of
        # which the most general has the last word.
        patches: list[Override] = []
        answer = self._walk(self._locking, context, now, patches, locks=True)
        if answer is None:
            answer = self._walk(self._parts, context, now, patches, locks=False)
        if answer is None:
            answer = self._rest(context, now)
        return self._apply(answer, patches) if patches and answer.has_value else answer

    def _walk(
        self,
        levels: Sequence[LevelParts],
        context: Context,
        now: float,
        patches: list[Override],
        *,
        locks: bool,
    ) -> Resolution | None:
        """Go through levels up to the first that answers.

        Args:
            patches: those that are met on the way are added.
            locks: heed only overrides with a lock; without it all but patches with a lock.
        """
        for level in levels:
            name = level.level.attribute
            scope = identifier(self._fixed[name] if name in self._fixed else context.get(name))
            if scope is None or scope not in level.scopes:
                continue
            if locks and not level.overrides[scope].lock:
                continue
            part = level.part(scope)
            if isinstance(part, Resolution):
                return part
            if isinstance(part, Override):
                if part.lock is locks and part.window.holds(now):
                    patches.append(part)
                continue
            answer = part(context, now)
            if answer is not None:
                return answer
        return None

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
