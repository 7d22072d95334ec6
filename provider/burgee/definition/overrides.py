"""Overrides of levels and scopes, and kills."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, cast

from burgee.definition.fields import (
    NOTE_FIELDS,
    WINDOW_FIELDS,
    check_fields,
    check_key,
    check_numbers,
    read_mapping,
    read_notes,
    read_text,
    read_true,
    read_window,
)
from burgee.definition.kept import KeptReadings
from burgee.definition.report import Report
from burgee.definition.rules import read_rules
from burgee.fault import Path
from burgee.flag import (
    ApplyRules,
    Disable,
    Effect,
    Inherit,
    Kill,
    Origin,
    Override,
    Patch,
    ServeValue,
    ServeVariant,
)
from burgee.layer import OverrideKey
from burgee.value import Value, kind_name, shown

_EFFECTS: Final = ("variant", "value", "patch", "rules", "state", "inherit")
_FIELDS: Final = (*_EFFECTS, "lock", *WINDOW_FIELDS, *NOTE_FIELDS, "note")
_FLAGS_EXAMPLE: Final = "{new-checkout: off}"
_SCOPES_EXAMPLE: Final = f"{{production: {_FLAGS_EXAMPLE}}}"
_KILLS: Final = ("variant", "code_default", "revive")


def read_overrides(
    report: Report, value: object, path: Path, source: str, kept: KeptReadings | None = None
) -> dict[OverrideKey, Override]:
    """Read ``overrides``: level -> scope -> flag key -> override.

    Args:
        kept: the scopes that it has are not read again.
    """
    found: dict[OverrideKey, Override] = {}
    levels = read_mapping(report, value, path, "`overrides`", f"{{environment: {_SCOPES_EXAMPLE}}}") or {}
    for level, scopes in levels.items():
        what = f"overrides of level `{level}`"
        of_level = read_mapping(report, scopes, (*path, level), what, _SCOPES_EXAMPLE) or {}
        for scope, flags in of_level.items():
            where = (*path, level, scope)
            check_key(report, scope, where, "a scope")
            read = partial(_scope, report, level, scope, flags, where, source)
            found |= (read() if kept is None else kept.read(report, where, flags, read)) or {}
    return found


def _scope(
    report: Report, level: str, scope: str, flags: object, path: Path, source: str
) -> dict[OverrideKey, Override]:
    found: dict[OverrideKey, Override] = {}
    of_scope = read_mapping(report, flags, path, f"overrides of {shown(scope)}", _FLAGS_EXAMPLE) or {}
    for flag_key, each in of_scope.items():
        override = _override(report, level, scope, flag_key, each, (*path, flag_key), source)
        if override is not None:
            found[level, scope, flag_key] = override
    return found


def _override(
    report: Report, level: str, scope: str, flag_key: str, value: object, path: Path, source: str
) -> Override | None:
    origin = Origin(source, report.file, path)
    report.refer_to_flag(flag_key, path)
    if isinstance(value, str):
        report.refer_to_variant(flag_key, value, path)
        return Override(level, scope, flag_key, ServeVariant(value), origin=origin)
    if not isinstance(value, Mapping):
        report.error(path, f"an override is {kind_name(value)}", _remedy(value))
        return None
    check_fields(report, value, path, _FIELDS)
    lock, window = read_true(report, value, "lock", path), read_window(report, value, path)
    notes = read_notes(report, value, path)
    stated = [name for name in _EFFECTS if name in value]
    if len(stated) != 1:
        what = "says nothing" if not stated else f"has {' and '.join(f'`{name}`' for name in stated)}"
        report.error(path, f"an override {what}", f"write exactly one of {', '.join(_EFFECTS)}")
        return None
    effect = _effect(report, stated[0], value[stated[0]], (*path, stated[0]), flag_key)
    if isinstance(effect, Inherit):
        for name in ("lock", *WINDOW_FIELDS):
            if name in value:
                message = f"`{name}` does not go with `inherit`"
                report.error((*path, name), message, f"remove `{name}`", at="key")
    return None if effect is None else Override(level, scope, flag_key, effect, lock, window, notes, origin)


def _remedy(value: object) -> str:
    if isinstance(value, bool):
        return f"name a variant: {'on' if value else 'off'} (true and false are values, not names)"
    return "name a variant, or write a mapping such as {variant: on}"


def _effect(report: Report, name: str, value: Any, path: Path, flag_key: str) -> Effect | None:
    match name:
        case "variant":
            text = read_text(report, value, path, "`variant`")
            if text is None:
                return None
            report.refer_to_variant(flag_key, text, path)
            return ServeVariant(text)
        case "value":
            if isinstance(value, bool | str | int | float | Mapping):
                return ServeValue(cast("Value", value)) if check_numbers(report, value, path) else None
            report.error(path, f"`value` is {kind_name(value)}", "write a boolean, text, number or object")
        case "patch":
            patch = read_mapping(report, value, path, "`patch`", "{limits: {seats: 50}}")
            if patch is not None and not patch:
                report.error(
                    path, "`patch` is empty", "write the leaves to change, such as {limits: {seats: 50}}"
                )
                return None
            return Patch(patch) if patch is not None and check_numbers(report, patch, path) else None
        case "rules":
            faults = len(report.faults)
            rules = read_rules(report, value, path, flag_key)
            return ApplyRules(rules) if rules or len(report.faults) == faults else None
        case "state":
            if value == "DISABLED":
                return Disable()
            report.error(
                path, f"`state` of an override is {shown(value)}", "write DISABLED, or name a variant"
            )
        case "inherit":
            if value is True:
                return Inherit()
            report.error(path, f"`inherit` is {shown(value)}", "write true, or leave the override out")
    return None


def read_kills(report: Report, value: object, path: Path, source: str) -> dict[str, Kill]:
    """Read ``kill``: flag key -> variant, ``{code_default: true}`` or ``{revive: true}``."""
    found: dict[str, Kill] = {}
    mapping = read_mapping(report, value, path, "`kill`", _FLAGS_EXAMPLE) or {}
    for flag_key, each in mapping.items():
        kill = _kill(report, flag_key, each, (*path, flag_key), source)
        if kill is not None:
            found[flag_key] = kill
    return found


def _kill(report: Report, flag_key: str, value: object, path: Path, source: str) -> Kill | None:
    origin = Origin(source, report.file, path)
    report.refer_to_flag(flag_key, path)
    if isinstance(value, str):
        report.refer_to_variant(flag_key, value, path)
        return Kill(flag_key, value, origin=origin)
    if not isinstance(value, Mapping):
        remedy = (
            _remedy(value) if isinstance(value, bool) else "name a variant, or write {code_default: true}"
        )
        report.error(path, f"a kill is {kind_name(value)}", remedy)
        return None
    check_fields(report, value, path, (*_KILLS, *NOTE_FIELDS, "note"))
    notes = read_notes(report, value, path)
    stated = [name for name in _KILLS if name in value]
    if len(stated) != 1:
        what = "says nothing" if not stated else f"has {' and '.join(f'`{name}`' for name in stated)}"
        report.error(path, f"a kill {what}", f"write exactly one of {', '.join(_KILLS)}")
        return None
    name, stated_value = stated[0], value[stated[0]]
    if name == "variant":
        variant = read_text(report, stated_value, (*path, name), "`variant`")
        if variant is None:
            return None
        report.refer_to_variant(flag_key, variant, (*path, name))
        return Kill(flag_key, variant, notes=notes, origin=origin)
    if stated_value is not True:
        report.error((*path, name), f"`{name}` is {shown(stated_value)}", "write true, or leave the kill out")
        return None
    return Kill(flag_key, None, name == "revive", notes, origin)
