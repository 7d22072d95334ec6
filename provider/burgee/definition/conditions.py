"""The notation of ``when`` and ``segments``, read into the tree of conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.condition import (
    OPERATORS,
    RESERVED_NAMES,
    AllOf,
    AnyOf,
    AttributeTest,
    Condition,
    InSegment,
    Not,
    Operand,
    Regions,
)
from burgee.definition.fields import check_key, read_instant, read_text
from burgee.definition.report import Report, did_you_mean, unknown_name
from burgee.fault import Path
from burgee.networks import Networks, parse_networks
from burgee.pattern import pattern_fault
from burgee.regions import REGIONS
from burgee.semver import Range, parse_range
from burgee.value import KindedScalar, is_number, kind_name, kinded, shown

CONDITION_DEPTH_LIMIT: Final = 32
_SCALARS: Final = frozenset((str, int, float, bool))
_EXISTS = "to test for absence write {exists: false}"


def read_condition(report: Report, value: object, path: Path, depth: int = 1) -> Condition | None:
    """Read one condition; None where it has a fault.

    Args:
        depth: how many conditions enclose this one, itself included.
    """
    if depth > CONDITION_DEPTH_LIMIT:
        report.error(
            path, f"conditions nest deeper than {CONDITION_DEPTH_LIMIT}", "name a part of it in `segments`"
        )
        return None
    if type(value) is not dict and not isinstance(value, Mapping):
        report.error(
            path, f"a condition is {kind_name(value)}, not a mapping", "write one such as {plan: pro}"
        )
        return None
    if not value:
        report.error(path, "a condition is empty", "leave `when` out to match everyone")
        return None
    if "attribute" in value:
        return _named_attribute(report, value, path)
    parts = [_part(report, name, each, (*path, name), depth) for name, each in value.items()]
    if any(part is None for part in parts):
        return None
    found = tuple(part for part in parts if part is not None)
    return found[0] if len(found) == 1 else AllOf(found)


def _part(report: Report, name: str, value: object, path: Path, depth: int) -> Condition | None:
    match name:
        case "all" | "any":
            conditions = _listed(report, value, path, depth)
            if conditions is None:
                return None
            return AllOf(conditions) if name == "all" else AnyOf(conditions)
        case "not":
            inner = read_condition(report, value, path, depth + 1)
            return None if inner is None else Not(inner)
        case "segment":
            text = read_text(report, value, path, "`segment`")
            if text is None:
                return None
            report.refer_to_segment(text, path)
            return InSegment(text)
    sound = check_key(report, name, path, "an attribute's name")
    condition = _attribute(report, name, value, path)
    return condition if sound else None


def _listed(report: Report, value: object, path: Path, depth: int) -> tuple[Condition, ...] | None:
    if not isinstance(value, list) or not value:
        what = "empty" if value == [] else f"{kind_name(value)}, not a list of conditions"
        report.error(path, f"`{path[-1]}` is {what}", "write a list such as [{plan: pro}, {beta: true}]")
        return None
    read = [read_condition(report, each, (*path, index), depth + 1) for index, each in enumerate(value)]
    return None if any(each is None for each in read) else tuple(each for each in read if each is not None)


def _named_attribute(report: Report, value: Mapping[str, Any], path: Path) -> Condition | None:
    name = value["attribute"]
    if not isinstance(name, str) or not name:
        report.error(
            (*path, "attribute"),
            f"`attribute` is {kind_name(name)}, not the name of an attribute",
            "write {attribute: name, is: value}",
        )
        return None
    if not check_key(report, name, (*path, "attribute"), "an attribute's name"):
        return None
    tests = {operator: operand for operator, operand in value.items() if operator != "attribute"}
    if not tests:
        report.error(
            path, f"attribute `{name}` is not tested", "add an operator: {attribute: name, is: value}"
        )
        return None
    return _tests(report, name, tests, path)


def _attribute(report: Report, name: str, value: object, path: Path) -> Condition | None:
    # Most are scalars; asking whether one is of an abstract type takes ten times as long.
    if type(value) not in _SCALARS and isinstance(value, Mapping):
        if not value:
            report.error(
                path, f"`{name}` is not tested", "write a value, or an operator such as {in: [a, b]}"
            )
            return None
        return _tests(report, name, value, path)
    operator = "in" if isinstance(value, list) else "is"
    operand = _operand(report, operator, value, path)
    return None if operand is None else AttributeTest(name, operator, operand)  # type: ignore[arg-type]


def _tests(report: Report, name: str, tests: Mapping[str, Any], path: Path) -> Condition | None:
    read: list[AttributeTest] = []
    faulty = False
    for operator, value in tests.items():
        where = (*path, operator)
        if operator not in OPERATORS:
            remedy = did_you_mean(operator, OPERATORS) or f"known: {', '.join(OPERATORS)}"
            if operator in RESERVED_NAMES:
                remedy = f"`{operator}` stands beside attributes, not inside one"
            report.error(where, f"unknown operator `{operator}`", remedy, at="key")
            faulty = True
            continue
        operand = _operand(report, operator, value, where)
        if operand is None:
            faulty = True
        else:
            read.append(AttributeTest(name, operator, operand))
    if faulty:
        return None
    return read[0] if len(read) == 1 else AllOf(tuple(read))


def _operand(report: Report, operator: str, value: Any, path: Path) -> Operand | None:
    if value is None:
        report.error(path, "null equals nothing", _EXISTS)
        return None
    match operator:
        case "is" | "is_not" | "contains":
            return _scalar(report, value, path)
        case "in" | "not_in":
            return _members(report, operator, value, path)
        case "lt" | "lte" | "gt" | "gte":
            if is_number(value) and kinded(value) is not None:
                number: int | float = value
                return number
            report.error(path, f"`{operator}` compares numbers, not {kind_name(value)}", "write a number")
        case "starts_with" | "ends_with":
            if isinstance(value, str) and value:
                return value
            what = "an empty text" if value == "" else kind_name(value)
            report.error(path, f"`{operator}` wants text, not {what}", 'write one such as "@example.com"')
        case "matches":
            return _pattern(report, value, path)
        case "semver":
            return _range(report, value, path)
        case "ip_in":
            return _networks(report, value, path)
        case "in_region":
            return _regions(report, value, path)
        case "before" | "after":
            return read_instant(report, value, path, f"`{operator}`")
        case "exists":
            if isinstance(value, bool):
                return value
            report.error(path, f"`exists` is {kind_name(value)}", "write true or false")
    return None


def _pattern(report: Report, value: object, path: Path) -> str | None:
    text = read_text(report, value, path, "`matches`")
    why = pattern_fault(text) if text is not None else None
    if why is None:
        return text
    remedy = "write a regular expression of RE2: it has no lookaround and no backreferences"
    report.error(path, f"{shown(value)} is no pattern: {why}", remedy)
    return None


def _range(report: Report, value: object, path: Path) -> Range | None:
    text = read_text(report, value, path, "`semver`")
    found = parse_range(text) if text is not None else None
    if text is not None and found is None:
        report.error(path, f"{shown(text)} is no range of versions", 'write one such as ">=2.1.0 <3 || ^4.2"')
    return found


def _texts(report: Report, operator: str, value: object, path: Path, example: str) -> list[str] | None:
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts):
        return texts
    report.error(
        path, f"`{operator}` is {kind_name(value)}, not a text or a list of texts", f"write {example}"
    )
    return None


def _networks(report: Report, value: object, path: Path) -> Networks | None:
    texts = _texts(report, "ip_in", value, path, "[10.0.0.0/8, 2001:db8::/32]")
    found = parse_networks(texts) if texts is not None else None
    if isinstance(found, str):
        where = path if isinstance(value, str) else (*path, (texts or []).index(found))
        report.error(
            where, f"{shown(found)} is no network", "write one such as 10.0.0.0/8, without host bits"
        )
        return None
    return found


def _regions(report: Report, value: object, path: Path) -> Regions | None:
    texts = _texts(report, "in_region", value, path, "EU, or [EU, EFTA]")
    if texts is None:
        return None
    for index, name in enumerate(texts):
        if name.upper() not in REGIONS:
            message, remedy = unknown_name("region", name, REGIONS)
            report.error(path if isinstance(value, str) else (*path, index), message, remedy)
            return None
    names = tuple(name.upper() for name in texts)
    return Regions(names, frozenset().union(*(REGIONS[name] for name in names)))


def _scalar(report: Report, value: object, path: Path) -> KindedScalar | None:
    found = kinded(value)
    if found is None:
        report.error(path, f"{kind_name(value)} equals nothing", "write a text, a number or a boolean")
    return found


def _members(report: Report, operator: str, value: object, path: Path) -> tuple[KindedScalar, ...] | None:
    if not isinstance(value, list) or not value:
        what = "an empty list" if value == [] else kind_name(value)
        report.error(path, f"`{operator}` wants a list of values, not {what}", "write one such as [SE, NO]")
        return None
    members: list[KindedScalar] = []
    for index, each in enumerate(value):
        if each is None:
            report.error((*path, index), "null equals nothing", _EXISTS)
            continue
        member = _scalar(report, each, (*path, index))
        if member is not None:
            members.append(member)
    return tuple(members) if len(members) == len(value) else None
