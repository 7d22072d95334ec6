"""Levels and flags that somebody asks for by name: what means nothing is told, not answered with nothing."""

from __future__ import annotations

from burgee.snapshot import Snapshot, base_key
from burgeed.server.admin.query import nearest


def levels_of(snapshot: Snapshot) -> frozenset[str]:
    """The names of the levels of every flag set."""
    return frozenset(level.name for each in snapshot.flag_sets.values() for level in each.hierarchy)


def unknown_level(level: str, snapshot: Snapshot) -> str:
    """That there is no such level, and what to write instead; empty where there is."""
    known = levels_of(snapshot)
    return "" if level in known else f"there is no level `{level[:100]}`; {nearest(level, known)}"


def unknown_flag(key: str, snapshot: Snapshot) -> str:
    """That there is no such flag; empty where there is, or where it is a leaf of one."""
    if any(base_key(each, key) in each.flags for each in snapshot.flag_sets.values()):
        return ""
    return f"there is no flag `{key[:100]}`, and nothing of it; `burgee flag list` names all"
