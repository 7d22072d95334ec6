"""Patches of several levels onto one answer: what is served, and who is named for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from burgee.answer import Answer
from burgee.flag import Level, Origin
from burgee.patch import merge_patch
from burgee.resolution import Reason
from burgee.value import Value

NO_ORIGIN = Origin()


@dataclass(frozen=True, slots=True)
class Remembered:
    """A patch that a level left to be applied."""

    level: str
    scope: str
    patch: Mapping[str, Value]
    origin: Origin = NO_ORIGIN


def patched_answer(hierarchy: Sequence[Level], answer: Answer, patches: Sequence[Remembered]) -> Answer:
    """Apply patches in their order to an answer with an object value.

    The variant stays; the source is the most specific level that contributed.
    """
    value: Value = answer.value
    for each in patches:
        value = merge_patch(value, each.patch)
    names = [level.name for level in hierarchy]
    applied = sorted({each.level for each in patches}, key=names.index)
    source, scope = answer.source, answer.scope
    if source not in names or names.index(applied[0]) < names.index(source):
        source = applied[0]
        scope = next(each.scope for each in patches if each.level == source)
    reason = Reason.TARGETING_MATCH if answer.reason is Reason.DEFAULT else answer.reason
    patched = tuple(reversed(applied))
    return replace(answer, value=value, source=source, scope=scope, reason=reason, patched=patched)
