"""The seven flags as a flagd document, with JSONLogic targeting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engines.workloads import LADDER, MANY_FLAGS, MEMBERS, OBJECT, ON_OFF, SHARES, TwoConditions

_EMAIL, _PLAN = {"var": "email"}, {"var": "plan"}


def document() -> dict[str, Any]:
    """All flags."""
    ladder: list[Any] = []
    for rule in LADDER:
        test = [
            {"in": [{"var": "country"}, list(rule.countries)]},
            {"==": [_PLAN, rule.plan]},
            {">=": [{"var": "seats"}, rule.seats]},
        ]
        ladder += [{"and": test}, rule.serves]
    names = ["none", *(rule.serves for rule in LADDER)]
    return {
        "flags": {
            "static": _flag(ON_OFF, "on"),
            "targeted": _targeted(MANY_FLAGS[0]),
            "divided": _flag(
                {name: name for name in SHARES}, "a", {"fractional": [[*each] for each in SHARES.items()]}
            ),
            "ladder": _flag({name: name for name in names}, "none", {"if": [*ladder, "none"]}),
            "members": _flag(
                ON_OFF, "off", {"if": [{"in": [{"var": "targetingKey"}, MEMBERS]}, "on", "off"]}
            ),
            "object": _flag({"usual": OBJECT}, "usual"),
            **many(MANY_FLAGS)["flags"],
        }
    }


def many(flags: Sequence[TwoConditions]) -> dict[str, Any]:
    """A document of flags of two conditions."""
    return {"flags": {flag.key: _targeted(flag) for flag in flags}}


def _targeted(flag: TwoConditions) -> dict[str, Any]:
    test = {"and": [{"ends_with": [_EMAIL, flag.suffix]}, {"==": [_PLAN, flag.plan]}]}
    return _flag(ON_OFF, "off", {"if": [test, "on", "off"]})


def _flag(variants: Any, default: str, targeting: Any = None) -> dict[str, Any]:
    flag = {"state": "ENABLED", "variants": variants, "defaultVariant": default}
    return flag if targeting is None else {**flag, "targeting": targeting}
