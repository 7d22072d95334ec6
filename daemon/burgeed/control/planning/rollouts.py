"""Rollouts: the last, unconditional rule of a flag, named ``rollout``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.definition.report import did_you_mean
from burgee.fault import Fault
from burgeed.control.commands import SetRollout
from burgeed.control.errors import Invalid
from burgeed.control.planning.flags import flag_change
from burgeed.control.planning.plan import Plan
from burgeed.control.planning.view import View
from burgeed.revisions.reading import About
from burgeed.revisions.values import EntryKey

NAME: Final = "rollout"
_FIELDS: Final = ("split", "ramp", "by", "seed")


def plan_rollout(command: SetRollout, view: View) -> Plan:
    """The flag with another rollout, or with none."""
    key = EntryKey(command.flag_set, "flag", command.flag_key)
    document = view.need_flag(command.flag_set, command.flag_key)
    if command.rollout is not None:
        _check(command.rollout)
        if "targeting" in document:
            raise Invalid(
                f"flag `{command.flag_key}` has `targeting`, which leaves no place for a rollout:"
                " write a `fractional` there, or use `rules`"
            )
    written = document.get("rules", [])
    rules: list[Any] = list(written) if isinstance(written, list) else []
    if rules and _is_rollout(rules[-1]):
        rules.pop()
    warnings: tuple[str, ...] = ()
    if command.rollout is not None:
        shadow = next((rule for rule in rules if _answers_everyone(rule)), None)
        if shadow is not None:
            name = shadow.get("name") or f"number {rules.index(shadow) + 1}"
            warnings = (f"rule {name} answers everyone already: the rollout reaches nobody",)
        rules.append({"name": NAME, **command.rollout})
    changed = {name: each for name, each in document.items() if name != "rules"}
    if rules:
        changed["rules"] = rules
    return Plan("flag.rollout", flag_change(view, key, changed), (About(*key),), warnings)


def _check(rollout: Mapping[str, Any]) -> None:
    if not isinstance(rollout, Mapping):
        raise Invalid("a rollout is a mapping", [Fault("write {split: {on: 25, off: 75}}, or {ramp: ...}")])
    faults = [
        Fault(
            f"unknown field `{name}`", (name,), did_you_mean(name, _FIELDS) or f"known: {', '.join(_FIELDS)}"
        )
        for name in rollout
        if name not in _FIELDS
    ]
    if ("split" in rollout) == ("ramp" in rollout):
        faults.append(Fault("a rollout has neither `split` nor `ramp`, or both", (), "write exactly one"))
    if faults:
        raise Invalid("the rollout cannot be set", faults)


def _is_rollout(rule: Any) -> bool:
    return isinstance(rule, Mapping) and rule.get("name") == NAME and "when" not in rule


def _answers_everyone(rule: Any) -> bool:
    """Whether no rule after this one is ever asked; a ramp passes on whom it does not have."""
    return isinstance(rule, Mapping) and not {"when", "from", "until", "ramp"} & rule.keys()
