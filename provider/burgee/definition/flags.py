"""Flags: variants and their type, default variant, state, rules, prerequisites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.definition.fields import (
    NOTE_FIELDS,
    check_fields,
    check_key,
    check_numbers,
    read_mapping,
    read_metadata,
    read_notes,
    read_text,
    read_true,
)
from burgee.definition.report import Report
from burgee.definition.rules import read_rules
from burgee.definition.targeting import Evaluators, read_targeting
from burgee.fault import Path
from burgee.flag import Flag, Origin, Variant
from burgee.value import FlagType, kind_name, shown

_FIELDS: Final = (
    "state", "variants", "defaultVariant", "rules", "targeting", "leaves", "requires", "metadata",
    *NOTE_FIELDS,
)  # fmt: skip
_SERVABLE: Final = frozenset((bool, str, int, float, dict))
_BOOLEAN_VARIANTS: Final = {"on": Variant("on", True), "off": Variant("off", False)}


def read_flag(
    report: Report, key: str, value: object, path: Path, source: str, evaluators: Evaluators | None = None
) -> Flag | None:
    """Read one flag; None where its variants cannot be told.

    Args:
        evaluators: what ``$ref`` may name.
    """
    mapping = read_mapping(report, value, path, "a flag", "{defaultVariant: off}")
    if mapping is None:
        return None
    check_fields(report, mapping, path, _FIELDS)
    noted = {name: each for name, each in mapping.items() if name != "note"} if "note" in mapping else mapping
    notes = read_notes(report, noted, path)
    metadata = read_metadata(report, mapping, path)
    enabled = _state(report, mapping, path)
    rules = read_rules(report, mapping["rules"], (*path, "rules"), key) if "rules" in mapping else ()
    targeting = None
    if "targeting" in mapping:
        where = (*path, "targeting")
        targeting = read_targeting(report, mapping["targeting"], where, evaluators or Evaluators())
        if rules:
            report.error(where, "a flag has both `rules` and `targeting`", "keep one of the two", at="key")
    requires = _requires(report, mapping["requires"], (*path, "requires")) if "requires" in mapping else ()
    variants = _variants(report, mapping, (*path, "variants"))
    default = mapping.get("defaultVariant")
    if default is not None:
        default = read_text(report, default, (*path, "defaultVariant"), "`defaultVariant`")
    if default is not None:
        report.refer_to_variant(key, default, (*path, "defaultVariant"))
    if variants is None:
        return None
    flag_type, named = variants
    leaves = read_true(report, mapping, "leaves", path)
    if leaves and flag_type != "object":
        message = f"only an object flag has leaves; this is of type {flag_type}"
        remedy = "remove `leaves`, or let every variant be a mapping"
        report.error((*path, "leaves"), message, remedy, at="key")
    origin = Origin(source, report.file, path)
    return Flag(
        key,
        flag_type,
        named,
        default,
        enabled,
        rules,
        targeting,
        leaves,
        requires,
        metadata,
        notes,
        origin,
    )


def _state(report: Report, mapping: Mapping[str, Any], path: Path) -> bool:
    state = mapping.get("state", "ENABLED")
    if state not in ("ENABLED", "DISABLED"):
        report.error((*path, "state"), f"`state` is {shown(state)}", "write ENABLED or DISABLED")
    return bool(state != "DISABLED")


def _requires(report: Report, value: object, path: Path) -> tuple[tuple[str, str], ...]:
    mapping = read_mapping(report, value, path, "`requires`", "{billing: on}")
    found: list[tuple[str, str]] = []
    for key, variant in (mapping or {}).items():
        text = read_text(report, variant, (*path, key), "a required variant")
        if text is not None:
            report.refer_to_flag(key, (*path, key))
            report.refer_to_variant(key, text, (*path, key))
            found.append((key, text))
    return tuple(found)


def _variants(
    report: Report, mapping: Mapping[str, Any], path: Path
) -> tuple[FlagType, Mapping[str, Variant]] | None:
    if "variants" not in mapping:
        return "boolean", _BOOLEAN_VARIANTS
    named = read_mapping(report, mapping["variants"], path, "`variants`", "{on: true, off: false}")
    if named is None:
        return None
    if not named:
        report.error(path, "`variants` is empty", "write at least one, such as {on: true, off: false}")
        return None
    sound = [
        check_key(report, name, (*path, name), "a variant's name")
        and _servable(report, value, (*path, name))
        and check_numbers(report, value, (*path, name))
        for name, value in named.items()
    ]
    if not all(sound):
        return None
    types = {name: _type_of(value) for name, value in named.items()}
    kinds = {"number" if each in ("integer", "float") else each for each in types.values()}
    if len(kinds) > 1:
        first, *others = types
        odd = next(name for name in others if types[name] != types[first])
        message = f"variant `{odd}` is {kind_name(named[odd])}, `{first}` is {kind_name(named[first])}"
        report.error((*path, odd), message, "give all variants of a flag one type")
        return None
    if "float" in types.values():
        return "float", {name: Variant(name, float(value)) for name, value in named.items()}
    return next(iter(types.values())), {name: Variant(name, value) for name, value in named.items()}


def _servable(report: Report, value: object, path: Path) -> bool:
    if type(value) in _SERVABLE or isinstance(value, bool | str | int | float | Mapping):
        return True
    remedy = "wrap it in an object: {items: [...]}" if isinstance(value, list) else ""
    report.error(
        path, f"a variant is {kind_name(value)}", remedy or "write a boolean, text, number or object"
    )
    return False


def _type_of(value: object) -> FlagType:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    return "float" if isinstance(value, float) else "object"
