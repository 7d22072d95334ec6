"""Layers into a snapshot, and what changed between two. Pure; what lies beneath is covered, never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, TypeVar

from burgee.bucket import FractionalVersion
from burgee.definition.rendering import render_flag, render_kill, render_override, render_segment
from burgee.dependencies import carry_over, dependents
from burgee.errors import SnapshotError
from burgee.flag import DEFAULT_HIERARCHY, Flag, Inherit, Kill, Level, Override, Patch, Segment
from burgee.generation import NO_GENERATION, Generation
from burgee.inactivity import why_kill_inactive, why_override_inactive
from burgee.layer import Definition, Layer, OverrideKey
from burgee.leaves import leaves_of
from burgee.recomposition import Touched
from burgee.snapshot import KILL, FlagSet, Inactive, Snapshot
from burgee.snapshot_bytes.ladders import WrittenOverrides
from burgee.snapshot_bytes.mappings import RecordMapping
from burgee.value import fingerprint

Each = TypeVar("Each")

_Overrides: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Override]]]
"""By flag key, level and scope."""


@dataclass(slots=True)
class _Merged:
    metadata: dict[str, bool | str | int | float] = field(default_factory=dict)
    hierarchy: tuple[Level, ...] = DEFAULT_HIERARCHY
    segments: dict[str, Segment] = field(default_factory=dict)
    flags: dict[str, Flag] = field(default_factory=dict)
    overrides: dict[OverrideKey, Override] = field(default_factory=dict)
    kills: dict[str, Kill] = field(default_factory=dict)
    fractional_version: FractionalVersion = 2

    def cover(self, definition: Definition, *, stands_for_others: bool = False) -> None:
        """Lay one definition on top: whole flags, whole segments, single overrides, single kills."""
        self.metadata.update(definition.metadata)
        self.hierarchy = definition.hierarchy or self.hierarchy
        self.fractional_version = definition.fractional_version or self.fractional_version
        self.segments.update(definition.segments)
        self.flags.update(self._standing_in(definition.flags) if stands_for_others else definition.flags)
        for key, override in definition.overrides.items():
            self.overrides.pop(key, None)
            if not isinstance(override.effect, Inherit):
                self.overrides[key] = override
        for flag_key, kill in definition.kills.items():
            self.kills.pop(flag_key, None)
            if not kill.revive:
                self.kills[flag_key] = kill

    def _standing_in(self, flags: Mapping[str, Flag]) -> dict[str, Flag]:
        """The flags, each with the source of the one that it covers."""
        return {
            key: replace(flag, covers=self.flags[key].selected_source) if key in self.flags else flag
            for key, flag in flags.items()
        }


def compose(
    layers: Sequence[Layer],
    *,
    generation: Generation = NO_GENERATION,
    fixed: Mapping[str, str | int | float | bool] | None = None,
    fractional_version: FractionalVersion = 2,
) -> Snapshot:
    """Compose layers into a snapshot.

    Args:
        layers: later ones lie on top.
        generation: the identity the snapshot gets.
        fixed: attributes that beat those of every request.
        fractional_version: for flag sets whose documents do not say.

    Returns:
        The snapshot. An override or kill that leads nowhere across layers is in its ``inactive``.
    """
    merged: dict[str, _Merged] = {}
    for layer in layers:
        for definition in layer.definitions:
            parts = merged.setdefault(definition.flag_set_id, _Merged(fractional_version=fractional_version))
            parts.cover(definition, stands_for_others=layer.stands_for_others)
    inactive: list[Inactive] = []
    flag_sets = {
        flag_set_id: _flag_set(flag_set_id, parts, inactive) for flag_set_id, parts in merged.items()
    }
    return Snapshot(generation, flag_sets, dict(fixed or {}), tuple(inactive))


_NONE: Final[frozenset[str]] = frozenset()


def _flag_set(flag_set_id: str, parts: _Merged, inactive: list[Inactive]) -> FlagSet:
    levels = {level.name for level in parts.hierarchy}
    overrides: dict[str, dict[str, dict[str, Override]]] = {}
    locked: dict[str, frozenset[str]] = {}
    patched: dict[str, frozenset[str]] = {}
    for (level, scope, flag_key), override in parts.overrides.items():
        why = why_override_inactive(override, parts.flags.get(flag_key), levels)
        if why:
            inactive.append(Inactive(flag_set_id, flag_key, level, scope, why, override))
        else:
            overrides.setdefault(flag_key, {}).setdefault(level, {})[scope] = override
            if override.lock:
                locked[flag_key] = locked.get(flag_key, _NONE) | {level}
            if isinstance(override.effect, Patch):
                patched[flag_key] = patched.get(flag_key, _NONE) | {level}
    kills: dict[str, Kill] = {}
    for flag_key, kill in parts.kills.items():
        why = why_kill_inactive(kill, parts.flags.get(flag_key))
        if why:
            inactive.append(Inactive(flag_set_id, flag_key, KILL, "", why, kill))
        else:
            kills[flag_key] = kill
    return FlagSet(
        flag_set_id,
        parts.metadata,
        parts.hierarchy,
        parts.segments,
        parts.flags,
        overrides,
        kills,
        locked,
        parts.fractional_version,
        {key: leaf for flag in parts.flags.values() for key, leaf in leaves_of(flag)},
        patched,
    )


def changes(old: Snapshot, new: Snapshot, *, among: Mapping[str, Touched] | None = None) -> frozenset[str]:
    """Keys of the flags whose answers may differ between two snapshots.

    Those that depend on a changed prerequisite or segment are among them; origins and notes do not count.
    What is known of dependencies and stayed the same is remembered with the new snapshot too.

    Args:
        among: all that may differ, by flag set; None where anything may.

    Raises:
        SnapshotError: one was read from bytes that are so damaged that its keys cannot be told. A flag of
            which only the record is damaged counts as changed.
    """
    found: set[str] = set()
    for flag_set_id in old.flag_sets.keys() | new.flag_sets.keys() if among is None else among.keys():
        before = old.flag_sets.get(flag_set_id) or FlagSet(flag_set_id)
        after = new.flag_sets.get(flag_set_id) or FlagSet(flag_set_id)
        changed: Set[str] = frozenset()
        if before.hierarchy == after.hierarchy:
            changed = _changed_flags(before, after, None if among is None else among[flag_set_id])
        if old.fixed != new.fixed or _differ_as_wholes(before, after):
            changed = before.flags.keys() | after.flags.keys()
        if changed:
            found |= changed
            found |= {
                key
                for flag_set in (before, after)
                for key, leaf in flag_set.leaves.items()
                if leaf.flag_key in changed
            }
    return frozenset(found)


def _differ_as_wholes(before: FlagSet, after: FlagSet) -> bool:
    if (before.hierarchy, before.fractional_version) != (after.hierarchy, after.fractional_version):
        return True
    return fingerprint(before.metadata) != fingerprint(after.metadata)


def _changed_flags(before: FlagSet, after: FlagSet, among: Touched | None) -> set[str]:
    """Keys of the flags that differ in two sets of one hierarchy, and of those that depend on these."""
    if among is None:
        changed = _differing(before.flags, after.flags, _served_flag)
        changed |= _differing(before.kills, after.kills, _served_kill)
        changed |= _differing_overrides(before.overrides, after.overrides)
        segments = _differing(before.segments, after.segments, render_segment)
    else:
        changed, segments = _differing_among(before, after, among), set()
    if changed or segments:
        # Those of the old set are all: a flag that reached nothing of what differs reaches what it reached.
        changed |= dependents(before, changed, segments)
    carry_over(before, after, changed)
    return changed


def _differing_among(before: FlagSet, after: FlagSet, among: Touched) -> set[str]:
    changed = {key for key in among.flags if _differ(before.flags, after.flags, key, _served_flag)}
    changed |= {
        key for key in among.kills | among.flags if _differ(before.kills, after.kills, key, _served_kill)
    }
    changed |= {
        key
        for key in among.flags
        if _overrides_differ(before.overrides.get(key, {}), after.overrides.get(key, {}))
    }
    for level, scope, key in among.overrides:
        one, other = (each.overrides.get(key, {}).get(level, {}) for each in (before, after))
        if key not in changed and _differ(one, other, scope, _served_override):
            changed.add(key)
    return changed


def _differing(
    before: Mapping[str, Each], after: Mapping[str, Each], served: Callable[[Each], dict[str, Any]]
) -> set[str]:
    keys: Iterable[str] = before.keys() | after.keys()
    if isinstance(before, RecordMapping) and isinstance(after, RecordMapping):
        keys = before.differing(after)
    return {key for key in keys if _differ(before, after, key, served)}


def _differing_overrides(before: _Overrides, after: _Overrides) -> set[str]:
    keys: Iterable[str] = before.keys() | after.keys()
    if isinstance(before, WrittenOverrides) and isinstance(after, WrittenOverrides):
        keys = before.differing(after)
    return {key for key in keys if _overrides_differ(before.get(key, {}), after.get(key, {}))}


def _overrides_differ(
    before: Mapping[str, Mapping[str, Override]], after: Mapping[str, Mapping[str, Override]]
) -> bool:
    if before.keys() != after.keys():
        return True
    return any(
        before[level].keys() != after[level].keys()
        or any(_differ(before[level], after[level], scope, _served_override) for scope in before[level])
        for level in before
    )


def _differ(
    before: Mapping[str, Each], after: Mapping[str, Each], key: str, served: Callable[[Each], dict[str, Any]]
) -> bool:
    try:
        old, new = before.get(key), after.get(key)
    except SnapshotError:
        return True
    if old is new:
        return False
    if old is None or new is None:
        return True
    # Written out, since Python holds True == 1 == 1.0 inside two equal dataclasses.
    return fingerprint(served(old)) != fingerprint(served(new))


_NOTES = ("description", "owner", "tags", "expires", "note")


def _served(document: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in document.items() if name not in _NOTES}


def _served_flag(flag: Flag) -> dict[str, Any]:
    return _served(render_flag(flag))


def _served_override(override: Override) -> dict[str, Any]:
    return _served(render_override(override))


def _served_kill(kill: Kill) -> dict[str, Any]:
    return _served(render_kill(kill))
