"""Contexts counted by whom they are for, at every level of a hierarchy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from burgee.context import Context, identifier
from burgee.flag import Level

Scopes: TypeAlias = Mapping[str, Mapping[str, int]]
"""By level and scope: a number of contexts. Levels as in the hierarchy, scopes by number and name."""


class Counts:
    """How many contexts there are of each scope."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], int] = {}

    def add(self, scopes: Iterable[tuple[str, str]]) -> None:
        """Count one context of these scopes."""
        for each in scopes:
            self.numbers[each] = self.numbers.get(each, 0) + 1

    def ordered(self, levels: Iterable[str]) -> Scopes:
        """All of them, levels in the order given, without those that have none."""
        found: dict[str, list[tuple[str, int]]] = {level: [] for level in levels}
        for (level, scope), number in self.numbers.items():
            found[level].append((scope, number))
        return {
            level: dict(sorted(scopes, key=lambda each: (-each[1], each[0])))
            for level, scopes in found.items()
            if scopes
        }


def scopes_of(hierarchy: Iterable[Level], context: Context) -> list[tuple[str, str]]:
    """(level, scope) of each level that the context carries, each once."""
    found: dict[tuple[str, str], None] = {}
    for level in hierarchy:
        scope = identifier(context.get(level.attribute))
        if scope is not None:
            found[level.name, scope] = None
    return list(found)
