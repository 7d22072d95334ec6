"""Overrides and kills that lead nowhere, and overrides that change no answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from burgee.checks.finding import Finding, warning
from burgee.checks.outcomes import Outcome, outcomes_of_flag, outcomes_of_override
from burgee.definition.rendering import render_override
from burgee.definition.report import did_you_mean
from burgee.flag import Flag, Inherit, Kill, Override, Patch, ServeVariant
from burgee.layer import Layer
from burgee.patch import merge_patch
from burgee.snapshot import FlagSet, Inactive, Snapshot
from burgee.value import fingerprint

_SUGGESTION_LIMIT: Final = 100
"""Suggestions in one check: each looks at all known names."""

_NOTES: Final = frozenset(("description", "owner", "tags", "expires", "note"))
_REMEDY: Final = "remove it, or write down for whom it differs"


def inactive(snapshot: Snapshot) -> Iterator[Finding]:
    """Find overrides and kills whose flag, variant, level or leaf no layer has."""
    for index, entry in enumerate(snapshot.inactive):
        remedy = (
            _suggestion(snapshot.flag_sets[entry.flag_set_id], entry) if index < _SUGGESTION_LIMIT else ""
        )
        remedy = remedy or "correct it, or remove it"
        yield warning("inactive", entry.override.origin, f"inactive: {entry.why}", remedy, at="key")


def _suggestion(flag_set: FlagSet, entry: Inactive) -> str:
    flag = flag_set.flags.get(entry.flag_key)
    levels = [level.name for level in flag_set.hierarchy]
    if isinstance(entry.override, Override) and entry.level not in levels:
        return did_you_mean(entry.level, levels)
    if flag is None:
        return did_you_mean(entry.flag_key, flag_set.flags)
    stated = entry.override if isinstance(entry.override, Kill) else entry.override.effect
    if isinstance(stated, Kill | ServeVariant) and stated.variant is not None:
        return did_you_mean(stated.variant, flag.variants)
    return ""


def repeated_overrides(layers: Iterable[Layer]) -> Iterator[Finding]:
    """Find overrides that say what a layer beneath says for the same level, scope and flag."""
    beneath: dict[tuple[str, str, str, str], Override] = {}
    for layer in layers:
        for definition in layer.definitions:
            for key, override in definition.overrides.items():
                place = (definition.flag_set_id, *key)
                covered = beneath.pop(place, None)
                if isinstance(override.effect, Inherit):
                    continue
                beneath[place] = override
                if covered is not None and _said(covered) == _said(override):
                    where = f"{override.level} `{override.scope}`"
                    message = (
                        f"the override of `{override.flag_key}` for {where} says what the layer beneath says"
                    )
                    yield warning("redundant-override", override.origin, message, "remove it", at="key")


def vain_removals(layers: Iterable[Layer]) -> Iterator[Finding]:
    """Find `inherit: true` and `revive: true` beneath which no layer says anything that they could remove."""
    beneath: set[tuple[str, ...]] = set()
    for layer in layers:
        for definition in layer.definitions:
            for key, override in definition.overrides.items():
                if not isinstance(override.effect, Inherit):
                    beneath.add((definition.flag_set_id, *key))
                elif (definition.flag_set_id, *key) not in beneath:
                    where = f"{override.level} `{override.scope}`"
                    message = f"no layer beneath has an override of `{override.flag_key}` for {where}"
                    yield _in_vain(override, "inherit", message)
                else:
                    beneath.remove((definition.flag_set_id, *key))
            for flag_key, kill in definition.kills.items():
                if not kill.revive:
                    beneath.add((definition.flag_set_id, flag_key))
                elif (definition.flag_set_id, flag_key) not in beneath:
                    yield _in_vain(kill, "revive", f"no layer beneath kills `{flag_key}`")
                else:
                    beneath.remove((definition.flag_set_id, flag_key))


def _in_vain(stated: Override | Kill, field: str, message: str) -> Finding:
    message = f"{message}: `{field}` changes nothing"
    return warning("redundant-override", stated.origin, message, "remove it", at="key")


def _said(override: Override) -> bytes:
    # Written out, since Python holds True == 1 == 1.0 inside two equal dataclasses.
    return fingerprint({name: each for name, each in render_override(override).items() if name not in _NOTES})


def idle_overrides(flag_set: FlagSet, flag: Flag) -> Iterator[Finding]:
    """Find overrides without which every context would be answered with the same value and variant."""
    by_level = flag_set.overrides.get(flag.key)
    if not by_level:
        return
    beneath = outcomes_of_flag(flag)
    patched = False
    levels = [level.name for level in flag_set.hierarchy if by_level.get(level.name)]
    for name in reversed(levels):
        overrides = list(by_level[name].values())
        for override in overrides:
            if override.lock and name != levels[0]:
                # Without it, overrides of more specific levels would count.
                continue
            if not patched and _changes_nothing(override, flag, beneath):
                where = f"{override.level} `{override.scope}`"
                message = f"the override of `{flag.key}` for {where} changes no answer"
                yield warning("redundant-override", override.origin, message, _REMEDY, at="key")
        for override in overrides:
            if isinstance(override.effect, Patch):
                patched = True
            else:
                beneath |= outcomes_of_override(override)


def _changes_nothing(override: Override, flag: Flag, beneath: set[Outcome]) -> bool:
    if not isinstance(override.effect, Patch):
        return len(beneath | outcomes_of_override(override)) == 1
    if any(each.kind == "value" for each in beneath):
        return False
    values = [variant.value for variant in flag.variants.values()]
    return all(
        fingerprint(merge_patch(value, override.effect.patch)) == fingerprint(value) for value in values
    )
