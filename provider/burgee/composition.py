"""Layers into a snapshot, and what changed between two. Pure; what lies beneath is covered, never lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burgee.bucket import FractionalVersion
from burgee.definition.rendering import render_flag, render_kill, render_override, render_segment
from burgee.dependencies import dependents
from burgee.flag import (
    DEFAULT_HIERARCHY,
    ApplyRules,
    Flag,
    Inherit,
    Kill,
    Level,
    Override,
    Patch,
    Ramp,
    Rule,
    Segment,
    Serve,
    ServeValue,
    ServeVariant,
)
from burgee.layer import Definition, Layer, OverrideKey
from burgee.leaves import leaves_of
from burgee.patch import has_type, unfit_patch
from burgee.snapshot import NO_GENERATION, FlagSet, Generation, Inactive, Snapshot
from burgee.value import fingerprint, kind_name


@dataclass(slots=True)
class _Merged:
    metadata: dict[str, bool | str | int | float] = field(default_factory=dict)
    hierarchy: tuple[Level, ...] = DEFAULT_HIERARCHY
    segments: dict[str, Segment] = field(default_factory=dict)
    flags: dict[str, Flag] = field(default_factory=dict)
    overrides: dict[OverrideKey, Override] = field(default_factory=dict)
    kills: dict[str, Kill] = field(default_factory=dict)
    fractional_version: FractionalVersion = 2

    def cover(self, definition: Definition) -> None:
        """Lay one definition on top: whole flags, whole segments, single overrides, single kills."""
        self.metadata.update(definition.metadata)
        self.hierarchy = definition.hierarchy or self.hierarchy
        self.fractional_version = definition.fractional_version or self.fractional_version
        self.segments.update(definition.segments)
        self.flags.update(definition.flags)
        for key, override in definition.overrides.items():
            self.overrides.pop(key, None)
            if not isinstance(override.effect, Inherit):
                self.overrides[key] = override
        for flag_key, kill in definition.kills.items():
            self.kills.pop(flag_key, None)
            if not kill.revive:
                self.kills[flag_key] = kill


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
            parts.cover(definition)
    inactive: list[Inactive] = []
    flag_sets = {
        flag_set_id: _flag_set(flag_set_id, parts, inactive) for flag_set_id, parts in merged.items()
    }
    return Snapshot(generation, flag_sets, dict(fixed or {}), tuple(inactive))


def _flag_set(flag_set_id: str, parts: _Merged, inactive: list[Inactive]) -> FlagSet:
    levels = {level.name for level in parts.hierarchy}
    overrides: dict[str, dict[str, dict[str, Override]]] = {}
    for (level, scope, flag_key), override in parts.overrides.items():
        why = _why_inactive(override, parts, levels)
        if why:
            inactive.append(Inactive(flag_set_id, flag_key, level, scope, why, override))
        else:
            overrides.setdefault(flag_key, {}).setdefault(level, {})[scope] = override
    locked = {
        key
        for key, of_flag in overrides.items()
        if any(override.lock for of_level in of_flag.values() for override in of_level.values())
    }
    kills: dict[str, Kill] = {}
    for flag_key, kill in parts.kills.items():
        flag = parts.flags.get(flag_key)
        why = _missing(flag_key, flag, [kill.variant] if kill.variant is not None else [])
        if why:
            inactive.append(Inactive(flag_set_id, flag_key, "kill", "", why, kill))
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
        frozenset(locked),
        parts.fractional_version,
        {key: leaf for flag in parts.flags.values() for key, leaf in leaves_of(flag)},
    )


def _why_inactive(override: Override, parts: _Merged, levels: set[str]) -> str:
    if override.level not in levels:
        return f"the hierarchy has no level {override.level}"
    flag = parts.flags.get(override.flag_key)
    effect = override.effect
    rules = effect.rules if isinstance(effect, ApplyRules) else ()
    variants = [effect.variant] if isinstance(effect, ServeVariant) else list(_variants_of(rules))
    why = _missing(override.flag_key, flag, variants)
    if why or flag is None:
        return why
    if isinstance(effect, ServeValue) and not has_type(effect.value, flag.flag_type):
        return f"its value is {kind_name(effect.value)}, the flag's type is {flag.flag_type}"
    if isinstance(effect, Patch):
        unfit = unfit_patch(effect.patch, flag)
        return unfit[1] if unfit else ""
    return ""


def _missing(flag_key: str, flag: Flag | None, variants: Iterable[str]) -> str:
    if flag is None:
        return f"there is no flag {flag_key}"
    unknown = next((variant for variant in variants if variant not in flag.variants), None)
    return "" if unknown is None else f"flag {flag_key} has no variant {unknown}"


def _variants_of(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        if isinstance(rule.outcome, Serve | Ramp):
            yield rule.outcome.variant
        else:
            yield from (variant for variant, _ in rule.outcome.weights)


def changes(old: Snapshot, new: Snapshot) -> frozenset[str]:
    """Keys of the flags whose answers may differ between two snapshots.

    Those that depend on a changed prerequisite or segment are among them; origins and notes do not count.
    """
    found: set[str] = set()
    for flag_set_id in old.flag_sets.keys() | new.flag_sets.keys():
        before = old.flag_sets.get(flag_set_id) or FlagSet(flag_set_id)
        after = new.flag_sets.get(flag_set_id) or FlagSet(flag_set_id)
        if old.fixed != new.fixed or _differ_as_wholes(before, after):
            changed = before.flags.keys() | after.flags.keys()
        else:
            changed = _changed_flags(before, after)
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


def _changed_flags(before: FlagSet, after: FlagSet) -> set[str]:
    changed = {
        key
        for key in before.flags.keys() | after.flags.keys()
        if _differ(before.flags.get(key), after.flags.get(key), _served_flag)
        or _differ(before.kills.get(key), after.kills.get(key), _served_kill)
        or _overrides_differ(before.overrides.get(key, {}), after.overrides.get(key, {}))
    }
    segments = {
        name
        for name in before.segments.keys() | after.segments.keys()
        if _differ(before.segments.get(name), after.segments.get(name), render_segment)
    }
    if not changed and not segments:
        return changed
    return changed | dependents(before, changed, segments) | dependents(after, changed, segments)


def _overrides_differ(
    before: Mapping[str, Mapping[str, Override]], after: Mapping[str, Mapping[str, Override]]
) -> bool:
    if before.keys() != after.keys():
        return True
    return any(
        before[level].keys() != after[level].keys()
        or any(
            _differ(before[level][scope], after[level][scope], _served_override) for scope in before[level]
        )
        for level in before
    )


def _differ(before: Any, after: Any, written: Any) -> bool:
    if before is after:
        return False
    if before is None or after is None:
        return True
    # Written out, since Python holds True == 1 == 1.0 inside two equal dataclasses.
    return fingerprint(written(before)) != fingerprint(written(after))


_NOTES = ("description", "owner", "tags", "expires", "note")


def _served(document: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in document.items() if name not in _NOTES}


def _served_flag(flag: Flag) -> dict[str, Any]:
    return _served(render_flag(flag))


def _served_override(override: Override) -> dict[str, Any]:
    return _served(render_override(override))


def _served_kill(kill: Kill) -> dict[str, Any]:
    return _served(render_kill(kill))
