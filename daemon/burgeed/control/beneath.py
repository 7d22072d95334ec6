"""What the sources say, looked up layer by layer: what lies beneath the changes made at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from burgee.flag import DEFAULT_HIERARCHY, Flag, Inherit, Kill, Level, Override
from burgee.layer import Definition, Layer, OverrideKey


class Beneath:
    """The layers of the sources. What takes a walk over all of them is done once.

    Args:
        layers: bottom first; never altered.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)
        self._sets: dict[str, list[Definition]] = {}
        for layer in reversed(self.layers):
            for definition in layer.definitions:
                self._sets.setdefault(definition.flag_set_id, []).append(definition)
        self._flags: dict[str, dict[str, Flag]] = {}
        self._overrides: dict[str, dict[OverrideKey, Override]] = {}
        self._of_flag: dict[str, dict[str, list[Override]]] = {}

    def is_of(self, layers: Sequence[Layer]) -> bool:
        """Whether these are the very layers."""
        return len(layers) == len(self.layers) and all(
            one is other for one, other in zip(layers, self.layers, strict=True)
        )

    @property
    def flag_sets(self) -> frozenset[str]:
        """Ids of the flag sets that a source has."""
        return frozenset(self._sets)

    def flags(self, flag_set: str) -> Mapping[str, Flag]:
        """The flags of a set, by key."""
        if flag_set not in self._flags:
            merged: dict[str, Flag] = {}
            for definition in reversed(self._sets.get(flag_set, [])):
                merged.update(definition.flags)
            self._flags[flag_set] = merged
        return self._flags[flag_set]

    def flag(self, flag_set: str, flag_key: str) -> Flag | None:
        """One flag; None where no source has it."""
        return self.flags(flag_set).get(flag_key)

    def overrides(self, flag_set: str) -> Mapping[OverrideKey, Override]:
        """The overrides of a set; those that a layer above takes back are gone."""
        if flag_set not in self._overrides:
            merged: dict[OverrideKey, Override] = {}
            for definition in reversed(self._sets.get(flag_set, [])):
                merged.update(definition.overrides)
            effective = {key: each for key, each in merged.items() if not isinstance(each.effect, Inherit)}
            self._overrides[flag_set] = effective
        return self._overrides[flag_set]

    def override(self, flag_set: str, level: str, scope: str, flag_key: str) -> Override | None:
        """One override; None where no source has it, or the topmost that does takes it back."""
        return self.overrides(flag_set).get((level, scope, flag_key))

    def overrides_of(self, flag_set: str, flag_key: str) -> Sequence[Override]:
        """The overrides of one flag."""
        if flag_set not in self._of_flag:
            found: dict[str, list[Override]] = {}
            for override in self.overrides(flag_set).values():
                found.setdefault(override.flag_key, []).append(override)
            self._of_flag[flag_set] = found
        return self._of_flag[flag_set].get(flag_key, ())

    def kill(self, flag_set: str, flag_key: str) -> Kill | None:
        """The kill of a flag; None where no source has one, or the topmost that does takes it back."""
        for definition in self._sets.get(flag_set, []):
            kill = definition.kills.get(flag_key)
            if kill is not None:
                return None if kill.revive else kill
        return None

    def hierarchy(self, flag_set: str) -> tuple[Level, ...]:
        """The levels of a set, most specific first."""
        stated = (definition.hierarchy for definition in self._sets.get(flag_set, []))
        return next((hierarchy for hierarchy in stated if hierarchy), DEFAULT_HIERARCHY)

    def segments(self, flag_set: str) -> frozenset[str]:
        """Names of the segments of a set."""
        return frozenset(name for definition in self._sets.get(flag_set, []) for name in definition.segments)
