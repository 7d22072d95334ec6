"""Variants that nothing can serve, and flags that answer everyone alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from burgee.checks.finding import Finding, warning
from burgee.checks.outcomes import UNKNOWN, Outcome, outcomes_of_flag, outcomes_of_override
from burgee.flag import Flag, Override
from burgee.snapshot import FlagSet
from burgee.value import fingerprint

_BY_THEMSELVES: Final = {"on": True, "off": False}


def idle_variants(flag_set: FlagSet, flag: Flag) -> Iterator[Finding]:
    """Find out whether a flag answers everyone alike; if not, which of its variants nobody is ever served.

    A kill is not counted as the flag's answer: it is meant for a while. Nor is a disabled flag looked at.
    """
    if not flag.enabled:
        return
    overrides = [
        each for of_level in flag_set.overrides.get(flag.key, {}).values() for each in of_level.values()
    ]
    outcomes = _outcomes(flag, overrides)
    alike = _only_answer(flag, outcomes)
    if alike is not None:
        remedy = "add a rule or an override, or take the flag out of the code"
        message = f"flag `{flag.key}` answers everyone alike: {alike}"
        yield warning("constant-flag", flag.origin, message, remedy, at="key")
        return
    if UNKNOWN in outcomes and flag.targeting is not None:
        return
    kill = flag_set.kills.get(flag.key)
    served: set[object] = {each.what for each in outcomes if each.kind == "variant"}
    served |= {flag.default_variant, kill.variant if kill else None}
    for name, variant in flag.variants.items():
        # The variants of a boolean flag come by themselves: nobody wrote them down in order to serve them.
        if name not in served and _BY_THEMSELVES.get(name) is not variant.value:
            message = (
                f"variant `{name}` of flag `{flag.key}` is never served: nothing names it, or its weight is 0"
            )
            where = flag.origin.below("variants", name)
            yield warning("unused-variant", where, message, "name it in a rule, or remove it", at="key")


def _outcomes(flag: Flag, overrides: list[Override]) -> set[Outcome]:
    found = outcomes_of_flag(flag)
    for override in overrides:
        found |= outcomes_of_override(override)
    return found


def _only_answer(flag: Flag, outcomes: set[Outcome]) -> str | None:
    """The one value that a flag can answer with, in words; None where there may be several."""
    values: set[bytes | None] = set()
    for kind, what in outcomes:
        if kind == "variant":
            values.add(fingerprint(flag.variants[str(what)].value))
        elif kind in ("code default", "disabled"):
            values.add(None)
        else:
            return None
    if len(values) != 1:
        return None
    names = sorted(str(each.what) for each in outcomes if each.kind == "variant")
    if not names:
        return "with the caller's default"
    return f"with variant `{names[0]}`" if len(names) == 1 else f"with the one value of {', '.join(names)}"
