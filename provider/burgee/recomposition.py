"""Composing anew where little has changed: what is the very same object in both layers is not looked at."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeVar

from burgee.flag import Flag, Inherit, Kill, Override, Patch
from burgee.inactivity import why_kill_inactive, why_override_inactive
from burgee.layer import Definition, Layer, OverrideKey
from burgee.leaves import Leaf, leaves_of
from burgee.snapshot import KILL, FlagSet, Inactive, Snapshot
from burgee.value import fingerprint

Key = TypeVar("Key")
Each = TypeVar("Each")

_NONE: Final[frozenset[str]] = frozenset()


class Touched(NamedTuple):
    """What may differ in a flag set.

    Attributes:
        flags, kills: keys of flags.
        overrides: keys of overrides; those of the flags above may differ too.
    """

    flags: frozenset[str]
    overrides: frozenset[OverrideKey]
    kills: frozenset[str]


class Recomposed(NamedTuple):
    """A snapshot, and all in which it may differ from the one before, by flag set."""

    snapshot: Snapshot
    touched: Mapping[str, Touched]


def recompose(old: Snapshot, before: Sequence[Layer], after: Sequence[Layer]) -> Recomposed | None:
    """Compose layers that lead on from others, with the generation of those; equal to what
    :func:`burgee.composition.compose` makes of them but for the order of what is inactive.

    Args:
        old: composed of ``before``.

    Returns:
        None where they differ in more than flags, overrides and kills of flag sets that are there.
    """
    touched = _touched(before, after)
    if touched is None or not touched.keys() <= old.flag_sets.keys():
        return None
    flag_sets = dict(old.flag_sets)
    inactive = list(old.inactive)
    for flag_set_id, of_set in touched.items():
        recomposer = _Recomposer(old.flag_sets[flag_set_id], of_set, after, inactive)
        flag_sets[flag_set_id] = recomposer.flag_set()
        inactive = recomposer.inactive
    snapshot = Snapshot(old.generation, flag_sets, old.fixed, tuple(inactive))
    return Recomposed(snapshot, touched)


def _touched(before: Sequence[Layer], after: Sequence[Layer]) -> dict[str, Touched] | None:
    wholes = ([(layer.source, layer.stands_for_others) for layer in layers] for layers in (before, after))
    if next(wholes) != next(wholes):
        return None
    touched: dict[str, Touched] = {}
    for one, other in zip(before, after, strict=True):
        if one is other:
            continue
        if [each.flag_set_id for each in one.definitions] != [each.flag_set_id for each in other.definitions]:
            return None
        for old, new in zip(one.definitions, other.definitions, strict=True):
            if not _are_alike(old, new):
                return None
            found = Touched(
                frozenset(_differing(old.flags, new.flags)),
                frozenset(_differing(old.overrides, new.overrides)),
                frozenset(_differing(old.kills, new.kills)),
            )
            earlier = touched.get(new.flag_set_id)
            touched[new.flag_set_id] = found if earlier is None else _together(earlier, found)
    return touched


def _together(one: Touched, other: Touched) -> Touched:
    return Touched(one.flags | other.flags, one.overrides | other.overrides, one.kills | other.kills)


def _are_alike(one: Definition, other: Definition) -> bool:
    """Whether they say the same of a set as a whole."""
    if (one.hierarchy, one.fractional_version) != (other.hierarchy, other.fractional_version):
        return False
    if set(_differing(one.segments, other.segments)):
        return False
    return one.metadata is other.metadata or fingerprint(one.metadata) == fingerprint(other.metadata)


def _differing(one: Mapping[Key, Each], other: Mapping[Key, Each]) -> Iterator[Key]:
    if one is other:
        return
    for key, each in other.items():
        if one.get(key) is not each:
            yield key
    yield from one.keys() - other.keys()


def _definition(layer: Layer, flag_set_id: str) -> Definition | None:
    return next((each for each in layer.definitions if each.flag_set_id == flag_set_id), None)


class _Recomposer:
    """One flag set, made of the old one.

    Args:
        layers: all of them, bottom first.
        inactive: of the old snapshot.

    Attributes:
        inactive: of the new one, once :meth:`flag_set` has been called.
    """

    def __init__(
        self, old: FlagSet, touched: Touched, layers: Sequence[Layer], inactive: Sequence[Inactive]
    ) -> None:
        self._old = old
        self._touched = touched
        found = ((_definition(layer, old.flag_set_id), layer.stands_for_others) for layer in layers)
        self._stated = [(definition, stands) for definition, stands in found if definition is not None]
        self._definitions = [definition for definition, _ in reversed(self._stated)]
        self._levels = {level.name for level in old.hierarchy}
        self._flags = self._merged_flags()
        self.inactive = list(inactive)

    def flag_set(self) -> FlagSet:
        """The new set; what has not changed in it is the very object of the old one."""
        kills = self._kills()
        overrides, locked, patched = self._overrides()
        return replace(
            self._old,
            flags=self._flags,
            overrides=overrides,
            kills=kills,
            locked=locked,
            patched=patched,
            leaves=self._leaves(),
            known_dependencies={},
        )

    def _merged_flags(self) -> Mapping[str, Flag]:
        if not self._touched.flags:
            return self._old.flags
        flags = dict(self._old.flags)
        for key in sorted(self._touched.flags):
            _put(flags, key, self._merged_flag(key))
        return flags

    def _merged_flag(self, key: str) -> Flag | None:
        merged: Flag | None = None
        for definition, stands_for_others in self._stated:
            flag = definition.flags.get(key)
            if flag is not None and merged is not None and stands_for_others:
                flag = replace(flag, covers=merged.selected_source)
            merged = flag or merged
        return merged

    def _kills(self) -> Mapping[str, Kill]:
        judged = self._touched.kills | self._touched.flags
        if not judged:
            return self._old.kills
        self._leave_out(lambda each: isinstance(each.override, Kill) and each.flag_key in judged)
        kills = dict(self._old.kills)
        for key in sorted(judged):
            kill = next((each.kills[key] for each in self._definitions if key in each.kills), None)
            if kill is not None and kill.revive:
                kill = None
            why = "" if kill is None else why_kill_inactive(kill, self._flags.get(key))
            if kill is not None and why:
                self.inactive.append(Inactive(self._old.flag_set_id, key, KILL, "", why, kill))
            _put(kills, key, None if why else kill)
        return kills

    def _overrides(
        self,
    ) -> tuple[
        Mapping[str, Mapping[str, Mapping[str, Override]]],
        Mapping[str, frozenset[str]],
        Mapping[str, frozenset[str]],
    ]:
        old, judged = self._old, self._judged()
        if not judged:
            return old.overrides, old.locked, old.patched
        overrides = dict(old.overrides)
        locked, patched = dict(old.locked), dict(old.patched)
        for flag_key, keys in judged.items():
            self._leave_out(
                lambda each, keys=keys: (  # type: ignore[misc]
                    not isinstance(each.override, Kill) and (each.level, each.scope, each.flag_key) in keys
                )
            )
            of_flag = self._of_flag(flag_key, keys)
            changed = {level for level, _, _ in keys}
            _put(overrides, flag_key, of_flag or None)
            for marked, test in ((locked, _is_lock), (patched, _is_patch)):
                levels = _marked(marked.get(flag_key, _NONE), changed, of_flag, test)
                _put(marked, flag_key, levels or None)
        return overrides, locked, patched

    def _judged(self) -> dict[str, set[OverrideKey]]:
        """By flag, the keys of the overrides that are looked at: those touched, and all of a touched flag."""
        judged: dict[str, set[OverrideKey]] = {}
        for key in self._touched.overrides:
            judged.setdefault(key[2], set()).add(key)
        for flag_key in self._touched.flags:
            keys = {
                (level, scope, flag_key)
                for level, of_level in self._old.overrides.get(flag_key, {}).items()
                for scope in of_level
            }
            keys |= {
                (each.level, each.scope, flag_key)
                for each in self.inactive
                if each.flag_set_id == self._old.flag_set_id
                and each.flag_key == flag_key
                and not isinstance(each.override, Kill)
            }
            if keys:
                judged.setdefault(flag_key, set()).update(keys)
        return judged

    def _of_flag(self, flag_key: str, keys: Iterable[OverrideKey]) -> dict[str, Mapping[str, Override]]:
        flag = self._flags.get(flag_key)
        of_flag = dict(self._old.overrides.get(flag_key, {}))
        own: dict[str, dict[str, Override]] = {}
        for key in sorted(keys):
            level, scope, _ = key
            if level not in own:
                own[level] = dict(of_flag.get(level, {}))
            override = next(
                (each.overrides[key] for each in self._definitions if key in each.overrides), None
            )
            if override is not None and isinstance(override.effect, Inherit):
                override = None
            why = "" if override is None else why_override_inactive(override, flag, self._levels)
            if override is not None and why:
                self.inactive.append(Inactive(self._old.flag_set_id, flag_key, level, scope, why, override))
            _put(own[level], scope, None if why else override)
        for level, of_level in own.items():
            _put(of_flag, level, of_level or None)
        return of_flag

    def _leaves(self) -> Mapping[str, Leaf]:
        changed = [
            flag
            for key in self._touched.flags
            for flag in (self._old.flags.get(key), self._flags.get(key))
            if flag is not None
        ]
        if not any(flag.leaves for flag in changed):
            return self._old.leaves
        return {key: leaf for flag in self._flags.values() for key, leaf in leaves_of(flag)}

    def _leave_out(self, is_judged: Callable[[Inactive], bool]) -> None:
        flag_set_id = self._old.flag_set_id
        if self.inactive:
            self.inactive = [
                each for each in self.inactive if each.flag_set_id != flag_set_id or not is_judged(each)
            ]


def _is_lock(override: Override) -> bool:
    return override.lock


def _is_patch(override: Override) -> bool:
    return isinstance(override.effect, Patch)


def _marked(
    known: frozenset[str],
    changed: Container[str],
    of_flag: Mapping[str, Mapping[str, Override]],
    test: Callable[[Override], bool],
) -> frozenset[str]:
    """The levels with an override that the test holds for."""
    return frozenset(
        level
        for level, of_level in of_flag.items()
        if (any(map(test, of_level.values())) if level in changed else level in known)
    )


def _put(mapping: dict[Key, Each], key: Key, each: Each | None) -> None:
    if each is None:
        mapping.pop(key, None)
    else:
        mapping[key] = each
