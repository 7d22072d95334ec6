"""Rules: ``when``, one of ``serve``, ``split`` and ``ramp``, and a window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.bucket import LARGEST_TOTAL
from burgee.context import TARGETING_KEY
from burgee.definition.conditions import read_condition
from burgee.definition.fields import (
    WINDOW_FIELDS,
    check_fields,
    check_key,
    read_instant,
    read_mapping,
    read_text,
    read_window,
)
from burgee.definition.report import Report
from burgee.fault import Path
from burgee.flag import Outcome, Ramp, Rule, Serve, Split
from burgee.value import kind_name, shown

_OUTCOMES: Final = ("serve", "split", "ramp")
_RULE_EXAMPLE: Final = "{when: {plan: pro}, serve: on}"
_RAMP_EXAMPLE: Final = "{variant: on, start: 2026-12-01T00:00:00Z, complete: 2026-12-15T00:00:00Z}"
_FIELDS: Final = ("name", "when", *_OUTCOMES, "by", "seed", *WINDOW_FIELDS, "description")


def read_rules(report: Report, value: object, path: Path, flag_key: str) -> tuple[Rule, ...]:
    """Read a list of rules of a flag, leaving out those with faults."""
    if not isinstance(value, list):
        message = f"`rules` is {kind_name(value)}, not a list"
        report.error(path, message, f"write one such as [{_RULE_EXAMPLE}]")
        return ()
    read = [_rule(report, each, (*path, index), flag_key) for index, each in enumerate(value)]
    return tuple(rule for rule in read if rule is not None)


def _rule(report: Report, value: object, path: Path, flag_key: str) -> Rule | None:
    mapping = read_mapping(report, value, path, "a rule", _RULE_EXAMPLE)
    if mapping is None:
        return None
    check_fields(report, mapping, path, _FIELDS)
    name = read_text(report, mapping["name"], (*path, "name"), "`name`") if "name" in mapping else ""
    if name:
        check_key(report, name, (*path, "name"), "a rule's name")
    condition = read_condition(report, mapping["when"], (*path, "when")) if "when" in mapping else None
    window = read_window(report, mapping, path)
    outcome = _outcome(report, mapping, path, flag_key)
    return None if outcome is None else Rule(outcome, condition, window, name or "")


def _outcome(report: Report, mapping: Mapping[str, Any], path: Path, flag_key: str) -> Outcome | None:
    stated = [name for name in _OUTCOMES if name in mapping]
    if len(stated) != 1:
        what = "has no outcome" if not stated else f"has {' and '.join(f'`{name}`' for name in stated)}"
        report.error(path, f"a rule {what}", "write exactly one of serve, split and ramp")
        return None
    if stated == ["serve"]:
        for name in ("by", "seed"):
            if name in mapping:
                message = f"`{name}` goes with split or ramp, not with serve"
                report.error((*path, name), message, f"remove `{name}`", at="key")
        variant = read_text(report, mapping["serve"], (*path, "serve"), "`serve`")
        if variant is None:
            return None
        report.refer_to_variant(flag_key, variant, (*path, "serve"))
        return Serve(variant)
    by = read_text(report, mapping["by"], (*path, "by"), "`by`") if "by" in mapping else TARGETING_KEY
    if by is not None and not check_key(report, by, (*path, "by"), "`by`"):
        by = None
    seed = read_text(report, mapping["seed"], (*path, "seed"), "`seed`") if "seed" in mapping else None
    if stated == ["split"]:
        weights = _weights(report, mapping["split"], (*path, "split"))
        if weights is None or by is None:
            return None
        for name, _ in weights:
            report.refer_to_variant(flag_key, name, (*path, "split", name), "key")
        return Split(weights, by, seed)
    ramp = _ramp(report, mapping["ramp"], (*path, "ramp"), by, seed)
    if ramp is not None:
        report.refer_to_variant(flag_key, ramp.variant, (*path, "ramp", "variant"))
    return ramp


def _weights(report: Report, value: object, path: Path) -> tuple[tuple[str, int], ...] | None:
    mapping = read_mapping(report, value, path, "`split`", "{on: 25, off: 75}")
    if mapping is None:
        return None
    faulty = False
    for variant, weight in mapping.items():
        if not isinstance(weight, int) or isinstance(weight, bool) or weight < 0:
            remedy = "write an integer of 0 or more; for finer shares use larger weights"
            report.error((*path, variant), f"weight {shown(weight)} is no share", remedy)
            faulty = True
    if faulty:
        return None
    total = sum(mapping.values())
    if not 1 <= total <= LARGEST_TOTAL:
        remedy = f"let them add up to 1 to {LARGEST_TOTAL}"
        report.error(path, f"the weights add up to {total}", remedy)
        return None
    return tuple(sorted(mapping.items(), key=lambda item: item[0].encode("utf-8", "surrogatepass")))


def _ramp(report: Report, value: object, path: Path, by: str | None, seed: str | None) -> Ramp | None:
    mapping = read_mapping(report, value, path, "`ramp`", _RAMP_EXAMPLE)
    if mapping is None:
        return None
    check_fields(report, mapping, path, ("variant", "start", "complete"))
    missing = [name for name in ("variant", "start", "complete") if name not in mapping]
    if missing:
        report.error(path, f"`ramp` lacks {' and '.join(missing)}", f"write {_RAMP_EXAMPLE}")
        return None
    variant = read_text(report, mapping["variant"], (*path, "variant"), "`variant`")
    start = read_instant(report, mapping["start"], (*path, "start"), "`start`")
    complete = read_instant(report, mapping["complete"], (*path, "complete"), "`complete`")
    if start is not None and complete is not None and complete <= start:
        message, remedy = "`complete` does not lie after `start`", "write a later `complete`"
        report.error((*path, "complete"), message, remedy)
        return None
    if variant is None or start is None or complete is None or by is None:
        return None
    return Ramp(variant, start, complete, by, seed)
